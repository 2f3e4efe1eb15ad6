"""What `fnn.explain` returns: plain data that prints as a derivation."""

from typing import Any, NamedTuple

import numpy as np

from fnn.training import derivation
from fnn.training.notation import TeX, Text

Arrays = dict[str, np.ndarray]


class LayerPass(NamedTuple):
    """What one layer takes and gives, on the way forward and on the way back.

    Attributes:
        place: where it stands, such as "0", or "1.0" in a Sequential inside another.
        kind: its class, such as "Dense".
        layer: as it prints.
        input_name: "x", or the output name of the layer before.
        input: what it takes.
        output_name: "z0" for the affine map 0, "a0" for the activation after it;
            a prime for what a normalization or dropout makes of either.
        output: what it gives.
        slope: f'(z) of an elementwise activation, None for other layers.
        output_gradient: dC/d output; of an affine map, delta = dC/dz.
        input_gradient: dC/d input.
        parameters: by name, such as "w" and "b".
        gradients: dC/d parameter, with the penalty's share.
        penalty_gradients: that share; empty without a penalty.
        updates: what a plain gradient step adds to each parameter, None if the
            optimizer is not SGD.
    """

    place: str
    kind: str
    layer: str
    input_name: str
    input: np.ndarray
    output_name: str
    output: np.ndarray
    slope: np.ndarray | None
    output_gradient: np.ndarray
    input_gradient: np.ndarray
    parameters: Arrays
    gradients: Arrays
    penalty_gradients: Arrays
    updates: Arrays | None


class Explanation(NamedTuple):
    """What `fnn.explain` returns; printing it gives the derivation as text.

    Attributes:
        dtype: of all numbers.
        x: the example.
        target: what it should give: a label, or values.
        layers: one `LayerPass` for each layer, in order.
        loss_name: as it prints, such as "HalfSquaredError()".
        loss: of the example, without the penalty.
        loss_gradient: dC/d prediction.
        penalty: its value, or None.
        learning_rate: of the plain gradient step, None if the optimizer is not SGD.
        loss_after: of the example after that step.
    """

    dtype: str
    x: np.ndarray
    target: np.ndarray
    layers: tuple[LayerPass, ...]
    loss_name: str
    loss: float
    loss_gradient: np.ndarray
    penalty: float | None
    learning_rate: float | None
    loss_after: float | None

    @property
    def prediction(self) -> np.ndarray:
        """The last layer's output."""
        return self.layers[-1].output if self.layers else self.x

    def text(self, digits: int | None = 6) -> str:
        """The derivation in plain text.

        Args:
            digits: significant ones of each number; None for all.
        """
        return derivation.as_text(self, Text(digits))

    def markdown(self, digits: int | None = 6) -> str:
        """The derivation in Markdown, its formulas in `$$...$$`.

        Args:
            digits: significant ones of each number; None for all.
        """
        return derivation.as_markdown(self, TeX(digits))

    def as_dict(self) -> dict[str, Any]:
        """All of it as lists, numbers and names, ready for JSON."""
        return _plain(self)

    def __str__(self) -> str:
        return self.text()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
