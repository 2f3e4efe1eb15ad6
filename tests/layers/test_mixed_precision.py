"""MixedPrecision: where numbers are rounded, by both roads, and where they are not."""

import re
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn._core.products import inputs_rounded, product

L = fnn.layers
ROWS, WIDTH = 8, 4
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}
HALVES = (slice(0, 2), slice(2, 4))
SHORT = {"bfloat16": "bf16", "float16": "f16"}


def everything() -> L.Layer:
    """Products in a flat part, a stack, a checkpoint, a residual branch and Maxout."""
    dense = L.Dense(WIDTH, WIDTH)
    return L.Sequential(
        L.Dense(WIDTH, WIDTH, bias=False),
        L.BatchNorm(WIDTH),
        L.ReLU(),
        L.Dropout(0.2),
        L.Repeat(L.Residual(L.Sequential(L.LayerNorm(WIDTH), dense, L.Tanh())), 3),
        L.Checkpoint(L.Sequential(dense, L.Tanh())),
        L.Tied(L.Sequential(dense, L.Tanh()), 2),
        L.ReZero(L.Maxout(WIDTH, WIDTH, 2)),
    )


def run(model: L.Layer, **parts: Any) -> tuple[fnn.Recipe, fnn.TrainState]:
    usual = {"loss": fnn.losses.HalfSquaredError(), "optimizer": fnn.optimizers.Adam()}
    recipe = fnn.Recipe(model=model, **(usual | parts))  # pyright: ignore
    state = fnn.init(recipe, jax.random.key(0))
    # Off zero, or ReZero's branch would be shut.
    params = jax.tree.map(lambda leaf: leaf + 0.1, state.params)
    return recipe, state._replace(params=params)


def data(rng: np.random.Generator) -> fnn.Batch:
    x, y = rng.normal(size=(2, ROWS, WIDTH)).astype(np.float32)
    return fnn.Batch(x, y)


def lowered(model: L.Layer, road: str = "backprop") -> str:
    batch = fnn.Batch(*np.zeros((2, ROWS, WIDTH), jnp.result_type(float)))
    recipe, state = run(model, gradient=ROADS[road])
    return jax.jit(fnn.train_step).lower(recipe, state, batch).as_text()


def products(text: str) -> list[tuple[str, ...]]:
    """(contracted axis of the left input, dtypes of inputs and output) of each."""
    pattern = (
        r"dot_general .*?contracting_dims = \[(.*?)\] x.*?: "
        r"\(tensor<(?:\d+x)*(\w+)>, tensor<(?:\d+x)*(\w+)>\) -> tensor<(?:\d+x)*(\w+)>"
    )
    found = re.findall(pattern, text)
    assert len(found) == text.count("dot_general")
    return found


def rounded(array: Any, dtype: str = "bfloat16") -> jax.Array:
    return jnp.asarray(array, dtype).astype(jnp.float32)


def flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


close = partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("road", ROADS)
def test_every_product_takes_16_bits_and_sums_in_32(road: str, dtype: str) -> None:
    found = products(lowered(L.MixedPrecision(everything(), dtype), road))
    assert len(found) >= 15
    assert {tuple(types) for _, *types in found} == {
        (SHORT[dtype], SHORT[dtype], "f32")
    }
    if jax.default_backend() == "cpu":
        # Contracted along rows: XLA:CPU multiplies others in float32 after all.
        assert {axis for axis, *_ in found} == {"1"}


