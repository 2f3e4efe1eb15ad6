"""`fnn explain`: one example's pass, forward and back, with all its numbers."""

import itertools
import re
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from fnn._core.checks import Range, check_range, check_size
from fnn.cli.notes import PARAMS, SIZES, SLIPS, X, Y, beside
from fnn.cli.options import ACTIVATIONS, Explain, check_seed, digits, print_json
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


def run(options: Explain) -> int:
    """Explain and tell; returns the exit status.

    Raises:
        ValueError: an argument is out of its range.
    """
    sizes = _sizes(options)
    with jax.enable_x64(True):
        case = _case(options, sizes)
        told = fnn.explain(case.recipe, case.state, case.batch, jnp.float64)
    rows = beside(told) if case.is_notes else []
    title = (
        f"{options.sizes}, {options.activation}, {told.loss_name.removesuffix('()')}"
    )
    if options.json:
        print_json(
            {
                "network": title,
                "example": case.words,
                "prediction": told.prediction.tolist(),
                **told.as_dict(),
                "notes": [row._asdict() for row in rows],
                "slips": [{"lines": lines, "words": words} for lines, words in SLIPS]
                if rows
                else [],
            }
        )
    elif options.markdown:
        print(as_markdown(title, case.words, told, rows))
    else:
        print(as_text(title, case.words, told, rows))
    return 0


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
    reads_digit = sizes[0] == 64 and sizes[-1] == 10
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
        batch = Batch(X, Y)
        return Case(recipe, state, batch, "the worked example of the notes", own)
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
