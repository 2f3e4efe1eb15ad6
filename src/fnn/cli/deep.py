"""The flags of a deep network of equal layers, for the commands that judge it."""

from dataclasses import dataclass
from typing import Literal

import jax

import fnn
from fnn._core.checks import Range, check_batch_size, check_range, check_size
from fnn.cli.digits import CLASSES, PIXELS, digits
from fnn.cli.options import (
    ACTIVATIONS,
    LEARNING_RATES,
    OPTIMIZERS,
    Activation,
    Json,
    Optimizer,
    Rate,
    check_seed,
)
from fnn.data import Batch
from fnn.initializers import Initializer, LeCun, Orthogonal, VarianceScaling, Zeros
from fnn.layers import Dense, Repeat, Sequential

_FEWEST_LAYERS = 3


@dataclass(frozen=True, kw_only=True)
class DeepNetwork:
    """The flags of a deep multilayer perceptron for the digits, and of its steps."""

    layers: int = 20
    """Layers with weights, from the pixels to the classes."""
    width: int = 64
    """Of the hidden layers."""
    activation: Activation = "sigmoid"
    """After every hidden layer."""
    initializer: Literal["glorot", "he", "lecun", "orthogonal", "critical"] = "glorot"
    """Of weights; critical: those of weights and biases that keep deltas."""
    gain: float = 1.0
    """Factor on the initial weights."""
    optimizer: Optimizer = "adam"
    """Gradient descent: adaptive, plain, or with momentum 0.9."""
    learning_rate: Rate = None
    """The same at every step."""
    batch_size: int = 128
    """Images in a step."""
    seed: int = 0
    """Of initial weights, and of which images are taken."""
    json: Json = False

    @property
    def rate(self) -> float:
        """The learning rate, or the optimizer's own if none is given."""
        given = self.learning_rate
        return LEARNING_RATES[self.optimizer] if given is None else given

    def check(self, rows: int) -> None:
        """Raise ValueError unless the flags are in their ranges.

        Args:
            rows: how many examples there are to make batches of.
        """
        check_size("--layers", self.layers, _FEWEST_LAYERS)
        check_size("--width", self.width)
        check_range("--gain", self.gain, Range(above=0))
        check_range("--learning-rate", self.rate, Range(at_least=0))
        check_seed(self.seed)
        check_size("--batch-size", self.batch_size)
        check_batch_size(self.batch_size, rows)

    def model(self) -> Sequential:
        """Dense and activation by turns; equal layers are compiled once."""
        weights, biases = self._initializers()
        activation = ACTIVATIONS[self.activation]

        def hidden(n_in: int) -> Dense:
            return Dense(
                n_in, self.width, weight_initializer=weights, bias_initializer=biases
            )

        return Sequential(
            hidden(PIXELS),
            activation,
            Repeat(Sequential(hidden(self.width), activation), self.layers - 2),
            Dense(self.width, CLASSES, weight_initializer=LeCun()),
        )

    def recipe(self) -> fnn.Recipe:
        """What to train and how."""
        return fnn.Recipe(
            self.model(),
            fnn.losses.SoftmaxCrossEntropy(),
            OPTIMIZERS[self.optimizer](self.rate),
        )

    def start(self) -> tuple[fnn.Recipe, fnn.TrainState, Batch]:
        """The recipe, its state before the first step, and the training images.

        Raises:
            ValueError: a flag is out of its range.
        """
        train, _, _ = digits()
        self.check(len(train.x))
        recipe = self.recipe()
        return recipe, fnn.init(recipe, jax.random.key(self.seed)), train

    def describe(self) -> str:
        """The network in words."""
        words = [f"{self.layers} layers of width {self.width}", self.activation]
        gain = "" if self.gain == 1 else f" x {self.gain:g}"
        words += [f"{self.initializer}{gain}", f"{self.optimizer} {self.rate:g}"]
        return ", ".join((*words, f"batch {self.batch_size}", f"seed {self.seed}"))

    def _initializers(self) -> tuple[Initializer, Initializer]:
        square, biases = self.gain**2, Zeros()
        match self.initializer:
            case "glorot":
                return VarianceScaling(square, mode="fan_avg"), biases
            case "he":
                return VarianceScaling(2 * square), biases
            case "lecun":
                return VarianceScaling(square), biases
            case "orthogonal":
                return Orthogonal(self.gain), biases
            case "critical":
                activation = ACTIVATIONS[self.activation]
                point = fnn.theory.critical(activation)
                _, biases = fnn.theory.critical_initializers(activation)
                return VarianceScaling(square * point.weight_variance), biases
