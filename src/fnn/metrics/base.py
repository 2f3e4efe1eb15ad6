"""What metrics share."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.trees import working_dtype


def floating(prediction: Any) -> jax.Array:
    """Predictions in the dtype of the result: their own, float32 where narrower."""
    prediction = jnp.asarray(prediction)
    if not jnp.issubdtype(prediction.dtype, jnp.floating):
        return prediction.astype(jnp.float32)
    return prediction.astype(working_dtype(prediction))
