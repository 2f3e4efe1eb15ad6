"""Every layer's outputs have variance 1 on the batch, whatever stands between them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

L = fnn.layers
WIDTH, ROWS, DEPTH = 32, 64, 50
ACTIVATIONS = {"tanh": L.Tanh(), "relu": L.ReLU(), "sigmoid": L.Sigmoid()}


def recipe(model: L.Layer) -> fnn.Recipe:
    loss, optimizer = fnn.losses.HalfSquaredError(), fnn.optimizers.Adam()
    return fnn.Recipe(model, loss, optimizer, report=("statistics",))


def dense(bias: bool = True, **initializers: Any) -> L.Dense:
    start = {"weight_initializer": fnn.initializers.Orthogonal(), **initializers}
    return L.Dense(WIDTH, WIDTH, bias=bias, **start)


def variances(model: L.Layer, state: fnn.TrainState, x: np.ndarray) -> np.ndarray:
    """Of the outputs of every layer with weights, in NumPy, for Dense and activations.

    The stack's parameters are taken apart here, so that nothing of the library's own
    walk through the model is used.
    """
    layers = [(model, state.params)]
    if isinstance(model, L.Repeat):
        layers = [
            (model.layer, jax.tree.map(lambda leaf, i=i: leaf[i], state.params))
            for i in range(model.n)
        ]
    found, apply = [], {"Tanh": np.tanh, "ReLU": lambda z: np.maximum(z, 0)}
    apply["Sigmoid"] = lambda z: 1 / (1 + np.exp(-z))
    x = x.astype(np.float64)
    for block, params in layers:
        assert isinstance(block, L.Sequential)
        for layer, own in zip(block.layers, params, strict=True):
            if isinstance(layer, L.Dense):
                x = x @ np.asarray(own["w"], float) + np.asarray(own.get("b", 0.0))
                found.append(x.var())
            else:
                x = apply[type(layer).__name__](x)
    return np.asarray(found)


@pytest.fixture
def x(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(ROWS, WIDTH)).astype(np.float32)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("form", ["flat", "stack"])
def test_fifty_layers(name: str, form: str, x: np.ndarray) -> None:
    # Drawn ten times too small, so that there is something to do.
    small = fnn.initializers.Orthogonal(0.1)
    parts = (dense(weight_initializer=small), ACTIVATIONS[name])
    # Flat programs grow with depth; ten layers show as much.
    model = (
        L.Repeat(L.Sequential(*parts), DEPTH)
        if form == "stack"
        else L.Sequential(*parts * 10)
    )
    made = recipe(model)
    state = fnn.init(made, jax.random.key(0))
    assert not np.allclose(variances(model, state, x), 1, atol=0.5)
    after = fnn.unit_variance(made, state, x)
    np.testing.assert_allclose(variances(model, after, x), 1, atol=1e-2)
    # Scaled, and nothing else: the same directions, the same biases.
    for old, new in zip(
        *map(jax.tree.leaves, (state.params, after.params)), strict=True
    ):
        np.testing.assert_allclose(direction(new), direction(old), atol=1e-5)


def direction(leaf: Any) -> np.ndarray:
    """Each matrix divided by its norm; a bias as it is."""
    leaf = np.asarray(leaf, float)
    if leaf.shape[-2:] != (WIDTH, WIDTH):
        return leaf
    return leaf / np.linalg.norm(leaf, axis=(-2, -1), keepdims=True)


def test_once_is_exact_without_biases_and_biases_take_rounds(x: np.ndarray) -> None:
    plain = L.Sequential(dense(bias=False), L.Tanh(), dense(bias=False))
    biased = L.Sequential(
        dense(bias_initializer=fnn.initializers.Normal(0.2)),
        L.Tanh(),
        dense(bias_initializer=fnn.initializers.Normal(0.2)),
    )
    for model, tolerance in ((plain, 1e-5), (biased, 1e-2)):
        made = recipe(model)
        state = fnn.init(made, jax.random.key(1))
        state = state._replace(
            params=jax.tree.map(lambda p: 3 * p if p.ndim == 2 else p, state.params)
        )
        after = fnn.unit_variance(made, state, x)
        np.testing.assert_allclose(variances(model, after, x), 1, atol=tolerance)
        assert fnn.predict(made, after, x).dtype == jnp.float32


def test_every_container_is_looked_into(x: np.ndarray) -> None:
    """Variance 1 of every layer with weights, as `fnn.Statistics` measures it."""
    block = L.Sequential(dense(), L.ReLU())
    model = L.Sequential(
        dense(bias=False),
        L.BatchNorm(WIDTH),
        L.Tanh(),
        L.Repeat(L.Residual(L.Repeat(L.Sequential(L.LayerNorm(WIDTH), block), 2)), 3),
        L.Checkpoint(L.Sequential(dense(), L.Sigmoid())),
        L.ReZero(L.Sequential(L.BatchNorm(WIDTH), dense(bias=False))),
        L.Tied(L.Sequential(L.Tanh(), dense()), 2),
        L.Maxout(WIDTH, WIDTH, 2),
    )
    made = recipe(model)
    state = fnn.init(made, jax.random.key(2))
    after = fnn.unit_variance(made, state, x)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    tied = [s.params[6] for s in (state, after)]
    for old, new in zip(*map(jax.tree.leaves, tied), strict=True):
        np.testing.assert_array_equal(old, new)

    # The outputs once more, layer by layer, with each layer's own forward.
    def seen(layer: L.Layer, params: Any, stats: Any, x: Any) -> Any:
        found = []
        match layer:
            case L.Sequential():
                for inner, p, s in zip(layer.layers, params, stats, strict=True):
                    x, more = seen(inner, p, s, x)
                    found += more
            case L.Repeat():
                for i in range(layer.n):
                    p, s = jax.tree.map(lambda leaf, i=i: leaf[i], (params, stats))
                    x, more = seen(layer.layer, p, s, x)
                    found += more
            case L.Residual():
                y, found = seen(layer.layer, params, stats, x)
                x = x + y
            case L.ReZero():
                y, found = seen(layer.layer, params["layer"], stats, x)
                x = x + params["scale"] * y
            case L.Checkpoint():
                x, found = seen(layer.layer, params, stats, x)
            case _:
                key = jax.random.key(0)
                x = jax.vmap(
                    lambda row: layer.forward(params, stats, row, key, True)[0],
                    axis_name="batch",
                )(x)
                if isinstance(layer, L.Dense | L.Maxout):
                    found = [jnp.var(x)]
        return x, found

    found = jax.jit(lambda p, s, x: seen(model, p, s, x)[1])
    found = jax.device_get(found(after.params, after.stats, x))
    assert len(found) == 1 + 6 + 1 + 1 + 1
    np.testing.assert_allclose(found, 1, atol=1e-2)


def test_what_does_not_vary_stays_as_it_is() -> None:
    x = np.zeros((ROWS, WIDTH), np.float32)
    made = recipe(L.Sequential(dense(), L.Tanh(), dense()))
    state = fnn.init(made, jax.random.key(0))
    after = fnn.unit_variance(made, state, x)
    for old, new in zip(*map(jax.tree.leaves, (state, after)), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_state_in_bfloat16_stays_so(x: np.ndarray) -> None:
    made = recipe(L.Repeat(L.Sequential(dense(), L.Tanh()), 3))
    state = fnn.init(made, jax.random.key(0))
    half = state._replace(
        params=jax.tree.map(lambda p: (p / 8).astype(jnp.bfloat16), state.params)
    )
    after = fnn.unit_variance(made, half, x.astype(jnp.bfloat16))
    assert {leaf.dtype for leaf in jax.tree.leaves(after.params)} == {
        jnp.dtype("bfloat16")
    }
    ratios = np.asarray(after.params[0]["w"][:, 0], float) / np.asarray(
        half.params[0]["w"][:, 0], float
    )
    assert (ratios > 6).all()


def test_the_program_is_flat_in_depth_and_the_optimizer_starts_anew(
    x: np.ndarray,
) -> None:
    sizes = []
    for depth in (10, 1000):
        made = recipe(L.Repeat(L.Sequential(dense(), L.Tanh()), depth))
        state = jax.eval_shape(lambda made=made: fnn.init(made, jax.random.key(0)))
        compute = jax.jit(lambda s, x, made=made: fnn.unit_variance(made, s, x))
        sizes.append(len(compute.lower(state, x).as_text()))
    assert sizes[1] <= 1.02 * sizes[0]
    made = recipe(dense())
    state = fnn.init(made, jax.random.key(0))
    trained, _ = fnn.train_step(made, state, (x, x))
    after = fnn.unit_variance(made, trained, x)
    for old, new in zip(
        jax.tree.leaves(made.optimizer.init(after.params)),
        jax.tree.leaves(after.opt_state),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)


def test_what_it_refuses(x: np.ndarray) -> None:
    made = recipe(dense())
    state = fnn.init(made, jax.random.key(0))
    with pytest.raises(ValueError, match="takes an input of shape"):
        fnn.unit_variance(made, state, x[:, :3])
    with pytest.raises(TypeError, match="x must be floating"):
        fnn.unit_variance(made, state, x.astype(int))
    with pytest.raises(ValueError, match="x must be finite"):
        fnn.unit_variance(made, state, np.full_like(x, np.nan))
