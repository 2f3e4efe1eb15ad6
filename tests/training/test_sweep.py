"""A run in a sweep is the run alone; groups, restarts and going on."""

from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

import fnn
from tests.training.runs import PLAIN, bits, clouds, same

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
    outputs = found.predict(train.x)
    for run, one in enumerate(recipes):
        alone = fnn.predict(one, found.state(run), train.x)
        np.testing.assert_allclose(outputs[run], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("x64")
def test_a_sweep_is_fit_in_float64_too(rng: np.random.Generator) -> None:
    """In the threads as well, where JAX's own setting does not hold."""
    train = clouds(rng, dtype=np.float64)
    initial = [fnn.init(PLAIN, key) for key in KEYS[:3]]
    wide = [jax.tree.map(as_float64, state) for state in initial]
    found = fnn.sweep(PLAIN, KEYS[:3], train, epochs=2, states=wide, chunk=1)
    for run, state in enumerate(wide):
        state, history = fnn.fit(PLAIN, state, train, epochs=2)
        assert found.state(run).params[0]["w"].dtype == np.float64
        same(found.state(run), state, rtol=1e-12)
        np.testing.assert_allclose(found.loss[run], history.loss, rtol=1e-12)


def as_float64(leaf: Any) -> Any:
    return leaf.astype(np.float64) if leaf.dtype == np.float32 else leaf


def test_keys_of_another_kind_go_on_and_predict_together() -> None:
    train, _ = data()
    keys = jax.random.split(jax.random.key(0, impl="rbg"), 2)
    first = fnn.sweep(RECIPES[30], keys, train, epochs=1)
    states = [first.state(0), first.state(1)]
    second = fnn.sweep(RECIPES[30], keys, train, epochs=1, states=states)
    whole = fnn.sweep(RECIPES[30], keys, train, epochs=2)
    np.testing.assert_array_equal(second.loss[:, 0], whole.loss[:, 1])
    np.testing.assert_allclose(
        fnn.ensemble(RECIPES[30], states, train.x).mean,
        jax.nn.softmax(first.predict(train.x)).mean(axis=0),
        rtol=1e-5,
    )


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
