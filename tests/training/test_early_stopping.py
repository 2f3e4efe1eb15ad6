"""Stopping at a target, and by the training loss."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import EarlyStopping
from tests.training.runs import PLAIN, clouds, same

NAN = math.nan
# The rule, the values so far, the best epoch, whether to stop.
RULES = {
    "not reached": (EarlyStopping(target=0.5), [3.0, 1.0], 1, False),
    "reached": (EarlyStopping(target=0.5), [3.0, 0.4], 1, True),
    "exactly": (EarlyStopping(target=0.5), [3.0, 0.5], 1, True),
    "a zero": (EarlyStopping(target=0.0), [3.0, 0.5], 1, False),
    "too little to be better": (
        EarlyStopping(target=0.5, min_delta=0.5),
        [0.9, 0.5],
        1,
        True,
    ),
    "maximize": (EarlyStopping(target=0.9, maximize=True), [0.5, 0.95], 1, True),
    "maximize, not yet": (EarlyStopping(target=0.9, maximize=True), [0.5], 0, False),
    "patience all the same": (EarlyStopping(target=0.0, patience=1), [1, 2], 0, True),
    "NaN": (EarlyStopping(target=0.5), [3.0, NAN], 0, False),
}


@pytest.mark.parametrize("name", RULES)
def test_rule_with_a_target(name: str) -> None:
    rule, values, best, stops = RULES[name]
    assert rule.best(values) == best
    assert rule.stops(values) == stops


COMPILED = {
    "plain": EarlyStopping(patience=3),
    "min_delta": EarlyStopping(patience=2, min_delta=0.1),
    "maximize": EarlyStopping(patience=2, min_delta=0.01, maximize=True),
    "target": EarlyStopping(patience=4, target=0.1),
    "target, maximize": EarlyStopping(
        patience=2, min_delta=0.1, target=0.9, maximize=True
    ),
}


@pytest.mark.parametrize("name", COMPILED)
def test_the_compiled_rule_is_the_rule(name: str, rng: np.random.Generator) -> None:
    """Random curves with ties, NaN and infinities, epoch by epoch to the end.

    On a grid of 0.01 that float32 does not hold: whether 0.91 is more than 0.90 + 0.01
    hangs on the last bits.
    """
    rule = COMPILED[name]
    curves = (rng.integers(0, 100, (500, 12)) / 100).astype(np.float32)
    curves[:250] = (np.round(curves[:250], 1) + 0.05).astype(np.float32)
    wild = rng.random(curves.shape)
    for part, value in enumerate((NAN, math.inf, -math.inf)):
        curves[(wild > 0.05 * part) & (wild < 0.05 * (part + 1))] = value
    curves[:5], curves[5:10] = NAN, np.float32(0.1)

    def walk(curve: jax.Array) -> Any:
        def advance(standing: Any, row: Any) -> Any:
            standing = rule.advance(standing, *row)
            return standing, (standing.place, standing.stopped)

        return jax.lax.scan(advance, rule.start(), (jnp.arange(12), curve))[1]

    places, stopped = map(np.asarray, jax.jit(jax.vmap(walk))(curves))
    for curve, best, stops in zip(curves.tolist(), places, stopped, strict=True):
        for end in range(1, 13):
            assert rule.best(curve[:end]) == best[end - 1]
            assert rule.stops(curve[:end]) == stops[end - 1]
            if stops[end - 1]:
                break
    assert stopped[:, :-1].any()


def test_fit_until_the_error_is_small() -> None:
    """The training loss alone: no validation data, and the epoch that reached it."""
    data = clouds(np.random.default_rng(0))
    state = fnn.init(PLAIN, jax.random.key(0))
    _, whole = fnn.fit(PLAIN, state, data, epochs=12, batch_size=16)
    target = float(whole.loss[5])
    number = int(np.argmax(whole.loss <= target)) + 1
    rule = EarlyStopping("training_loss", target=target)
    got, history = fnn.fit(
        PLAIN, state, data, epochs=12, batch_size=16, early_stopping=rule
    )
    assert history.best_epoch == len(history.loss) == number < 12
    np.testing.assert_array_equal(history.loss, whole.loss[:number])
    same(got, fnn.fit(PLAIN, state, data, epochs=number, batch_size=16)[0])


def test_patience_on_the_training_loss() -> None:
    """No steps at all: the loss never gets better than at first."""
    data = clouds(np.random.default_rng(0))
    recipe = fnn.Recipe(
        fnn.layers.Dense(4, 3),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(0.0),
    )
    state = fnn.init(recipe, jax.random.key(0))
    # The order of the examples changes the last bits of their mean.
    rule = EarlyStopping("training_loss", patience=3, min_delta=1e-4)
    _, history = fnn.fit(
        recipe, state, data, epochs=20, batch_size=25, early_stopping=rule
    )
    assert (history.best_epoch, len(history.loss)) == (1, 4)


def test_what_is_no_target() -> None:
    with pytest.raises(ValueError, match=r"EarlyStopping.target must be finite, got"):
        EarlyStopping(target=NAN)
    data = clouds(np.random.default_rng(0))
    state = fnn.init(PLAIN, jax.random.key(0))
    rule = EarlyStopping("training_loss", target="small")  # pyright: ignore
    with pytest.raises(TypeError, match=r"EarlyStopping.target must be a number or"):
        fnn.fit(PLAIN, state, data, epochs=1, batch_size=16, early_stopping=rule)
