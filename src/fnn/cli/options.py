"""The flags, and the data and the recipe that they stand for."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

import fnn
from fnn._core.checks import Range, check_batch_size, check_range, check_size
from fnn.data import Batch, Standardize, stratified_split
from fnn.layers import BatchNorm, Dropout, Layer, LayerNorm, Sequential

ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}

ACTIVATIONS = {
    "relu": fnn.layers.ReLU(),
    "tanh": fnn.layers.Tanh(),
    "sigmoid": fnn.layers.Sigmoid(),
    "identity": fnn.layers.Identity(),
}
_NORMALIZATIONS: dict[str, Callable[[int], Layer] | None] = {
    "batch": BatchNorm,
    "layer": LayerNorm,
    "none": None,
}
_OPTIMIZERS = {
    "adam": fnn.optimizers.Adam,
    "sgd": fnn.optimizers.SGD,
    "momentum": fnn.optimizers.Momentum,
}
# Tried with and without normalization, with every activation. The velocity of momentum
# 0.9 sums ten gradients, so its rate is a tenth of plain descent's.
_LEARNING_RATES = {"adam": 0.002, "sgd": 0.3, "momentum": 0.03}
_RATES_IN_WORDS = ", ".join(f"{rate} {name}" for name, rate in _LEARNING_RATES.items())

_Flag = Annotated[
    bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help_behavior_hint="")
]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The flags of every command."""

    hidden: tuple[int, ...] = (256, 128)
    """Widths of the hidden layers."""
    activation: Literal["relu", "tanh", "sigmoid", "identity"] = "relu"
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
    json: _Flag = False
    """Print one JSON object and nothing else on stdout."""

    @property
    def console(self) -> Console:
        """Where to tell a human: stdout is for the JSON object if that is asked."""
        return Console(stderr=self.json, highlight=False, soft_wrap=True)

    def check(self, train: Batch) -> None:
        """Raise ValueError unless the numbers are in their ranges."""
        for width in self.hidden:
            check_size("--hidden", width)
        rate = Range(at_least=0, below=1)
        check_range("--dropout", self.dropout, rate)
        check_range("--input-dropout", self.input_dropout, rate)
        check_seed(self.seed)
        check_size("--batch-size", self.batch_size)
        check_batch_size(self.batch_size, len(train.x))

    def model(self, train: Batch) -> Sequential:
        """The multilayer perceptron from pixels to the logits of ten classes."""
        layers = fnn.layers.mlp(
            (train.x.shape[1], *self.hidden, 10),
            ACTIVATIONS[self.activation],
            normalization=_NORMALIZATIONS[self.normalization],
            dropout=self.dropout or None,
        ).layers
        if self.input_dropout:
            layers = (Dropout(self.input_dropout), *layers)
        return Sequential(*layers)

    def describe(self) -> str:
        """The recipe in words."""
        words = ["-".join(map(str, (64, *self.hidden, 10)))]
        if self.hidden:
            words += [self.activation]
        if self.hidden and self.normalization != "none":
            words += [f"{self.normalization} norm"]
        if self.hidden and self.dropout:
            words += [f"dropout {self.dropout:g}"]
        if self.input_dropout:
            words += [f"input dropout {self.input_dropout:g}"]
        return ", ".join((*words, f"batch {self.batch_size}", f"seed {self.seed}"))


