"""Clipping, chains, and other people's optimizers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import fnn
from fnn.optimizers import (
    SGD,
    Adam,
    AdamW,
    AdaptiveClip,
    Chain,
    ClipByGlobalNorm,
    ClipByValue,
    DecoupledWeightDecay,
)
from fnn.schedules import Linear
from tests.optimizers.runs import close, follow, problem


def clip(gradients: Any, max_norm: float = 1.0) -> Any:
    transform = ClipByGlobalNorm(max_norm)
    clipped, state = transform.update(gradients, transform.init(gradients), gradients)
    assert state == ()
    return clipped


def norm(tree: Any) -> float:
    return float(np.sqrt(sum((np.asarray(x, float) ** 2).sum() for x in tree.values())))


def gradients(rng: np.random.Generator, dtype: Any = np.float32) -> dict[str, Any]:
    return {
        "w": jnp.asarray(rng.normal(size=(4, 3)), dtype),
        "b": jnp.asarray(rng.normal(size=3), dtype),
    }


def test_clipping_keeps_the_direction_and_bounds_the_norm(
    rng: np.random.Generator,
) -> None:
    g = gradients(rng)
    limit = norm(g) / 3
    clipped = clip(g, limit)
    assert norm(clipped) == pytest.approx(limit, rel=1e-6)
    for name in g:
        np.testing.assert_allclose(clipped[name], g[name] / 3, rtol=1e-5)


def test_clipping_leaves_small_gradients_as_they_are(rng: np.random.Generator) -> None:
    g = gradients(rng)
    for name, clipped in clip(g, 1.01 * norm(g)).items():
        np.testing.assert_array_equal(clipped, g[name])


def test_clipping_zeros_gives_zeros() -> None:
    np.testing.assert_array_equal(clip({"w": jnp.zeros(3)})["w"], np.zeros(3))


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_clipping_neither_overflows_nor_underflows(size: float) -> None:
    """Their squares are infinity and zero in float32."""
    g = {"w": jnp.full(4, size, jnp.float32)}
    np.testing.assert_allclose(clip(g, size)["w"], np.full(4, size / 2), rtol=1e-6)


def test_clipping_keeps_a_nan_visible() -> None:
    clipped = clip({"w": jnp.array([1.0, jnp.nan]), "b": jnp.ones(2)})
    assert np.isnan(clipped["w"]).any()
    assert not np.isfinite(norm(clipped))


def test_clipping_mixed_dtypes(rng: np.random.Generator) -> None:
    """The norm is of all gradients, each of which keeps its dtype."""
    g = {**gradients(rng), "half": jnp.full(3, 2.0, jnp.bfloat16)}
    clipped = clip(g, 0.5)
    assert {k: v.dtype for k, v in clipped.items()} == {
        k: v.dtype for k, v in g.items()
    }
    assert norm(clipped) == pytest.approx(0.5, rel=1e-2)


def test_clipping_by_value_bends_the_direction(rng: np.random.Generator) -> None:
    g = {**gradients(rng), "bad": jnp.array([jnp.nan, jnp.inf, -7.0])}
    clip = ClipByValue(0.5)
    clipped, _ = clip.update(g, clip.init(g), g)
    for name in g:
        expected = np.clip(np.asarray(g[name]), -0.5, 0.5)
        np.testing.assert_array_equal(clipped[name], expected)


def adaptive(pair: Any) -> Any:
    params, g = pair
    transform = AdaptiveClip(0.1)
    return transform.update(g, transform.init(params), params)[0]


def test_adaptive_clipping_bounds_each_unit(rng: np.random.Generator) -> None:
    """Column by column of a matrix, a bias as a whole, a stack matrix by matrix."""
    shapes = {"w": (4, 3), "b": (3,)}
    params = {k: rng.normal(size=s) for k, s in shapes.items()}
    g = {k: 0.2 * rng.normal(size=s) for k, s in shapes.items()}
    g["w"][:, 1] *= 100
    params["w"][:, 2] = 0  # counts as 1e-3
    clipped = adaptive(jax.tree.map(lambda x: jnp.asarray(x, "f4"), (params, g)))
    for name, p in params.items():
        size = np.maximum(np.sqrt((p**2).sum(0)), 1e-3)
        factor = np.minimum(1, 0.1 * size / np.sqrt((g[name] ** 2).sum(0)))
        np.testing.assert_allclose(clipped[name], g[name] * factor, rtol=1e-5)
    stack = jax.tree.map(lambda x: jnp.asarray(np.stack([x, 2 * x]), "f4"), (params, g))
    double = adaptive(stack)
    for name in shapes:
        np.testing.assert_allclose(double[name][0], clipped[name], rtol=1e-5)
    alone = adaptive(jax.tree.map(lambda x: x[1], stack))
    for name in shapes:
        np.testing.assert_allclose(double[name][1], alone[name], rtol=1e-5)


def test_adaptive_clipping_at_the_edges() -> None:
    """Zeros, numbers whose squares over- or underflow, a scalar."""
    params = {"w": jnp.full((2, 2), 1e30), "scalar": jnp.array(2.0)}
    g = {"w": jnp.array([[1e30, 0.0], [0.0, 0.0]]), "scalar": jnp.array(-3.0)}
    clipped = adaptive((params, g))
    expected = [[0.1 * 2**0.5 * 1e30, 0], [0, 0]]
    np.testing.assert_allclose(clipped["w"], expected, rtol=1e-5)
    assert float(clipped["scalar"]) == pytest.approx(-0.2)


@pytest.mark.usefixtures("x64")
def test_decoupled_decay_after_adam_is_adamw(rng: np.random.Generator) -> None:
    """With its learning rate; of weights only, and with a schedule too."""
    params, g = problem(rng, 12)
    for rate in (0.1, Linear(0.1, 10)):
        chain = Chain(Adam(rate), DecoupledWeightDecay(0.3, rate))
        got, _ = follow(chain, params, g)
        close(got, follow(AdamW(rate, weight_decay=0.3), params, g)[0])
        plain = follow(Adam(rate), params, g)[0]
        np.testing.assert_array_equal(got["b"], plain["b"])
        assert (got["w"] != plain["w"]).any()


def test_a_chain_applies_its_parts_in_order() -> None:
    g = {"w": jnp.array([3.0, 4.0])}
    orders = (
        Chain(ClipByGlobalNorm(1.0), SGD(0.1)),
        Chain(SGD(0.1), ClipByGlobalNorm(0.2)),
    )
    first, second = (chain.update(g, chain.init(g), g)[0]["w"] for chain in orders)
    np.testing.assert_allclose(first, [-0.06, -0.08], rtol=1e-6)
    # The other way round the step, of length 0.5, is what is clipped.
    np.testing.assert_allclose(second, [-0.12, -0.16], rtol=1e-6)


def test_a_chain_keeps_a_state_for_each_part(rng: np.random.Generator) -> None:
    g = gradients(rng)
    chain, alone = Chain(ClipByGlobalNorm(0.1), Adam(0.1)), Adam(0.1)
    state, alone_state = chain.init(g), alone.init(g)
    for count in (1, 2, 3):
        updates, state = chain.update(g, state, g)
        expected, alone_state = alone.update(clip(g, 0.1), alone_state, g)
        assert len(state) == 2
        assert int(state[1]["step"]) == count
        np.testing.assert_allclose(updates["w"], expected["w"], rtol=1e-6)


@pytest.fixture
def standard_promotion():
    """Optax promotes dtypes as it goes; fnn does not."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def classifier(optimizer: Any) -> fnn.Recipe:
    model = fnn.layers.mlp((4, 8, 3), fnn.layers.Tanh())
    return fnn.Recipe(model, fnn.losses.SoftmaxCrossEntropy(), optimizer)


