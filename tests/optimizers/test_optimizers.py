"""Every optimizer against its formula in plain NumPy, and what numbers-as-leaves give.

The formulas are those of errata G2 and G6; a row of `RULES` is an optimizer, the rule
that it must follow and its numbers.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import schedules
from fnn.optimizers import SGD, Adam, Momentum, Optimizer

STEPS = 20
Rule = Callable[..., np.ndarray]


def sgd(p: np.ndarray, gradients: Any, rates: Any) -> np.ndarray:
    return p - sum(rate * g for rate, g in zip(rates, gradients, strict=True))


def trace(
    p: np.ndarray, gradients: Any, rates: Any, momentum: float, nesterov: bool
) -> np.ndarray:
    v = np.zeros_like(p)
    for rate, g in zip(rates, gradients, strict=True):
        v = momentum * v + g
        p = p - rate * (g + momentum * v if nesterov else v)
    return p


def velocity(
    p: np.ndarray, gradients: Any, rates: Any, momentum: float, nesterov: bool
) -> np.ndarray:
    """The other form, of Keras and the notes: the rate goes into v."""
    v = np.zeros_like(p)
    for rate, g in zip(rates, gradients, strict=True):
        v = momentum * v - rate * g
        p = p + (momentum * v - rate * g if nesterov else v)
    return p


def kingma_ba(
    p: np.ndarray, gradients: Any, rates: Any, b1: float, b2: float, epsilon: float
) -> np.ndarray:
    """Their rule with the moments as the sums that they are short for."""
    n = len(gradients)
    for k in range(n):
        ages = np.arange(k, -1, -1)
        past = np.stack(gradients[: k + 1])
        m = np.tensordot((1 - b1) * b1**ages, past, 1) / (1 - b1 ** (k + 1))
        v = np.tensordot((1 - b2) * b2**ages, past**2, 1) / (1 - b2 ** (k + 1))
        p = p - rates[k] * m / (np.sqrt(v) + epsilon)
    return p


RULES: dict[str, tuple[Callable[[Any], Optimizer], Rule, dict[str, Any]]] = {
    "SGD": (SGD, sgd, {}),
    "Momentum": (
        lambda rate: Momentum(rate, 0.8),
        trace,
        {"momentum": 0.8, "nesterov": False},
    ),
    "Nesterov": (
        lambda rate: Momentum(rate, 0.8, nesterov=True),
        trace,
        {"momentum": 0.8, "nesterov": True},
    ),
    "Adam": (
        lambda rate: Adam(rate, 0.8, 0.95, 1e-3),
        kingma_ba,
        {"b1": 0.8, "b2": 0.95, "epsilon": 1e-3},
    ),
}
ALL = pytest.mark.parametrize("name", RULES)


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
    make, rule, numbers = RULES[name]
    params, gradients = problem(rng)
    rate: Any = schedules.Cosine(0.3, 15, 5, end=0.02) if scheduled else 0.3
    rates = cosine(0.3, 0.02) if scheduled else [0.3] * STEPS
    got, state = follow(make(rate), params, gradients)
    for leaf, p in params.items():
        check(got[leaf], rule(p, gradients[leaf], rates, **numbers))
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
    np.testing.assert_allclose(state["v"], 1 - 0.999**STEPS, rtol=1e-3)


@ALL
def test_the_state_counts_updates(name: str) -> None:
    optimizer = RULES[name][0](0.1)
    params = jnp.ones(2)
    state = optimizer.init(params)
    for count in range(3):
        assert (int(state["step"]), state["step"].dtype) == (count, jnp.int32)
        _, state = optimizer.update(params, state, params)
    assert int(state["step"]) == 3


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
    assert len(np.unique(together["w"][:, 0, 0])) == len(table)
    for row, numbers in enumerate(table):
        alone, _ = follow(treedef.unflatten(list(numbers)), params, gradients)
        for leaf in params:
            check(together[leaf][row], np.asarray(alone[leaf]))


@ALL
@pytest.mark.usefixtures("x64")
def test_hypergradient_of_the_learning_rate(
    name: str, rng: np.random.Generator
) -> None:
    """jax.grad through 10 steps, also where a parameter's gradient is always 0."""
    basis = rng.normal(size=(4, 4))
    curvature = np.zeros((5, 5))
    curvature[:4, :4] = basis @ basis.T / 4 + np.eye(4)
    start = rng.normal(size=5)

    @jax.jit
    @jax.value_and_grad
    def loss_and_slope(rate: Any) -> jax.Array:
        optimizer = RULES[name][0](rate)

        def update(carry: Any, _: Any) -> Any:
            params, state = carry
            updates, state = optimizer.update(curvature @ params, state, params)
            return (params + updates, state), None

        carry = (jnp.asarray(start), optimizer.init(jnp.asarray(start)))
        params = jax.lax.scan(update, carry, length=10)[0][0]
        return params @ curvature @ params / 2

    h = 1e-5
    losses = {s: float(loss_and_slope(0.02 + s * h)[0]) for s in (-2, -1, 1, 2)}
    # The five-point rule: its error is of order h^4.
    expected = (8 * (losses[1] - losses[-1]) - (losses[2] - losses[-2])) / (12 * h)
    assert float(loss_and_slope(0.02)[1]) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.usefixtures("x64")
def test_the_two_forms_of_momentum(nesterov: bool, rng: np.random.Generator) -> None:
    """They are the same at a constant rate, and only there (errata G2)."""
    params, gradients = problem(rng)
    numbers = {"momentum": 0.9, "nesterov": nesterov}
    constant, _ = follow(Momentum(0.1, 0.9, nesterov=nesterov), params, gradients)
    rate = schedules.Cosine(0.3, 15, 5, end=0.02)
    changing, _ = follow(Momentum(rate, 0.9, nesterov=nesterov), params, gradients)
    w, g = params["w"], gradients["w"]
    check(constant["w"], velocity(w, g, [0.1] * STEPS, **numbers))
    with pytest.raises(AssertionError):
        check(changing["w"], velocity(w, g, cosine(0.3, 0.02), **numbers), 1e-3)
