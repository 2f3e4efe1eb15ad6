"""Epochs, history, validation, early stopping, and going on where one stopped."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import EarlyStopping
from fnn._core.component import number
from fnn.metrics import accuracy
from fnn.schedules import Schedule
from tests.training.runs import EPOCH, FULL, L, clouds, same

BATCH = 16
STEPS = 3
SEED = 0


def data() -> tuple[fnn.Batch, fnn.Batch]:
    rng = np.random.default_rng(SEED)
    return clouds(rng), clouds(rng, 24)


def fit(recipe: fnn.Recipe = FULL, epochs: int = 4, **options: Any) -> Any:
    train, test = data()
    usual = {"batch_size": BATCH, "validation": test, "metrics": (accuracy,)}
    state = options.pop("state", None) or fnn.init(recipe, jax.random.key(SEED))
    return fnn.fit(recipe, state, train, epochs=epochs, **{**usual, **options})


def test_fit_is_its_epochs() -> None:
    """State and history are those of a Python loop over train_epoch and evaluate."""
    train, test = data()
    state = fnn.init(FULL, jax.random.key(SEED))
    got, history = fit(epochs=3)
    for index in range(3):
        state, info = EPOCH(FULL, state, train, batch_size=BATCH)
        values = fnn.evaluate(FULL, state, test, (accuracy,))
        assert history.loss[index] == pytest.approx(float(info.loss.mean()), rel=1e-5)
        for name, value in values.items():
            assert history.validation[name][index] == pytest.approx(
                float(value), rel=1e-5
            )
    same(got, state, 1e-5)
    assert int(got.step) == 3 * STEPS


def test_history_has_an_entry_for_each_epoch() -> None:
    _, history = fit(epochs=4)
    assert history.loss.shape == (4,)
    assert {name: len(v) for name, v in history.validation.items()} == {
        "loss": 4,
        "accuracy": 4,
    }
    assert history.best_epoch == 4
    _, bare = fit(epochs=2, validation=None, metrics=())
    assert bare.loss.shape == (2,)
    assert bare.validation == {}


def test_fit_learns() -> None:
    _, history = fit(epochs=20)
    assert history.loss[-1] < 0.7 * history.loss[0]
    assert history.validation["accuracy"][-1] > 0.7


def test_the_callers_state_stays_valid() -> None:
    """Each epoch donates the state that it is given, but never the caller's."""
    state = fnn.init(FULL, jax.random.key(SEED))
    before = jax.tree.map(np.array, state)
    first, history = fit(state=state)
    same(state, before)
    again, other = fit(state=state)
    same(again, first)
    np.testing.assert_array_equal(history.loss, other.loss)
    # What fit returns can be trained on, twice.
    same(fit(state=first, epochs=1)[0], fit(state=first, epochs=1)[0])


def test_two_epochs_and_two_more_are_four() -> None:
    whole, history = fit(epochs=4)
    half, first = fit(epochs=2)
    resumed, second = fit(state=half, epochs=2)
    same(resumed, whole)
    np.testing.assert_array_equal(np.r_[first.loss, second.loss], history.loss)


def test_functions_are_called_after_each_epoch() -> None:
    seen: list[tuple[int, fnn.Epoch]] = []
    order: list[str] = []

    def record(state: fnn.TrainState, epoch: fnn.Epoch) -> None:
        seen.append((int(state.step), epoch))
        order.append("first")

    def last(state: fnn.TrainState, epoch: fnn.Epoch) -> None:
        del state, epoch
        order.append("second")

    _, history = fit(epochs=3, on_epoch=[record, last])
    assert [step for step, _ in seen] == [STEPS, 2 * STEPS, 3 * STEPS]
    assert [(epoch.number, epoch.of) for _, epoch in seen] == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal([epoch.loss for _, epoch in seen], history.loss)
    for name, series in history.validation.items():
        np.testing.assert_array_equal([e.validation[name] for _, e in seen], series)
    assert order == ["first", "second"] * 3


