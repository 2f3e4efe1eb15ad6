"""The bundled digits as the commands use them, and the flags of a network for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import fnn
from fnn._core.checks import Range, check_batch_size, check_range, check_size
from fnn.cli.options import ACTIVATIONS, Activation, Json, check_seed
from fnn.data import Batch, Standardize, stratified_split
from fnn.layers import BatchNorm, Dropout, Layer, LayerNorm, Sequential

PIXELS, CLASSES = 64, 10

_NORMALIZATIONS: dict[str, Callable[[int], Layer] | None] = {
    "batch": BatchNorm,
    "layer": LayerNorm,
    "none": None,
}


@dataclass(frozen=True, kw_only=True)
class DigitsNetwork:
    """The flags of a multilayer perceptron for the digits, and of its batches."""

    hidden: tuple[int, ...] = (256, 128)
    """Widths of the hidden layers."""
    activation: Activation = "relu"
    """After every hidden layer."""
    normalization: Literal["batch", "layer", "none"] = "batch"
    """Before every activation."""
    dropout: float = 0.3
    """Share of the hidden units dropped in training."""
    input_dropout: float = 0.2
    """Share of the pixels dropped in training."""
    batch_size: int = 32
    """Images in a step."""
    seed: int = 0
    """Of initial weights, order of images and dropout; the test images stay."""
    json: Json = False

    def check(self, rows: int) -> None:
        """Raise ValueError unless the numbers are in their ranges.

        Args:
            rows: how many examples there are to make batches of.
        """
        for width in self.hidden:
            check_size("--hidden", width)
        rate = Range(at_least=0, below=1)
        check_range("--dropout", self.dropout, rate)
        check_range("--input-dropout", self.input_dropout, rate)
        check_seed(self.seed)
        check_size("--batch-size", self.batch_size)
        check_batch_size(self.batch_size, rows)

    def model(self) -> Sequential:
        """The multilayer perceptron from pixels to the logits of ten classes."""
        layers = fnn.layers.mlp(
            (PIXELS, *self.hidden, CLASSES),
            ACTIVATIONS[self.activation],
            normalization=_NORMALIZATIONS[self.normalization],
            dropout=self.dropout or None,
        ).layers
        if self.input_dropout:
            layers = (Dropout(self.input_dropout), *layers)
        return Sequential(*layers)

    def describe(self) -> str:
        """The network in words."""
        words = ["-".join(map(str, (PIXELS, *self.hidden, CLASSES)))]
        if self.hidden:
            words += [self.activation]
        if self.hidden and self.normalization != "none":
            words += [f"{self.normalization} norm"]
        if self.hidden and self.dropout:
            words += [f"dropout {self.dropout:g}"]
        if self.input_dropout:
            words += [f"input dropout {self.input_dropout:g}"]
        return ", ".join((*words, f"batch {self.batch_size}", f"seed {self.seed}"))


def digits() -> tuple[Batch, Batch, Batch]:
    """The bundled digits as training, validation and test data, standardized.

    The split is the same in every run, so that test results can be compared.
    """
    rest, test = stratified_split(fnn.data.digits(), 0.2, seed=0)
    train, validation = stratified_split(rest, 0.1, seed=1)
    scale = Standardize.fit(train.x, shared=True)
    train, validation, test = (
        part._replace(x=scale(part.x)) for part in (train, validation, test)
    )
    return train, validation, test
