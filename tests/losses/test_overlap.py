"""Dice and Tversky are ratios of sums over a whole batch, with weights too."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.losses import Dice, Tversky

pytestmark = pytest.mark.usefixtures("x64")

ROWS, K = 5, 3
SIGMOID = fnn.layers.Sigmoid()
ROADS = (fnn.autodiff, fnn.backprop, fnn.finite_differences)


def dice(p: Any, y: Any, w: Any, s: float) -> float:
    """As in errata F11, of NumPy arrays, each row w times."""
    w = w[:, None]
    return 1 - (2 * (w * p * y).sum() + s) / ((w * p).sum() + (w * y).sum() + s)


def tversky(p: Any, y: Any, w: Any, a: float, b: float, s: float) -> float:
    w = w[:, None]
    hits, false = (w * p * y).sum(), (w * p * (1 - y)).sum()
    missed = (w * (1 - p) * y).sum()
    return 1 - (hits + s) / (hits + a * false + b * missed + s)


LOSSES: dict[str, tuple[Any, Any]] = {
    "Dice": (Dice(0.7), lambda p, y, w: dice(p, y, w, 0.7)),
    "Tversky": (Tversky(0.2, 0.9), lambda p, y, w: tversky(p, y, w, 0.2, 0.9, 1.0)),
}
WEIGHTS = {
    "none": None,
    "equal": np.full(ROWS, 3.0),
    "unequal": np.array([1.0, 2.0, 0.5, 4.0, 2.5]),
    "some 0": np.array([1.0, 0.0, 0.5, 4.0, 0.0]),
}


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name", LOSSES)
def test_all_roads_are_the_formula(
    name: str, weights: str, rng: np.random.Generator
) -> None:
    loss, formula = LOSSES[name]
    model = fnn.layers.Sequential(fnn.layers.Dense(2, K), SIGMOID)
    params, stats = model.init(jax.random.key(0))
    x, y = rng.normal(size=(ROWS, 2)), rng.integers(0, 2, (ROWS, K))
    weight = WEIGHTS[weights]
    batch = fnn.Batch(x, y, weight)
    key = jax.random.key(1)
    p = 1 / (1 + np.exp(-(x @ np.asarray(params[0]["w"]) + np.asarray(params[0]["b"]))))
    w = np.ones(ROWS) if weight is None else weight / weight[weight > 0].mean()
    expected = formula(p, y, w)
    results = [
        jax.jit(lambda params, road=road: road(model, loss, params, stats, batch, key))(
            params
        )
        for road in ROADS
    ]
    for (value, _, gradients), tolerance in zip(
        results, (1e-13, 1e-13, 1e-8), strict=True
    ):
        assert float(value) == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(
            gradients[0]["w"], results[0][2][0]["w"], rtol=tolerance, atol=tolerance
        )


@pytest.mark.parametrize("name", LOSSES)
def test_padding_changes_nothing(name: str, rng: np.random.Generator) -> None:
    loss = LOSSES[name][0]
    p, y = rng.uniform(size=(ROWS, K)), rng.integers(0, 2, (ROWS, K)) * 1.0
    share = np.full(ROWS, 1 / ROWS)
    padded = [np.concatenate([a, a[:2]]) for a in (p, y)]
    rest = np.concatenate([share, np.zeros(2)])
    mapped = jax.vmap(loss.weighted_gradient, axis_name="batch")
    short, long = mapped(p, y, share), mapped(*padded, rest)
    np.testing.assert_allclose(long[:ROWS], short, rtol=1e-13)
    np.testing.assert_array_equal(long[ROWS:], 0)


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_those_of_one_example_alone(
    name: str, rng: np.random.Generator
) -> None:
    loss, formula = LOSSES[name]
    p, y = rng.uniform(size=(ROWS, K)), rng.integers(0, 2, (ROWS, K)) * 1.0
    alone = [formula(p[[row]], y[[row]], np.ones(1)) for row in range(ROWS)]
    np.testing.assert_allclose(jax.vmap(loss.value)(p, y), alone, rtol=1e-13)
    slopes = jax.vmap(jax.grad(loss.value))(p, y)
    np.testing.assert_allclose(jax.vmap(loss.gradient)(p, y), slopes, rtol=1e-12)


def test_dice_is_a_tversky(rng: np.random.Generator) -> None:
    p, y = jnp.asarray(rng.uniform(size=K)), jnp.array([1.0, 0.0, 1.0])
    one, other = Dice(0.8), Tversky(0.5, 0.5, smooth=0.4)
    np.testing.assert_allclose(one.value(p, y), other.value(p, y), rtol=1e-14)
    np.testing.assert_allclose(one.gradient(p, y), other.gradient(p, y), rtol=1e-14)


def test_nothing_to_find_and_nothing_found_is_no_loss() -> None:
    zero = jnp.zeros(K)
    assert float(Dice().value(zero, zero)) == 0
    np.testing.assert_array_equal(Dice().gradient(zero, zero), np.ones(K))
