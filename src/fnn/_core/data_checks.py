"""Every check of arrays of examples, and its wording; `checks` says how."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import describe, is_concrete, is_python_number


def check_inputs(x: Any, name: str = "x") -> None:
    """Raise unless `x` is a non-empty floating array (B, ...), finite if concrete."""
    check_array(name, x)
    if jnp.ndim(x) < 2:
        raise ValueError(
            f"{name} must have shape (B, n): one row an example; got {jnp.shape(x)}. "
            f"For one example write {name}[None]."
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(
            f"{name} must be floating, got {x.dtype}. Write {name}.astype(np.float32)."
        )
    if 0 in jnp.shape(x):
        raise ValueError(
            f"{name} must hold at least one example with one feature, got an empty "
            f"array of shape {jnp.shape(x)}."
        )
    check_finite(name, x)


def check_array(name: str, value: Any) -> None:
    """Raise TypeError unless `value` is a NumPy or JAX array."""
    if not isinstance(value, np.ndarray | np.generic | jax.Array):
        raise TypeError(
            f"{name} must be a NumPy or JAX array, got {type(value).__name__}. "
            f"Write np.asarray({name})."
        )


def check_shaped(name: str, value: Any) -> None:
    """Raise TypeError unless `value` has a shape, and a dtype that JAX keeps."""
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        raise TypeError(
            f"{name} must be an array or a jax.ShapeDtypeStruct, got {describe(value)}."
        )
    kept = jax.dtypes.canonicalize_dtype(value.dtype)
    if kept != value.dtype:
        raise TypeError(
            f"{name} must be {kept}, as 64 bits are not enabled, got {value.dtype}. "
            f"Write {name}.astype(np.{kept})."
        )


def check_compiled_input(shape: tuple[int, ...], dtype: Any, x: Any) -> None:
    """Raise unless x is an array of the shape and dtype that was compiled for."""
    # The way of every call, at 0.2 us: reasons are looked for only where it is wrong.
    try:
        if x.shape == shape and x.dtype == dtype:
            return
    except AttributeError:
        pass
    check_array("x", x)
    if x.shape != shape:
        raise ValueError(
            f"x must have shape {shape}, which was compiled for, got {x.shape}. Call "
            "fnn.compile_predict with this x, or pad it with rows to leave out again."
        )
    raise TypeError(
        f"x must be {dtype}, which was compiled for, got {x.dtype}. Write "
        f"x.astype(np.{dtype})."
    )


def check_finite(name: str, value: Any) -> None:
    """Raise ValueError if a concrete floating array holds a NaN or an infinity."""
    if not is_concrete(value) or not jnp.issubdtype(value.dtype, jnp.floating):
        return
    finite = np.isfinite(np.asarray(value, dtype=np.float64))
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0]) if finite.ndim else 0
        raise ValueError(
            f"{name} must be finite, got {int((~finite).sum())} NaN or infinite "
            f"entries, the first in row {row}. Remove or replace them."
        )


def check_examples(data: Any) -> None:
    """Raise TypeError unless `data` is a pair, or a triple, as `Batch` is."""
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        what = (
            f"{len(data)} items" if isinstance(data, tuple | list) else describe(data)
        )
        raise TypeError(
            "data must be an fnn.Batch or a tuple (x, y) or (x, y, weight), "
            f"got {what}."
        )


def check_batch(x: Any, y: Any, weight: Any) -> None:
    """Raise unless x (B, ...), y (B, ...) and weight (B,) or None fit together."""
    check_inputs(x)
    check_array("y", y)
    _check_numbers("y", y)
    rows = jnp.shape(x)[0]
    if jnp.shape(y)[:1] != (rows,):
        raise ValueError(
            f"y must have one row for each of the {rows} rows of x, "
            f"got shape {jnp.shape(y)}."
        )
    check_finite("y", y)
    if weight is None:
        return
    check_array("weight", weight)
    _check_numbers("weight", weight)
    if jnp.shape(weight) != (rows,):
        raise ValueError(
            f"weight must have shape ({rows},), one for each row of x, "
            f"got {jnp.shape(weight)}."
        )
    check_finite("weight", weight)
    if is_concrete(weight):
        values = np.asarray(weight)
        if (values < 0).any() or values.sum() == 0:
            raise ValueError(
                "weight must be at least 0 with a sum above 0, "
                f"got a minimum of {values.min()} and a sum of {values.sum()}. "
                "Write 0 for the examples to leave out."
            )


def check_labels(y: Any, classes: int | None = None, name: str = "y") -> None:
    """Raise unless `y` holds labels (B,), where concrete 0 to classes - 1."""
    if jnp.ndim(y) != 1 or not jnp.issubdtype(y.dtype, jnp.integer):
        one = jnp.ndim(y) == 1
        way = f"{name}.astype(np.int32)" if one else f"np.argmax({name}, axis=1)"
        raise TypeError(
            f"{name} must be class numbers, integers of shape (B,), got {describe(y)}. "
            f"Write {way}."
        )
    if classes is None or not is_concrete(y):
        return
    values = np.asarray(y)
    wrong = (values < 0) | (values >= classes)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{name} must be class numbers from 0 to {classes - 1}, got "
            f"{values[row]} in row {row}. Renumber them, or allow for more classes."
        )


def check_several_classes(prediction: Any) -> None:
    """Raise unless an example's prediction has at least two entries."""
    if prediction.shape[-1] < 2:
        raise ValueError(
            "the model must have at least 2 outputs, one a class, got 1. For yes or no "
            "use one output and fnn.losses.SigmoidCrossEntropy."
        )


