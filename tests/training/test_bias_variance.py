"""The bias-variance decomposition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.training.bias_variance import of_labels, of_values


def test_labels_by_hand() -> None:
    """Three fits, four examples: each case of Domingos' decomposition once."""
    predictions = jnp.array([[0, 1, 2, 0], [0, 1, 1, 1], [0, 2, 1, 2]])
    y = jnp.array([0, 1, 2, 3])
    found = of_labels(predictions, y, 4)
    # Main predictions 0, 1, 1, 0: right, right, wrong, wrong.
    assert float(found.bias) == 0.5
    # Example 1: one of three deviates; example 2: one of three is right all the same.
    assert float(found.variance) == pytest.approx((1 / 3 - 1 / 3) / 4, abs=1e-7)
    assert float(found.loss) == pytest.approx((0 + 1 / 3 + 2 / 3 + 1) / 4)


def test_both_add_up(rng: np.random.Generator) -> None:
    labels = rng.integers(0, 5, (7, 50)), rng.integers(0, 5, 50)
    values = rng.normal(size=(7, 50, 2)), rng.normal(size=(50, 2))
    for found in (
        of_labels(*map(jnp.asarray, labels), 5),  # pyright: ignore
        of_values(*(jnp.asarray(part, jnp.float32) for part in values)),
    ):
        assert float(found.loss) == pytest.approx(
            float(found.bias + found.variance), abs=1e-5
        )


def test_values_may_be_integers() -> None:
    """As for the losses; by hand: mean predictions 2 and 0, squared deviations 1."""
    predictions = jnp.array([[[1.0], [-1.0]], [[3.0], [1.0]]])
    found = of_values(predictions, jnp.array([[2], [1]]))
    assert tuple(map(float, found)) == (1.5, 0.5, 1.0)


def test_a_small_network_is_biased_and_a_large_one_varies() -> None:
    """On noisy targets of a sine: the trade-off itself."""
    rng = np.random.default_rng(0)

    def sample(rows: int, noise: float) -> fnn.Batch:
        x = rng.uniform(-2, 2, (rows, 1)).astype(np.float32)
        y = np.sin(3 * x) + noise * rng.normal(size=x.shape)
        return fnn.Batch(x, y.astype(np.float32))

    data, test = sample(40, 0.5), sample(200, 0.0)
    found = {}
    for width, epochs in ((0, 100), (64, 600)):
        sizes = (1, *([width, width] if width else []), 1)
        model = fnn.layers.mlp(sizes, fnn.layers.Tanh())
        optimizer = fnn.optimizers.Adam(1e-2)
        recipe = fnn.Recipe(model, fnn.losses.MeanSquaredError(), optimizer)
        found[width] = fnn.bias_variance(
            recipe, jax.random.key(0), data, test, fits=8, epochs=epochs, batch_size=20
        )
    assert found[0].bias > 5 * found[64].bias
    assert found[64].variance > 2 * found[0].variance