@pytest.mark.parametrize("dtype", SHORT)
def test_both_roads_round_where_the_docstring_says(
    dtype: str, rng: np.random.Generator
) -> None:
    dense = L.Dense(WIDTH, 3)
    layer = L.MixedPrecision(dense, dtype)
    params = {"w": rng.normal(size=(WIDTH, 3)), "b": rng.normal(size=3)}
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params)
    x = jnp.asarray(rng.normal(size=(ROWS, WIDTH)), jnp.float32)
    delta = jnp.asarray(rng.normal(size=(ROWS, 3)), jnp.float32)

    def forward(params: Any, x: jax.Array) -> jax.Array:
        def one(x: jax.Array) -> jax.Array:
            return layer.forward(params, (), x, jax.random.key(0), True)[0]

        return jax.vmap(one, axis_name="batch")(x)

    def backward(x: jax.Array, delta: jax.Array) -> Any:
        return layer.backward(params, x, delta)

    z, pullback = jax.vjp(forward, params, x)
    auto, auto_x = pullback(delta)
    mapped = jax.vmap(backward, out_axes=(0, None), axis_name="batch")
    hand_x, hand = mapped(x, delta)
    x, w, d = (np.asarray(rounded(a, dtype)) for a in (x, params["w"], delta))
    close(z, x @ w + np.asarray(params["b"]))
    for dx, gradients in ((auto_x, auto), (hand_x, hand)):
        close(dx, d @ w.T)
        close(gradients["w"], x.T @ d)
        # Not rounded: a sum.
        close(gradients["b"], delta.sum(axis=0))


def test_a_product_is_bilinear_and_maps() -> None:
    rng = np.random.default_rng(0)
    x, v = (jnp.asarray(a, jnp.float32) for a in rng.normal(size=(2, 3, 5, WIDTH)))
    w, u = (jnp.asarray(a, jnp.float32) for a in rng.normal(size=(2, 3, WIDTH, 2)))

    def one(x: jax.Array, w: jax.Array) -> jax.Array:
        with inputs_rounded("bfloat16", x):
            return product("i,io->o", x, w)

    # A population, each member with its own weights and a batch of its own.
    population = jax.vmap(jax.vmap(one, (0, None)))
    expected = jnp.einsum("nbi,nio->nbo", rounded(x), rounded(w))
    close(population(x, w), expected)
    swapped = jax.vmap(jax.vmap(one, (1, None), 1), (1, 2), 2)
    turned = swapped(x.transpose(2, 0, 1), w.transpose(1, 2, 0))
    np.testing.assert_array_equal(turned.transpose(2, 1, 0), population(x, w))
    alone = jax.vmap(one, (None, 0))(x[0, 0], w)
    expected = jnp.einsum("i,nio->no", rounded(x[0, 0]), rounded(w))
    close(alone, expected)
    # Forward mode, and reverse mode of it: each derivative rounds what it multiplies.
    _, tangent = jax.jvp(population, (x, w), (v, u))
    both = jnp.einsum("nbi,nio->nbo", rounded(v), rounded(w)) + jnp.einsum(
        "nbi,nio->nbo", rounded(x), rounded(u)
    )
    close(tangent, both)
    _, pullback = jax.vjp(population, x, w)
    each = jax.vmap(jax.grad(lambda w, x: one(x, w).sum()), (None, 0))
    total = jax.vmap(lambda w, x: each(w, x).sum(axis=0))(w, x)
    close(pullback(both * 0 + 1)[1], total)


def test_roads_agree_and_the_rest_is_float32() -> None:
    batch = data(np.random.default_rng(0))
    mixed, plain = (
        L.Repeat(model, 2) for model in (L.MixedPrecision(everything()), everything())
    )
    recipe, state = run(mixed)
    new, info = jax.eval_shape(fnn.train_step, recipe, state, batch)
    assert info.loss.dtype == jnp.float32
    old = jax.eval_shape(lambda state: state, state)
    assert jax.tree.map(jnp.result_type, new) == jax.tree.map(jnp.result_type, old)

    @jax.jit
    def gradients(params: Any, stats: Any) -> Any:
        given = (recipe.loss, params, stats, batch, jax.random.key(1))
        roads = ((fnn.autodiff, mixed), (fnn.backprop, mixed), (fnn.backprop, plain))
        return [road(model, *given)[2] for road, model in roads]

    auto, hand, exact = (flat(g) for g in gradients(state.params, state.stats))
    size = np.linalg.norm(exact)
    assert np.linalg.norm(auto - hand) < 1e-5 * size
    # And it is rounding that they agree on.
    assert 1e-3 * size < np.linalg.norm(auto - exact) < 0.1 * size


