"""What every loss of the catalogue keeps: dtypes, one program for all its numbers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from tests.catalogue import LOSSES, WIDTH

EACH = pytest.mark.parametrize("name", LOSSES)


def example(name: str, dtype: Any = jnp.float32) -> tuple[Any, Any, Any]:
    build, make = LOSSES[name]
    rng = np.random.default_rng(0)
    target = jnp.asarray(make(rng))[0]
    return build(), jnp.asarray(rng.normal(size=WIDTH), dtype), target


@EACH
def test_half_precision_stays_that(name: str) -> None:
    """Whatever the target's dtype: it is cast to the prediction's."""
    for dtype in (jnp.bfloat16, jnp.float16):
        loss, z, target = example(name, dtype)
        value, gradient = loss.value(z, target), loss.gradient(z, target)
        assert (value.dtype, value.shape) == (dtype, ())
        assert (gradient.dtype, gradient.shape) == (dtype, z.shape)
        assert np.isfinite(np.asarray(value, float))
        exact = loss.gradient(z.astype(jnp.float32), target)
        np.testing.assert_allclose(
            np.asarray(gradient, float), exact, rtol=0.1, atol=0.05
        )


@EACH
def test_its_numbers_are_leaves(name: str) -> None:
    """Another number is the same program, and can be differentiated by."""
    loss, z, target = example(name)
    compute = jax.jit(lambda loss: (loss.value(z, target), loss.gradient(z, target)))
    traced, alone = compute(loss), (loss.value(z, target), loss.gradient(z, target))
    np.testing.assert_allclose(traced[0], alone[0], rtol=1e-5)
    np.testing.assert_allclose(traced[1], alone[1], rtol=1e-5, atol=1e-6)
    other = jax.tree.map(lambda leaf: leaf * 0.5, loss)
    assert compute.lower(other).as_text() == compute.lower(loss).as_text()
    if "-inf" in name:
        return
    for leaf in jax.tree.leaves(jax.grad(lambda loss: loss.value(z, target))(loss)):
        assert np.isfinite(leaf)


@pytest.mark.parametrize(
    ("classes", "dtype"), [(300, "uint8"), (256, "uint8"), (128, "int8")]
)
def test_labels_of_few_bits_mark_one_class(classes: int, dtype: str) -> None:
    """A count of classes that the labels' dtype cannot hold."""
    logits = jnp.linspace(-3, 3, classes)
    loss = fnn.losses.SoftmaxCrossEntropy()
    narrow, wide = (jnp.asarray(7, kind) for kind in (dtype, "int32"))
    assert float(loss.value(logits, narrow)) == float(loss.value(logits, wide))


def test_one_output_is_no_classifier_among_classes() -> None:
    recipe = fnn.Recipe(
        fnn.layers.Dense(2, 1), fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD()
    )
    state = fnn.init(recipe, jax.random.key(0))
    batch = (np.ones((3, 2), np.float32), np.zeros((3, 1), np.float32))
    with pytest.raises(ValueError, match="SigmoidCrossEntropy"):
        fnn.train_step(recipe, state, batch)