def trained(optimizer: Any, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Parameters and losses of 30 steps on three clouds."""
    y = np.arange(30, dtype=np.int32) % 3
    x = rng.normal(size=(30, 4)) + 3 * np.eye(3, 4)[y]
    recipe = classifier(optimizer)
    state = fnn.init(recipe, jax.random.key(0))
    step = jax.jit(fnn.train_step)
    losses = []
    for _ in range(30):
        state, info = step(recipe, state, (x, y))
        losses.append(float(info.loss))
    return state.params, np.array(losses)


PAIRS = {
    "alone": (lambda: optax.adam(1e-2), lambda: Adam(1e-2)),
    "in a chain": (
        lambda: Chain(ClipByGlobalNorm(0.1), optax.adam(1e-2)),  # pyright: ignore
        lambda: Chain(ClipByGlobalNorm(0.1), Adam(1e-2)),
    ),
}


@pytest.mark.usefixtures("x64", "standard_promotion")
@pytest.mark.parametrize("name", PAIRS)
def test_an_optax_transformation_is_an_optimizer(name: str, seed: int) -> None:
    theirs, ours = (
        trained(make(), np.random.default_rng(seed)) for make in PAIRS[name]
    )
    assert theirs[1][-1] < 0.9 * theirs[1][0]
    for got, expected in zip(*map(jax.tree.leaves, (ours[0], theirs[0])), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("x64", "standard_promotion")
def test_one_update_is_that_of_optax(rng: np.random.Generator) -> None:
    """In float64: in float32 theirs is off by 7e-6, as 1 - 0.999 is not 0.001 there."""
    g, params = gradients(rng, float), gradients(rng, float)
    ours, theirs = Adam(1e-3), optax.adam(1e-3)
    got, _ = ours.update(g, ours.init(params), params)
    expected: Any = theirs.update(g, theirs.init(params), params)[0]
    for name in g:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-12)