def test_the_referee_finds_nothing_and_something(rng: np.random.Generator) -> None:
    class Doubled(L.Dense):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            dx, dparams = super().backward(params, tape, dy)
            return 2 * dx, dparams

    batch = data(rng)
    right = L.MixedPrecision(L.Sequential(L.Dense(WIDTH, WIDTH), L.Tanh()))
    assert fnn.compare_gradients(*run(right), batch)
    report = fnn.compare_gradients(*run(right), batch, jnp.float64)
    assert report
    assert report.witnesses
    wrong = L.MixedPrecision(L.Sequential(L.Dense(WIDTH, WIDTH), Doubled(WIDTH, WIDTH)))
    assert not fnn.compare_gradients(*run(wrong), batch)


@jax.jit
def helper(x: jax.Array, w: jax.Array) -> jax.Array:
    return product("i,io->o", x, w)


class Own(L.Layer):
    """A layer whose product is in a function compiled once for all who call it."""

    def forward(self, params: Any, stats: Any, x: Any, key: Any, train: bool) -> Any:
        del params, key, train

        def body(x: jax.Array, _: None) -> tuple[jax.Array, None]:
            return helper(x, jnp.eye(WIDTH) + 2**-10), None

        return jax.lax.scan(body, x, None, 2)[0], stats, ()

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        raise NotImplementedError


def test_the_precision_stays_inside_the_layer() -> None:
    x, key = jnp.ones(WIDTH), jax.random.key(0)
    models = (Own(), L.MixedPrecision(Own()), Own())
    before, mixed, after = (m.forward((), (), x, key, False)[0] for m in models)
    np.testing.assert_array_equal(before, after)
    assert not np.array_equal(before, mixed)
    inner = everything()
    plain = lowered(inner)
    assert "bf16" in lowered(L.MixedPrecision(inner))
    assert lowered(inner) == plain
    assert "bf16" not in plain
    with pytest.raises(ValueError, match="MixedPrecision: layer 0"):
        L.MixedPrecision(inner).forward(*inner.init(key), x[1:], key, False)
    assert jax.config.jax_default_matmul_precision is None  # pyright: ignore


def test_the_inner_one_of_two_decides() -> None:
    inner = L.MixedPrecision(L.Dense(WIDTH, WIDTH), "float16")
    found = products(lowered(L.MixedPrecision(L.Sequential(inner, L.Tanh()))))
    assert {tuple(types) for _, *types in found} == {("f16", "f16", "f32")}


def test_float64_is_left_alone(x64: None) -> None:
    inner = everything()
    assert lowered(L.MixedPrecision(inner)) == lowered(inner)


def test_statistics_see_the_layers_inside() -> None:
    batch = data(np.random.default_rng(0))
    block = L.Sequential(L.Dense(WIDTH, WIDTH), L.Tanh())
    inside = L.Repeat(L.MixedPrecision(block), 2)
    outside = L.MixedPrecision(L.Repeat(block, 2))
    told = []
    for model in (L.Repeat(block, 4), L.Sequential(inside, outside)):
        # The same parameters, in one stack of four or in two of two.
        params, stats = L.Repeat(block, 4).init(jax.random.key(0))
        recipe, state = run(model, report=("statistics",))
        if isinstance(model, L.Sequential):
            halves = [jax.tree.map(lambda p, s=s: p[s], params) for s in HALVES]
            params, stats = tuple(halves), (stats, stats)
        state = state._replace(params=params, stats=stats)
        _, info = jax.jit(fnn.train_step)(recipe, state, batch)
        assert info.statistics is not None
        told.append(info.statistics)
    for name in ("z", "a", "delta", "weight", "gradient"):
        plain, mixed = (getattr(statistics, name) for statistics in told)
        assert len(mixed) == 4
        np.testing.assert_allclose(mixed, plain, rtol=0.02)
