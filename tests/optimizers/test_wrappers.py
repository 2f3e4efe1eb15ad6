"""Optimizers around optimizers: the properties that each of them promises."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.optimizers import (
    SGD,
    Accumulate,
    Adam,
    Chain,
    ClipByGlobalNorm,
    ParameterAverage,
    ProximalL1,
    SkipNonFinite,
)
from fnn.schedules import Linear
from tests.optimizers.runs import close, follow, path, problem, same


@pytest.mark.parametrize(
    ("bad", "leaf"), [(np.nan, "w"), (np.inf, "b"), (-np.inf, "w")]
)
def test_a_non_finite_gradient_changes_nothing(
    bad: float, leaf: str, rng: np.random.Generator
) -> None:
    params, gradients = problem(rng, 3, "float32")
    optimizer = SkipNonFinite(Chain(ClipByGlobalNorm(1.0), Adam(0.1)))
    _, state = follow(optimizer, params, gradients)
    g = jax.tree.map(lambda g: g[0], gradients)
    g[leaf] = g[leaf].at[0].set(bad)
    updates, after = optimizer.update(g, state, params)
    same(updates, jax.tree.map(jnp.zeros_like, params))
    same(after["inner"], state["inner"])
    assert (int(state["skipped"]), int(after["skipped"])) == (0, 1)


@pytest.mark.usefixtures("x64")
def test_skipping_is_as_if_the_gradient_had_not_come(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 10)
    spoiled = {**gradients, "b": gradients["b"].at[np.array([2, 7]), 1].set(jnp.nan)}
    kept = np.delete(np.arange(10), [2, 7])
    got, state = follow(SkipNonFinite(Adam(0.1)), params, spoiled)
    good = jax.tree.map(lambda g: g[kept], gradients)
    expected, alone = follow(Adam(0.1), params, good)
    close(jax.tree.map(lambda p: p[kept], got), expected)
    close(state["inner"], alone)
    assert int(state["skipped"]) == 2

    @jax.jit
    @jax.grad
    def slope(rate: Any) -> jax.Array:
        return path(SkipNonFinite(Adam(rate)), params, spoiled)[0]["w"][-1].sum()

    # Adam's steps are proportional to its rate: the slope is that of a line.
    moved = (expected["w"][-1] - params["w"]).sum() / 0.1
    assert float(slope(0.1)) == pytest.approx(float(moved), rel=1e-9)


@pytest.mark.usefixtures("x64")
def test_skipping_in_a_sweep_is_for_each_run(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 1)
    runs = jax.tree.map(lambda g: jnp.stack([g, g.at[0].set(jnp.nan)]), gradients)
    got, state = jax.vmap(lambda g: path(SkipNonFinite(SGD(0.1)), params, g))(runs)
    assert state["skipped"].tolist() == [0, 1]
    same(got["w"][1, 0], params["w"])
    close(got["w"][0, 0], params["w"] - 0.1 * gradients["w"][0])


@pytest.mark.usefixtures("x64")
def test_accumulated_gradients_make_one_step(rng: np.random.Generator) -> None:
    """As large batches would; a schedule inside counts the steps that are made."""
    params, gradients = problem(rng, 20)
    rate = Linear(0.1, 5)
    got, state = follow(Accumulate(Adam(rate), every=4), params, gradients)
    means = jax.tree.map(lambda g: g.reshape(5, 4, *g.shape[1:]).mean(1), gradients)
    expected, alone = follow(Adam(rate), params, means)
    close(jax.tree.map(lambda p: p[3::4], got), expected)
    close(state["inner"], alone)
    # In between nothing moves, to the bit.
    for p in jax.tree.leaves(got):
        same(p[4:7], jnp.stack([p[3]] * 3))
    same(state["sum"], jax.tree.map(jnp.zeros_like, params))
    assert int(state["count"]) == 0


@pytest.mark.usefixtures("x64")
def test_a_sweep_over_how_many_to_accumulate(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 12)
    every = jnp.array([1, 2, 3, 5])
    together, state = jax.vmap(
        lambda k: path(Accumulate(Adam(0.1), k), params, gradients)
    )(every)
    for row, k in enumerate(every):
        alone, _ = follow(Accumulate(Adam(0.1), int(k)), params, gradients)
        close(jax.tree.map(lambda p, r=row: p[r], together), alone)
    assert state["inner"]["step"].tolist() == [12, 6, 4, 2]
    assert state["count"].tolist() == [0, 0, 0, 2]


def test_the_mean_is_of_as_many_as_came() -> None:
    """Where `every` is no whole number, the step comes with the next gradient."""
    params, threes = {"w": jnp.zeros(1)}, {"w": jnp.full((3, 1), 3.0)}
    got, _ = follow(Accumulate(SGD(1.0), every=2.5), params, threes)
    assert got["w"][:, 0].tolist() == [0.0, 0.0, -3.0]


def test_accumulation_is_not_in_bfloat16() -> None:
    """There 1 added to 256 changes nothing."""
    params = {"w": jnp.zeros(1, jnp.bfloat16)}
    ones = {"w": jnp.ones((512, 1), jnp.bfloat16)}
    got, state = follow(Accumulate(SGD(1.0), every=512), params, ones)
    assert got["w"].dtype == jnp.bfloat16
    assert float(got["w"][-1, 0]) == -1
    assert state["sum"]["w"].dtype == jnp.float32


@pytest.mark.usefixtures("x64")
def test_the_average_of_parameters(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 20)
    optimizer = ParameterAverage(Adam(0.1), decay=0.8)
    got, state = follow(optimizer, params, gradients)
    same(got, follow(Adam(0.1), params, gradients)[0])
    weights = 0.8 ** np.arange(19, -1, -1)
    weights = weights / weights.sum()
    average = optimizer.average(state, params)
    expected = jax.tree.map(lambda p: np.tensordot(weights, p, 1), got)
    close(average, expected)
    close(jax.jit(ParameterAverage.average)(optimizer, state, params), expected)
    start = optimizer.init(params)
    same(optimizer.average(start, params), params)


@pytest.mark.usefixtures("x64")
def test_the_average_is_right_from_the_first_update(rng: np.random.Generator) -> None:
    params, gradients = problem(rng, 1)
    optimizer = ParameterAverage(SGD(0.1), decay=0.999)
    got, state = follow(optimizer, params, gradients)
    close(optimizer.average(state, params), jax.tree.map(lambda p: p[0], got))


def test_predicting_with_the_average() -> None:
    recipe = fnn.Recipe(
        fnn.layers.Dense(2, 1),
        fnn.losses.MeanSquaredError(),
        ParameterAverage(SGD(0.1), 0.5),
    )
    state = fnn.init(recipe, jax.random.key(0))
    batch = (jnp.ones((4, 2)), jnp.ones((4, 1)))
    for _ in range(3):
        state, _ = fnn.train_step(recipe, state, batch)
    average = recipe.optimizer.average(state.opt_state, state.params)
    outputs = fnn.predict(recipe, state._replace(params=average), batch[0])
    assert outputs.shape == (4, 1)
    assert {leaf.dtype for leaf in jax.tree.leaves(average)} == {jnp.dtype("float32")}


WRAPPERS = {
    "SkipNonFinite": SkipNonFinite,
    "Accumulate": lambda inner: Accumulate(inner, 2),
    "ParameterAverage": ParameterAverage,
    "ProximalL1": lambda inner: ProximalL1(inner, 0.1),
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_what_they_wrap(name: str) -> None:
    """Anything with init and update; a mistake is named before anything compiles."""
    params = {"w": jnp.ones(2)}
    foreign = WRAPPERS[name](fnn.optimizers.Foreign(SGD(0.1).init, SGD(0.1).update))
    ours = WRAPPERS[name](SGD(0.1))
    results = [o.update(params, o.init(params), params)[0] for o in (foreign, ours)]
    same(*results)
    for wrong in ("adam", SGD):
        with pytest.raises(TypeError, match=rf"{name}.optimizer must be one of fnn"):
            WRAPPERS[name](wrong).init(params)


@pytest.mark.usefixtures("x64")
def test_slopes_in_every_number_of_all_of_them(rng: np.random.Generator) -> None:
    """Nested, through 10 steps with a skipped one, against differences."""
    params, gradients = problem(rng, 10)
    spoiled = {**gradients, "w": gradients["w"].at[3, 0, 0].set(jnp.inf)}

    @jax.jit
    @jax.value_and_grad
    def total(numbers: jax.Array) -> jax.Array:
        rate, strength, decay = numbers
        optimizer = ParameterAverage(
            SkipNonFinite(ProximalL1(Accumulate(Adam(rate), 2), strength, rate)), decay
        )
        _, state = path(optimizer, params, spoiled)
        return jnp.sum(optimizer.average(state, params)["w"] ** 2)

    point = np.array([0.05, 0.02, 0.7])
    slopes = np.asarray(total(jnp.asarray(point))[1])
    for index, slope in enumerate(slopes):
        h = 1e-6 * np.eye(3)[index]
        above, below = (float(total(jnp.asarray(point + s * h))[0]) for s in (1, -1))
        assert slope == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-7)
