"""`fnn explain`: one example's pass, forward and back, with all its numbers."""

import itertools
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import tyro

import fnn
from fnn._core.checks import Range, check_range, check_size
from fnn.cli.digits import CLASSES, PIXELS, digits
from fnn.cli.notes import PARAMS, SIZES, SLIPS, X, Y, beside
from fnn.cli.options import ACTIVATIONS, Activation, Flag, Json, check_seed
from fnn.cli.output import print_json
from fnn.cli.page import as_markdown, as_text
from fnn.data import Batch
from fnn.layers import Dense, Sequential

_LOSSES = {
    "half-squared-error": fnn.losses.HalfSquaredError(),
    "mean-squared-error": fnn.losses.MeanSquaredError(),
    "softmax-cross-entropy": fnn.losses.SoftmaxCrossEntropy(),
    "sigmoid-cross-entropy": fnn.losses.SigmoidCrossEntropy(),
}
_MOST_WEIGHTS = 1_000_000
# Up to here a derivation is spelled out, so its weights and example are short numbers.
_WIDEST_SHORT = 4


@dataclass(frozen=True, kw_only=True)
class Explain:
    """One example's pass, forward and back, with every number on the way, in float64.

    The network 2-2-1 is the worked example of the study notes that fnn implements, with
    their digits beside the exact ones. Other networks have seeded weights and a seeded
    example; one from 64 pixels to 10 classes reads a digit.
    """

    sizes: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SIZES")] = (
        "2-2-1"
    )
    """Widths from input to output, such as 4-3-2."""
    activation: Activation = "sigmoid"
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
    markdown: Flag = False
    """Print Markdown with formulas."""
    json: Json = False

    def run(self, started: float) -> int:
        """Explain and tell."""
        del started
        sizes = _sizes(self)
        with jax.enable_x64(True):
            case = _case(self, sizes)
            told = fnn.explain(case.recipe, case.state, case.batch, jnp.float64)
        rows = beside(told) if case.is_notes else []
        loss = told.loss_name.removesuffix("()")
        title = f"{self.sizes}, {self.activation}, {loss}"
        if self.json:
            slips = [{"lines": lines, "words": words} for lines, words in SLIPS]
            print_json(
                {
                    "network": title,
                    "example": case.words,
                    "prediction": told.prediction.tolist(),
                    **told.as_dict(),
                    "notes": [row._asdict() for row in rows],
                    "slips": slips if rows else [],
                }
            )
        else:
            write = as_markdown if self.markdown else as_text
            print(write(title, case.words, told, rows))
        return 0


class Case(NamedTuple):
    """What is explained.

    Attributes:
        recipe: the model, the loss and the learning rate.
        state: its parameters.
        batch: the one example.
        words: where parameters and example come from.
        is_notes: whether they and the recipe are the notes' own.
    """

    recipe: fnn.Recipe
    state: fnn.TrainState
    batch: Batch
    words: str
    is_notes: bool


def _sizes(options: Explain) -> tuple[int, ...]:
    """The widths; raises ValueError unless every argument is in its range."""
    if not re.fullmatch(r"\d+(-\d+)+", options.sizes, re.ASCII):
        raise ValueError(
            f"SIZES must be widths joined by -, such as 4-3-2, got {options.sizes}."
        )
    sizes = tuple(int(width) for width in options.sizes.split("-"))
    for width in sizes:
        check_size("SIZES", width)
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    if weights > _MOST_WEIGHTS:
        raise ValueError(
            f"SIZES must make at most {_MOST_WEIGHTS:,} weights, got {weights:,}."
        )
    check_range("--learning-rate", options.learning_rate, Range(at_least=0))
    check_seed(options.seed or 0)
    if options.markdown and options.json:
        raise ValueError("--markdown and --json exclude each other, got both.")
    if options.loss == "softmax-cross-entropy" and sizes[-1] == 1:
        raise ValueError(
            "--loss softmax-cross-entropy must have at least two outputs, got 1."
        )
    return sizes


def _case(options: Explain, sizes: tuple[int, ...]) -> Case:
    reads_digit = (sizes[0], sizes[-1]) == (PIXELS, CLASSES)
    usual = "softmax-cross-entropy" if reads_digit else "half-squared-error"
    loss = usual if options.loss == "usual" else options.loss
    activation = ACTIVATIONS[options.activation]
    layers: list[Any] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [Dense(n_in, n_out), activation]
    if loss.endswith("cross-entropy"):
        layers.pop()  # They take logits.
    optimizer = fnn.optimizers.SGD(options.learning_rate)
    recipe = fnn.Recipe(Sequential(*layers), _LOSSES[loss], optimizer)
    seed = options.seed or 0
    state = fnn.init(recipe, jax.random.key(seed))
    rng = np.random.default_rng(seed)
    if sizes == SIZES and options.seed is None:
        state = state._replace(params=_with_params(state.params, PARAMS))
        own = options.activation == "sigmoid" and loss == "half-squared-error"
        what = "the worked example" if own else "weights and example"
        return Case(recipe, state, Batch(X, Y), f"{what} of the notes", own)
    if max(sizes) <= _WIDEST_SHORT:
        dense = [part for part in state.params if part]
        short = [
            {
                "w": np.asarray(part["w"]).round(2),
                "b": rng.uniform(-0.5, 0.5, part["b"].shape).round(1),
            }
            for part in dense
        ]
        state = state._replace(params=_with_params(state.params, short))
    words = f"weights and example of seed {seed}"
    if reads_digit:
        _, _, test = digits()
        row = seed % len(test.x)
        x, label = test.x[row].astype(float), int(test.y[row])
        words = f"weights of seed {seed}, test image {row}, a {label}"
    else:
        x = rng.normal(size=sizes[0]).round(1)
        label = int(rng.integers(sizes[-1]))
    y: Any = np.array(label, np.int32)
    if loss != "softmax-cross-entropy":
        one_hot = np.eye(sizes[-1])[label]
        y = one_hot if reads_digit else rng.uniform(size=sizes[-1]).round(1)
        if loss == "sigmoid-cross-entropy":
            y = y.round()
    return Case(recipe, state, Batch(x[None], y[None]), words, False)


def _with_params(params: Any, dense: Any) -> Any:
    """The same tree with other parameters in its affine maps."""
    given = iter(dense)
    return tuple(next(given) if part else part for part in params)