def check_probabilities(y: Any) -> None:
    """Raise unless targets, where concrete, lie in [0, 1]."""
    if not is_concrete(y):
        return
    values = np.asarray(y)
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"y must lie in 0 to 1 for this loss, got {values[wrong][0]} in row {row}. "
            "Rescale the targets."
        )


def check_signs(y: Any) -> None:
    """Raise unless targets, where concrete, are -1 or 1."""
    if not is_concrete(y):
        return
    values = np.asarray(y)
    wrong = (values != -1) & (values != 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise ValueError(
            f"y must be -1 or 1 for this loss, got {values[wrong][0]} in row {row}. "
            "For labels 0 and 1 write 2 * y - 1."
        )


def check_predictions(prediction: Any, target: Any) -> None:
    """Raise unless (B, K) outputs and (B,) labels or (B, K) rows fit together."""
    check_array("prediction", prediction)
    check_array("target", target)
    shape = jnp.shape(prediction)
    if len(shape) != 2 or jnp.shape(target) not in (shape, shape[:1]):
        raise ValueError(
            "prediction must be (B, K) and target (B,) or (B, K), got "
            f"{shape} and {jnp.shape(target)}."
        )
    if shape[1] == 1:
        raise ValueError(
            "prediction must have at least two outputs, got 1, which is always the "
            "highest. Use fnn.metrics.binary_accuracy."
        )
    if jnp.ndim(target) == 1:
        check_labels(target, shape[1], name="target")


def check_answers(prediction: Any, target: Any) -> None:
    """Raise unless outputs and targets have the same shape."""
    check_array("prediction", prediction)
    check_array("target", target)
    if jnp.shape(prediction) != jnp.shape(target):
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{jnp.shape(prediction)} and {jnp.shape(target)}."
        )


def check_fraction(fraction: Any, rows: int) -> None:
    """Raise unless a share of the rows and the rest are both non-empty."""
    if not is_python_number(fraction):
        raise TypeError(f"fraction must be a number, got {describe(fraction)}.")
    if not 0 < fraction < 1 or not 0 < round(rows * fraction) < rows:
        raise ValueError(
            "fraction must lie between 0 and 1 and leave examples in both parts, got "
            f"{fraction} of {rows} examples."
        )


def _check_numbers(name: str, value: Any) -> None:
    if jnp.issubdtype(value.dtype, jnp.number) or value.dtype == np.bool_:
        return
    raise TypeError(
        f"{name} must hold numbers, got {value.dtype}. For names of classes write "
        f"np.unique({name}, return_inverse=True)[1], their numbers."
    )