@dataclass(frozen=True, kw_only=True)
class Train(Options):
    """Train a multilayer perceptron on 1,797 digits and test it on 359 of them."""

    optimizer: Literal["adam", "sgd", "momentum"] = "adam"
    """Gradient descent: adaptive, plain, or with momentum 0.9."""
    learning_rate: Annotated[
        float | None,
        tyro.conf.arg(
            metavar="FLOAT", help_behavior_hint=f"(default: {_RATES_IN_WORDS})"
        ),
    ] = None
    """The highest, after one epoch of warm-up; it falls to 0 along a cosine."""
    epochs: int = 60
    """Passes over the training images."""
    gradient: Literal["autodiff", "backprop"] = "autodiff"
    """Automatic or hand-derived gradients."""
    plot: Path = Path("fnn-digits.png")
    """Where to save learning curves and confusion matrix, as PNG."""
    no_plot: _Flag = False
    """Save no plot."""

    @property
    def peak(self) -> float:
        """The learning rate, or the optimizer's own if none is given."""
        given = self.learning_rate
        return _LEARNING_RATES[self.optimizer] if given is None else given

    def check(self, train: Batch) -> None:
        """Raise ValueError unless the flags are in their ranges."""
        super().check(train)
        check_range("--learning-rate", self.peak, Range(at_least=0))
        check_size("--epochs", self.epochs)
        if self.no_plot:
            return
        if self.plot.suffix.lower() != ".png":
            raise ValueError(f"--plot must end in .png, got {self.plot}.")
        if not self.plot.parent.is_dir():
            raise ValueError(f"--plot: there is no folder {self.plot.parent}.")

    def recipe(self, train: Batch) -> fnn.Recipe:
        """What to train and how."""
        steps = len(train.x) // self.batch_size
        total = steps * self.epochs
        # One epoch of warm-up, but at most a tenth of a short run.
        schedule = fnn.schedules.Cosine(
            self.peak, total_steps=total, warmup_steps=min(steps, total // 10)
        )
        return fnn.Recipe(
            self.model(train),
            fnn.losses.SoftmaxCrossEntropy(),
            _OPTIMIZERS[self.optimizer](schedule),
            gradient=ROADS[self.gradient],
        )

    def describe(self) -> str:
        """The recipe in words."""
        return (
            f"{super().describe()}, {self.optimizer} {self.peak:g}, "
            f"epochs {self.epochs}, {self.gradient}"
        )


@dataclass(frozen=True, kw_only=True)
class Check(Options):
    """Compare hand-derived with automatic gradients: difference, time and memory.

    The exit status is 1 if they disagree.
    """

    all: _Flag = False
    """Instead of one recipe, every layer, loss and penalty there is, each alone."""


@dataclass(frozen=True, kw_only=True)
class Explain:
    """One example's pass, forward and back, with every number on the way, in float64.

    2-2-1 is the worked example of the notes, with their digits beside the exact ones.
    Other networks have seeded weights and a seeded example; one from 64 pixels to 10
    classes reads a digit.
    """

    sizes: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SIZES")] = (
        "2-2-1"
    )
    """Widths from input to output, such as 4-3-2."""
    activation: Literal["relu", "tanh", "sigmoid", "identity"] = "sigmoid"
    """After every hidden layer; after the output too if the loss is a squared error."""
    loss: Literal[
        "usual",
        "half-squared-error",
        "mean-squared-error",
        "softmax-cross-entropy",
        "sigmoid-cross-entropy",
    ] = "usual"
    """usual: half-squared-error, for digits softmax-cross-entropy."""
    learning_rate: float = 0.5
    """Of the gradient step at the end."""
    seed: Annotated[
        int | None, tyro.conf.arg(metavar="INT", help_behavior_hint="(default: 0)")
    ] = None
    """Of weights and example; if given, those of 2-2-1 are not the notes' either."""
    markdown: _Flag = False
    """Print Markdown with formulas."""
    json: _Flag = False
    """Print one JSON object and nothing else on stdout."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """fnn's networks beside the models of scikit-learn, on the same folds.

    Accuracy of labels, R2 of values; inputs standardized on each training part.
    """

    data: tuple[Literal["digits", "breast-cancer", "wine", "diabetes"], ...] = (
        "digits",
        "breast-cancer",
        "wine",
        "diabetes",
    )
    """The data sets; all come with fnn or scikit-learn."""
    folds: int = 5
    """Parts of a data set; each is the test part once."""
    seed: int = 0
    """Of folds, initial weights, order, dropout and forests."""
    json: _Flag = False
    """Print one JSON object and nothing else on stdout."""


def parse(args: Sequence[str] | None) -> Train | Check | Explain | Compare:
    """The options of a command line; a word that is none ends with status 2."""
    return tyro.extras.subcommand_cli_from_dict(
        {"train": Train, "check": Check, "explain": Explain, "compare": Compare},
        prog="fnn",
        description="Feedforward networks in JAX, tried on handwritten digits.",
        args=args,
    )


def check_seed(seed: int) -> None:
    """Raise ValueError unless a seed is one that every key takes."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be from 0 to 2^32 - 1, got {seed}.")


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


def print_json(result: dict[str, Any]) -> None:
    """Print one line of JSON, with null for what JSON has no word for: nan, inf."""
    plain = json.loads(json.dumps(result), parse_constant=lambda _: None)
    print(json.dumps(plain))
