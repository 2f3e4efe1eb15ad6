"""Penalties: values and gradients by three witnesses, and which parameters count."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.layers import BatchNorm, Dense, Repeat, Residual, Sequential
from fnn.penalties import L1, L2, ElasticNet, Penalty

STRENGTH = 0.3

# The penalty, its value and its slope as functions of one weight.
PENALTIES: dict[str, tuple[Penalty, Callable[..., Any], Callable[..., Any]]] = {
    "L1": (
        L1(STRENGTH),
        lambda w: STRENGTH * np.abs(w),
        lambda w: STRENGTH * np.sign(w),
    ),
    "L2": (L2(STRENGTH), lambda w: STRENGTH / 2 * w**2, lambda w: STRENGTH * w),
    "ElasticNet": (
        ElasticNet(STRENGTH, 2 * STRENGTH),
        lambda w: STRENGTH * (np.abs(w) + w**2),
        lambda w: STRENGTH * (np.sign(w) + 2 * w),
    ),
}
EACH = pytest.mark.parametrize("name", PENALTIES)

MODEL = Sequential(
    Dense(3, 4, bias=False),
    BatchNorm(4),
    Repeat(Sequential(Residual(Dense(4, 4)), BatchNorm(4)), 5),
    Dense(4, 2),
)


def parameters(rng: np.random.Generator) -> tuple[Any, Any]:
    """Random parameters, and the same tree saying which are weights."""
    shapes, _ = jax.eval_shape(MODEL.init, jax.random.key(0))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape)), shapes)
    norm = {"beta": False, "gamma": False}
    is_weight = (
        {"w": True},
        norm,
        ({"w": True, "b": False}, norm),
        {"w": True, "b": False},
    )
    return params, is_weight


@EACH
@pytest.mark.usefixtures("x64")
def test_value_and_gradient(name: str, rng: np.random.Generator) -> None:
    penalty, value, slope = PENALTIES[name]
    params, is_weight = parameters(rng)
    expected = sum(
        float(counts) * value(np.asarray(leaf)).sum()
        for leaf, counts in zip(
            jax.tree.leaves(params), jax.tree.leaves(is_weight), strict=True
        )
    )
    assert float(penalty.value(params)) == pytest.approx(expected, rel=1e-12)

    def check(counts: bool, leaf: Any, hand: Any, auto: Any) -> None:
        closed = float(counts) * slope(np.asarray(leaf))
        np.testing.assert_allclose(hand, closed, rtol=1e-12)
        np.testing.assert_allclose(auto, closed, rtol=1e-12)

    by_hand, automatic = penalty.gradient(params), jax.grad(penalty.value)(params)
    jax.tree.map(check, is_weight, params, by_hand, automatic)


@EACH
def test_slope_0_at_0(name: str) -> None:
    """Where `jnp.abs` has slope 1 in JAX (errata F1)."""
    penalty = PENALTIES[name][0]
    params = {"w": jnp.zeros((2, 2))}
    assert float(penalty.value(params)) == 0
    for gradient in (penalty.gradient(params), jax.grad(penalty.value)(params)):
        np.testing.assert_array_equal(gradient["w"], np.zeros((2, 2)))


@EACH
def test_without_weights_there_is_nothing_to_add(name: str) -> None:
    penalty = PENALTIES[name][0]
    for params in ((), {"b": jnp.ones(3)}):
        assert float(penalty.value(params)) == 0
        assert jax.tree.structure(penalty.gradient(params)) == jax.tree.structure(
            params
        )


@EACH
@pytest.mark.parametrize("wide", [False, True], ids=["x32", "x64"])
def test_dtypes(name: str, wide: bool) -> None:
    """Gradients are like their weights; the sum is taken in float32 at least."""
    penalty, value, _ = PENALTIES[name]
    with jax.enable_x64(wide):
        params = [
            {"w": jnp.ones((300, 300), jnp.bfloat16), "b": jnp.ones(3, jnp.bfloat16)},
            {"w": jnp.ones((2, 2), jnp.float32)},
        ]
        total = penalty.value(params)
        gradient = jax.tree.leaves(penalty.gradient(params))
    assert total.dtype == jnp.float32
    # Rounded to bfloat16 the first sum would be 90,112.
    assert float(total) == pytest.approx(90_004 * value(1.0), rel=1e-6)
    assert [leaf.dtype for leaf in gradient] == [
        leaf.dtype for leaf in jax.tree.leaves(params)
    ]


@EACH
def test_strength_is_a_leaf(name: str, rng: np.random.Generator) -> None:
    params = {"w": jnp.asarray(rng.normal(size=(3, 2)), jnp.float32)}
    penalty, value, _ = PENALTIES[name]
    sweep = jax.tree.map(lambda leaf: leaf * jnp.array([1.0, 2.0, 0.0]), penalty)
    values = jax.vmap(lambda member: member.value(params))(sweep)
    unit = value(np.asarray(params["w"], float)).sum()
    np.testing.assert_allclose(values, [unit, 2 * unit, 0], rtol=1e-5)
