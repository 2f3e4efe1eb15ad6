"""A run in a sweep is the run alone; groups, restarts and going on."""

from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

import fnn

RUNS = 64
EPOCHS = 2
METRICS = (fnn.metrics.accuracy,)


def recipe(rate: float, width: int = 8) -> fnn.Recipe:
    model = fnn.layers.mlp((64, width, 10), dropout=0.1)
    return fnn.Recipe(
        model, fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(rate)
    )


RECIPES = [recipe(float(rate)) for rate in np.geomspace(1e-4, 1e-1, RUNS)]
KEYS = jax.random.split(jax.random.key(0), RUNS)


def data() -> tuple[fnn.Batch, fnn.Batch]:
    return fnn.data.stratified_split(fnn.data.digits())


def swept(runs: list[int], **options: Any) -> fnn.Sweep:
    train, test = data()
    return fnn.sweep(
        [RECIPES[run] for run in runs],
        KEYS[np.asarray(runs)],
        train,
        **({"epochs": EPOCHS, "validation": test, "metrics": METRICS} | options),
    )


def bits(state: fnn.TrainState) -> list[bytes]:
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(state)]


@pytest.fixture(scope="module")
def whole() -> fnn.Sweep:
    return swept(list(range(RUNS)))


@pytest.mark.parametrize("runs", [[5], [9, 3, 60, 5, 17, 40, 0], list(range(17))])
def test_a_run_is_bitwise_the_run_in_any_other_sweep(
    runs: list[int], whole: fnn.Sweep
) -> None:
    few = swept(runs)
    for place, run in enumerate(runs):
        assert bits(few.state(place)) == bits(whole.state(run))
    np.testing.assert_array_equal(few.loss, whole.loss[runs])
    np.testing.assert_array_equal(
        few.validation["accuracy"], whole.validation["accuracy"][runs]
    )


def test_the_numbers_are_compiled_once(whole: fnn.Sweep) -> None:
    del whole
    compiled: list[str] = []

    def count(event: str, duration_secs: float, **details: Any) -> None:
        del duration_secs
        if event.endswith("backend_compile_duration"):
            compiled.append(str(details.get("fun_name")))

    jax.monitoring.register_event_duration_secs_listener(count)
    swept([1, 2, 3])
    swept([40])
    assert not [name for name in compiled if "train_chunk" in name]
    # What cuts off the filling depends on the number of runs.
    assert [name for name in compiled if "_joined" in name]


def test_a_run_is_what_fit_makes(whole: fnn.Sweep) -> None:
    """To rounding: `vmap` sums a product in another order than a program of one."""
    train, test = data()
    state = fnn.init(RECIPES[30], KEYS[30])
    state, history = fnn.fit(
        RECIPES[30], state, train, epochs=EPOCHS, validation=test, metrics=METRICS
    )
    np.testing.assert_allclose(whole.loss[30], history.loss, rtol=1e-5)
    np.testing.assert_allclose(
        whole.validation["loss"][30], history.validation["loss"], rtol=1e-5
    )
    for one, other in zip(
        jax.tree.leaves(whole.state(30)), jax.tree.leaves(state), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_going_on_is_one_long_run(whole: fnn.Sweep) -> None:
    first = swept([7, 8], epochs=1)
    second = swept([7, 8], epochs=1, states=[first.state(0), first.state(1)])
    assert [bits(second.state(run)) for run in (0, 1)] == [
        bits(whole.state(run)) for run in (7, 8)
    ]


def test_structures_are_grouped_and_order_is_kept() -> None:
    train, _ = data()
    widths = [4, 6, 4, 6, 4]
    recipes = [recipe(1e-2, width) for width in widths]
    found = fnn.sweep(recipes, jax.random.key(3), train, epochs=1, chunk=2)
    assert [found.state(run).params[0]["w"].shape[1] for run in range(5)] == widths
    # One key for all: equal recipes are equal runs.
    assert bits(found.state(0)) == bits(found.state(4)) != bits(found.state(1))
    assert found.loss[0] == found.loss[2] != found.loss[1]


def test_restarts_are_one_recipe_with_many_keys() -> None:
    train, _ = data()
    found = fnn.sweep(
        recipe(1e-2), jax.random.split(jax.random.key(1), 3), train, epochs=1
    )
    assert found.loss.shape == (3, 1)
    assert len(set(found.loss[:, 0].tolist())) == 3
    assert found.ranking()[0] == np.argmin(found.loss[:, -1])


def test_a_diverged_run_ranks_last_and_harms_no_other(whole: fnn.Sweep) -> None:
    train, test = data()
    wild = recipe(3e38)
    found = fnn.sweep(
        [wild, RECIPES[20]],
        KEYS[np.array([0, 20])],
        train,
        epochs=EPOCHS,
        validation=test,
        metrics=METRICS,
    )
    assert np.isnan(found.loss[0, -1])
    assert found.ranking().tolist() == [1, 0]
    assert bits(found.state(1)) == bits(whole.state(20))