class Jump(Schedule):
    """One learning rate, and from some step on another."""

    before: Any = number()
    after: Any = number()
    at: Any = number()

    def __call__(self, step: Any) -> jax.Array:
        return jnp.where(step < self.at, self.before, self.after)


def jumping(after: float) -> fnn.Recipe:
    """Learns for three epochs; what comes then is not learning."""
    return fnn.Recipe(
        L.Dense(4, 3),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(Jump(0.5, after, 3 * STEPS)),
    )


@pytest.mark.parametrize("after", [1e3, 1e38], ids=["worse", "NaN"])
@pytest.mark.parametrize(
    ("patience", "epochs"), [(2, 5), (4, 7), (100, 8)], ids=["early", "late", "never"]
)
def test_early_stopping_returns_the_best_state(
    after: float, patience: int, epochs: int
) -> None:
    """Also where it never stopped, and where what came after is no number at all."""
    recipe = jumping(after)
    best, until_best = fit(recipe, epochs=3)
    got, history = fit(
        recipe, epochs=8, early_stopping=EarlyStopping(patience=patience)
    )
    assert len(history.loss) == len(history.validation["loss"]) == epochs
    assert history.best_epoch == 3
    same(got, best)
    tail = history.validation["loss"][3:]
    assert np.isnan(tail).any() == (after == 1e38)
    assert not (tail < until_best.validation["loss"][-1]).any()


def test_early_stopping_on_a_metric() -> None:
    rule = EarlyStopping(monitor="accuracy", patience=2, maximize=True)
    got, history = fit(epochs=20, early_stopping=rule)
    values = history.validation["accuracy"]
    best = int(np.argmax(values))
    assert history.best_epoch == best + 1
    assert len(values) == min(20, best + 1 + 2)
    assert int(got.step) == STEPS * history.best_epoch


NAN, INF = math.nan, math.inf
RULES = {
    "falls": (EarlyStopping(patience=2), [3.0, 2.0, 1.0], 2, False),
    "rises": (EarlyStopping(patience=2), [1.0, 2.0, 3.0], 0, True),
    "not yet": (EarlyStopping(patience=3), [1.0, 2.0, 3.0], 0, False),
    "equal is no improvement": (EarlyStopping(patience=2), [1.0, 1.0, 1.0], 0, True),
    "too little": (EarlyStopping(patience=2, min_delta=0.5), [2.0, 1.6, 1.6], 0, True),
    "little by little": (EarlyStopping(min_delta=0.5), [2.0, 1.6, 1.4], 2, False),
    "maximize": (EarlyStopping(patience=1, maximize=True), [1.0, 3.0, 2.0], 1, True),
    "NaN first": (EarlyStopping(patience=1), [NAN, 2.0, NAN], 1, True),
    "NaN is not best": (EarlyStopping(patience=9), [2.0, NAN, 1.0, NAN], 2, False),
    "NaN, maximize": (EarlyStopping(maximize=True), [NAN, 0.1, NAN], 1, False),
    "infinity first": (EarlyStopping(patience=9), [INF, 5.0, NAN], 1, False),
    "nothing but NaN": (EarlyStopping(patience=2), [NAN, NAN, NAN], 0, True),
}


@pytest.mark.parametrize("name", RULES)
def test_rule_of_early_stopping(name: str) -> None:
    rule, values, best, stops = RULES[name]
    assert rule.best(values) == best
    assert rule.stops(values) == stops


def test_a_metric_gives_one_number() -> None:
    def per_class(prediction: jax.Array, target: jax.Array) -> jax.Array:
        del target
        return prediction.mean(axis=0)

    with pytest.raises(ValueError, match=r"float32 of shape \(3,\) from per_class"):
        fit(metrics=(accuracy, per_class))


def test_a_state_of_another_optimizer_does_not_go_on() -> None:
    plain = fnn.Recipe(FULL.model, FULL.loss, fnn.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match=r"state.opt_state must be .*'s optimizer"):
        fit(state=fnn.init(plain, jax.random.key(SEED)))
