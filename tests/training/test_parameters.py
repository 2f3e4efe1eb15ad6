"""Parameter counts, and the theorem they go with: a curve fitted by one layer."""

import jax
import jax.numpy as jnp
import pytest

import fnn
from fnn import parameter_count

L = fnn.layers

COUNTS = {
    "Dense": (L.Dense(4, 3), 15),
    "Dense without bias": (L.Dense(4, 3, bias=False), 12),
    "no parameters": (L.ReLU(), 0),
    "mlp": (L.mlp((64, 100, 50, 10)), 65 * 100 + 101 * 50 + 51 * 10),
    "BatchNorm": (L.BatchNorm(7), 14),
    "PReLU": (L.PReLU(), 1),
    "Maxout": (L.Maxout(4, 3, 5), 5 * 15),
    "Repeat": (L.Repeat(L.Dense(4, 4), 6), 6 * 20),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    layer, count = COUNTS[name]
    params, _ = layer.init(jax.random.key(0))
    shapes, _ = jax.eval_shape(lambda: layer.init(jax.random.key(0)))
    assert parameter_count(params) == parameter_count(shapes) == count


def test_one_hidden_layer_fits_a_curve() -> None:
    """sin(pi x) everywhere on [-1, 1] to 0.05, by 32 units; a line misses by 0.5."""
    data = fnn.data.sine(jax.random.key(0), 256, noise=0.0)
    x = jnp.linspace(-1, 1, 201)[:, None]

    def error(model: L.Layer) -> float:
        recipe = fnn.Recipe(
            model, fnn.losses.MeanSquaredError(), fnn.optimizers.Adam(1e-2)
        )
        state = fnn.init(recipe, jax.random.key(0))
        state, _ = fnn.fit(recipe, state, data, epochs=200)
        curve = fnn.predict(recipe, state, x)
        return float(jnp.max(jnp.abs(curve - jnp.sin(jnp.pi * x))))

    assert error(L.mlp((1, 32, 1), L.Tanh())) < 0.05
    assert error(L.Dense(1, 1)) > 0.5
