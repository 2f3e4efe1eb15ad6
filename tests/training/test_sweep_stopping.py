"""Runs of a sweep that stop early, each by itself, and runs that share an order."""

from typing import Any

import jax
import numpy as np
import pytest

import fnn
from tests.training.runs import bits

RUNS = 64
EPOCHS = 6
TRAIN, TEST = fnn.data.stratified_split(fnn.data.digits())
STEPS = len(TRAIN.x) // 32
RULE = fnn.EarlyStopping(patience=1, min_delta=0.1, target=0.8)
# The last ones diverge.
RATES = [*np.geomspace(1e-5, 3e-2, RUNS - 2).tolist(), 1e30, 3e38]
KEYS = jax.random.split(jax.random.key(2), RUNS)
CALLS: list[int] = []


def recipe(rate: float) -> fnn.Recipe:
    model = fnn.layers.mlp((64, 8, 10))
    return fnn.Recipe(
        model, fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate)
    )


def counted(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """Notes when a chunk is evaluated."""
    jax.debug.callback(lambda: CALLS.append(1))
    return fnn.metrics.accuracy(prediction, target)


def swept(runs: list[int], **options: Any) -> fnn.Sweep:
    usual = {"validation": TEST, "metrics": (counted,), "early_stopping": RULE}
    return fnn.sweep(
        [recipe(RATES[run]) for run in runs],
        KEYS[np.asarray(runs)],
        TRAIN,
        epochs=EPOCHS,
        **(usual | options),
    )


@pytest.fixture(scope="module")
def whole() -> fnn.Sweep:
    return swept(list(range(RUNS)))


def test_every_run_stops_by_its_own_curve(whole: fnn.Sweep) -> None:
    for run in range(RUNS):
        curve = whole.validation["loss"][run, : whole.epochs[run]].tolist()
        stops = [RULE.stops(curve[:end]) for end in range(1, len(curve) + 1)]
        assert not any(stops[:-1])
        assert stops[-1] or len(curve) == EPOCHS
        assert whole.best_epoch[run] == RULE.best(curve) + 1
        after = np.arange(EPOCHS) >= whole.epochs[run]
        for series in (whole.loss, *whole.validation.values()):
            assert np.isnan(series[run, after]).all()
    # Tired, or at the end of all epochs, or at the target, or NaN from the start.
    assert {2, 3, EPOCHS} <= set(whole.epochs.tolist())
    assert (whole.last()[whole.epochs < EPOCHS] <= RULE.target).any()
    assert np.isnan(whole.last()[-1])
    assert whole.best_epoch[-1] == 1


def test_a_state_is_frozen_at_its_best_epoch(whole: fnn.Sweep) -> None:
    steps = [int(whole.state(run).step) for run in range(RUNS)]
    np.testing.assert_array_equal(steps, STEPS * whole.best_epoch)
    logits = whole.predict(TEST.x)
    assert logits.shape == (RUNS, len(TEST.x), 10)
    accuracy = jax.vmap(fnn.metrics.accuracy, in_axes=(0, None))(logits, TEST.y)
    np.testing.assert_allclose(accuracy, whole.last("counted"), atol=1.5 / len(TEST.x))
    # Best first, and NaN last.
    assert whole.ranking()[-1] >= RUNS - 2


@pytest.mark.parametrize("run", [0, 45, RUNS - 3])
def test_a_run_stops_where_fit_does(run: int, whole: fnn.Sweep) -> None:
    made = recipe(RATES[run])
    state, history = fnn.fit(
        made,
        fnn.init(made, KEYS[run]),
        TRAIN,
        epochs=EPOCHS,
        validation=TEST,
        early_stopping=RULE,
    )
    assert len(history.loss) == whole.epochs[run]
    assert history.best_epoch == whole.best_epoch[run]
    np.testing.assert_allclose(
        whole.loss[run, : len(history.loss)], history.loss, rtol=1e-4
    )
    for got, expected in zip(
        jax.tree.leaves(whole.state(run)), jax.tree.leaves(state), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("runs", [[50], [61, 0, 63, 50, 7, 20, 40]])
def test_a_run_is_bitwise_the_run_in_any_other_sweep(
    runs: list[int], whole: fnn.Sweep
) -> None:
    few = swept(runs)
    for place, run in enumerate(runs):
        assert bits(few.state(place)) == bits(whole.state(run))
    np.testing.assert_array_equal(few.loss, whole.loss[runs])
    np.testing.assert_array_equal(few.epochs, whole.epochs[runs])


def test_the_program_ends_when_all_have_stopped(whole: fnn.Sweep) -> None:
    run = int(np.argmin(whole.epochs))
    jax.effects_barrier()
    CALLS.clear()
    swept([run])
    jax.effects_barrier()
    assert len(CALLS) == whole.epochs[run] < EPOCHS


def test_a_shared_order_is_that_of_the_first_run(whole: fnn.Sweep) -> None:
    rule = fnn.EarlyStopping("training_loss", patience=1, min_delta=0.05)
    options: dict[str, Any] = {"order": "shared", "early_stopping": rule}
    runs = [50, 3, 61, 50, *range(20)]
    many = swept(runs, **options)
    for some in ([0], [0, 2, 1]):
        few = swept([runs[place] for place in some], **options)
        for place, other in enumerate(some):
            assert bits(few.state(place)) == bits(many.state(other))
    # The first run sees what it sees alone, and another in its own order another loss.
    np.testing.assert_allclose(many.loss[0, :2], whole.loss[50, :2], rtol=1e-5)
    assert abs(many.loss[2, 0] / whole.loss[61, 0] - 1) > 1e-4
    other = swept([3, 50], **options)
    assert bits(other.state(1)) != bits(many.state(0))
    for run, curve in enumerate(many.loss):
        values = curve[: many.epochs[run]].tolist()
        assert many.best_epoch[run] == rule.best(values) + 1
