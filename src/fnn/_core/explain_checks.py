"""Checks of what can be explained on one example; `checks` says how."""

import dataclasses
from typing import Any

import jax.numpy as jnp


def check_one_example(x: Any) -> None:
    """Raise ValueError unless a batch has one row."""
    rows = jnp.shape(x)[0]
    if rows != 1:
        raise ValueError(
            f"batch must be one example, x of shape (1, n), got {rows} rows. Write "
            "fnn.data.take(batch, slice(1)) for the first."
        )


def check_no_layer(model: Any, kind: type, place: str = "model") -> None:
    """Raise ValueError if a layer that mixes examples stands anywhere in a model."""
    if isinstance(model, kind):
        raise ValueError(
            f"{place} is a {kind.__name__}, which cannot be explained on one example: "
            "its output is made of a whole batch's. Use LayerNorm, or "
            "fnn.compare_gradients on a batch."
        )
    if not dataclasses.is_dataclass(model):
        return
    for field in dataclasses.fields(model):
        value = getattr(model, field.name)
        if isinstance(value, tuple):
            for index, item in enumerate(value):
                check_no_layer(item, kind, f"{place}.{field.name}[{index}]")
        else:
            check_no_layer(value, kind, f"{place}.{field.name}")
