"""Every optimizer against its formula in plain NumPy, and what numbers-as-leaves give.

A row of `RULES` is an optimizer, the rule that it must follow and its numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import schedules
from fnn.optimizers import Adam, Lion, Optimizer, RMSprop
from tests.optimizers.references import RULES, STEPS, expected

ALL = pytest.mark.parametrize("name", RULES)
# Numbers that a form leaves unused.
UNUSED = {"NAdam, constant": ["momentum_decay"]}


@jax.jit
def follow(optimizer: Optimizer, params: Any, gradients: Any) -> Any:
    """The parameters after as many updates as there are gradients, and the state."""

    def update(carry: Any, g: Any) -> Any:
        params, state = carry
        updates, state = optimizer.update(g, state, params)
        return (jax.tree.map(jnp.add, params, updates), state), None

    return jax.lax.scan(update, (params, optimizer.init(params)), gradients)[0]


def problem(rng: np.random.Generator) -> tuple[Any, Any]:
    """Parameters, and gradients of very different sizes for `STEPS` updates."""
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    sizes = 10.0 ** rng.uniform(-3, 1, STEPS)
    gradients = {
        name: np.einsum("t,t...->t...", sizes, rng.normal(size=(STEPS, *p.shape)))
        for name, p in params.items()
    }
    return params, gradients


def check(got: Any, expected: np.ndarray, tolerance: float = 1e-12) -> None:
    error = np.abs(np.asarray(got) - expected).max()
    assert error <= tolerance * np.abs(expected).max()


def cosine(peak: float, end: float) -> list[float]:
    """Warm-up over 5 steps to the peak, then half a cosine to the end at 15."""
    rise = [peak * t / 5 for t in range(5)]
    fall = [end + (peak - end) * np.cos(np.pi * t / 20) ** 2 for t in range(10)]
    return rise + fall + [end] * (STEPS - 15)


@ALL
@pytest.mark.parametrize("scheduled", [False, True], ids=["number", "schedule"])
@pytest.mark.usefixtures("x64")
def test_follows_its_formula(
    name: str, scheduled: bool, rng: np.random.Generator
) -> None:
    params, gradients = problem(rng)
    rate: Any = schedules.Cosine(0.3, 15, 5, end=0.02) if scheduled else 0.3
    rates = cosine(0.3, 0.02) if scheduled else [0.3] * STEPS
    got, state = follow(RULES[name][0](rate), params, gradients)
    for leaf, p in params.items():
        check(got[leaf], expected(name, leaf, p, gradients[leaf], rates), 1e-10)
    assert int(state["step"]) == STEPS


@ALL
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dtypes_stay(name: str, dtype: str, rng: np.random.Generator) -> None:
    params, gradients = jax.tree.map(
        lambda leaf: jnp.asarray(leaf, dtype), problem(rng)
    )
    optimizer = RULES[name][0](0.01)
    got, state = follow(optimizer, params, gradients)
    assert {leaf.dtype for leaf in jax.tree.leaves(got)} == {jnp.dtype(dtype)}
    slots = {name: tree for name, tree in state.items() if name != "step"}
    assert {leaf.dtype for leaf in jax.tree.leaves(slots)} <= {jnp.dtype("float32")}
    updates, _ = optimizer.update(params, optimizer.init(params), params)
    assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(dtype)}


def test_moments_of_bfloat16_parameters_are_not_rounded_to_them() -> None:
    """0.999 is 1 in bfloat16, where v would stay at 0."""
    ones = jnp.ones(3, jnp.bfloat16)
    _, state = follow(Adam(), ones, jnp.ones((STEPS, 3), jnp.bfloat16))
    np.testing.assert_allclose(state["v"][0], 1 - 0.999**STEPS, rtol=1e-3)


def test_slots_are_in_the_order_of_the_leaves_of_the_parameters() -> None:
    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3), "more": (jnp.zeros(()),)}
    gradients = jax.tree.map(lambda p: p + 1, params)
    _, state = Adam(beta1=0.5).update(gradients, Adam().init(params), params)
    assert [type(state[name]) for name in ("m", "v")] == [tuple, tuple]
    by_name = jax.tree.unflatten(jax.tree.structure(params), state["m"])
    jax.tree.map(
        lambda m, g: np.testing.assert_array_equal(m, 0.5 * g), by_name, gradients
    )


@ALL
def test_the_state_counts_updates(name: str) -> None:
    optimizer = RULES[name][0](0.1)
    params = jnp.ones(2)
    state = optimizer.init(params)
    for count in range(3):
        assert (int(state["step"]), state["step"].dtype) == (count, jnp.int32)
        _, state = optimizer.update(params, state, params)
    assert int(state["step"]) == 3


def test_the_largest_count_stays() -> None:
    """One more would be negative: powers of a decay infinite, and every step 0."""
    g = {"w": jnp.ones(2)}
    moments = (g["w"],)
    settled = {"m": moments, "v": moments, "step": jnp.array(2**31 - 1, jnp.int32)}
    updates, state = Adam(0.1).update(g, settled, g)
    np.testing.assert_allclose(updates["w"], [-0.1, -0.1], rtol=1e-6)
    assert int(state["step"]) == 2**31 - 1


@ALL
def test_other_numbers_need_no_other_program(name: str) -> None:
    traces = 0

    @jax.jit
    def update(optimizer: Optimizer, g: Any, state: Any) -> Any:
        nonlocal traces
        traces += 1
        return optimizer.update(g, state, g)

    first = RULES[name][0](0.1)
    g = jnp.ones(2)
    for factor in (1.0, 0.5, 0.25):
        optimizer = jax.tree.map(lambda leaf, f=factor: f * leaf, first)
        updates, _ = update(optimizer, g, first.init(g))
        expected, _ = optimizer.update(g, first.init(g), g)
        np.testing.assert_allclose(updates, expected, rtol=1e-6)
    assert traces == 1


@ALL
@pytest.mark.usefixtures("x64")
def test_vmap_over_each_number_is_each_run_alone(
    name: str, rng: np.random.Generator
) -> None:
    params, gradients = problem(rng)
    leaves, treedef = jax.tree.flatten(RULES[name][0](0.1))
    # A row for each number halved, the others kept, and one with all as they are.
    table = np.array(leaves) * (1 - 0.5 * np.eye(len(leaves) + 1, len(leaves)))
    sweep = treedef.unflatten(list(table.T))
    together, _ = jax.vmap(follow, in_axes=(0, None, None))(sweep, params, gradients)
    rows = np.concatenate([together["w"].reshape(len(table), -1), together["b"]], 1)
    assert len(np.unique(rows, axis=0)) == len(table) - len(UNUSED.get(name, []))
    for row, numbers in enumerate(table):
        alone, _ = follow(treedef.unflatten(list(numbers)), params, gradients)
        for leaf in params:
            check(together[leaf][row], np.asarray(alone[leaf]))


@jax.jit
@jax.value_and_grad
def loss_and_slopes(optimizer: Optimizer, curvature: Any, start: Any) -> jax.Array:
    """Of a quadratic after 10 steps, in each number of the optimizer."""

    def update(carry: Any, _: Any) -> Any:
        params, state = carry
        updates, state = optimizer.update({"w": curvature @ params["w"]}, state, params)
        return (jax.tree.map(jnp.add, params, updates), state), None

    carry = ({"w": start}, optimizer.init({"w": start}))
    x = jax.lax.scan(update, carry, length=10)[0][0]["w"]
    return x @ curvature @ x / 2


@pytest.mark.parametrize("name", sorted(set(RULES) - {"Lion"}))
@pytest.mark.usefixtures("x64")
def test_hypergradients(name: str) -> None:
    """Of every number, also where a parameter's gradient is always 0.

    One fixed problem: a maximum, as in AMSGrad, has kinks near which a difference is
    no slope.
    """
    rng = np.random.default_rng(3)
    basis = rng.normal(size=(4, 4))
    curvature = np.zeros((5, 5))
    curvature[:4, :4] = basis @ basis.T / 4 + np.eye(4)
    start = rng.normal(size=5)
    leaves, treedef = jax.tree.flatten(RULES[name][0](0.02))
    slopes = jax.tree.leaves(
        loss_and_slopes(treedef.unflatten(leaves), curvature, start)[1]
    )
    for index, slope in enumerate(slopes):
        h = 1e-4 * leaves[index]
        losses = {}
        for s in (-2, -1, 1, 2):
            moved = [x + s * h * (k == index) for k, x in enumerate(leaves)]
            losses[s] = loss_and_slopes(treedef.unflatten(moved), curvature, start)[0]
        # The five-point rule: its error is of order h^4.
        difference = 8 * (losses[1] - losses[-1]) - (losses[2] - losses[-2])
        assert float(slope) == pytest.approx(
            float(difference) / (12 * h), rel=1e-7, abs=1e-8
        )


@pytest.mark.usefixtures("x64")
def test_hypergradients_of_lion(rng: np.random.Generator) -> None:
    """Through the signs passes nothing; the rate and the decay scale what comes out."""
    params, gradients = problem(rng)

    @jax.grad
    def slopes(optimizer: Lion) -> jax.Array:
        return follow(optimizer, params, gradients)[0]["w"].sum()

    got = slopes(Lion(0.1, 0.7, 0.9, 0.2))
    assert (float(got.beta1), float(got.beta2)) == (0, 0)
    h = 1e-5
    for name, at, slope in (
        ("learning_rate", 0.1, got.learning_rate),
        ("weight_decay", 0.2, got.weight_decay),
    ):
        ends = [
            follow(
                Lion(
                    **{"learning_rate": 0.1, "weight_decay": 0.2, name: at + s * h},
                    beta1=0.7,
                    beta2=0.9,
                ),
                params,
                gradients,
            )[0]["w"].sum()
            for s in (-1, 1)
        ]
        assert float(slope) == pytest.approx(float(ends[1] - ends[0]) / 2e-5, rel=1e-6)


def test_centered_rmsprop_survives_a_constant_gradient() -> None:
    """Its variance is 0, and rounding may bring it below."""
    g = jnp.full((200, 3), 1234.567, jnp.float32)
    got, _ = follow(RMSprop(0.1, centered=True), jnp.ones(3), g)
    assert np.isfinite(got).all()
