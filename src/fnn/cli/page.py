"""What `fnn explain` prints: the derivation, and the notes' digits beside it."""

import re

import fnn
from fnn.cli.notes import SLIPS, Beside

# Of the notes' example: as many as float64 always keeps, in Markdown as many as are the
# same on every machine, and for other networks as many as are good to read.
_DIGITS_IN_TEXT = 15
_DIGITS_IN_MARKDOWN = 12
_DIGITS_OF_OTHERS = 6

_INTRODUCTION = (
    "One example forward and back: the worked example of the notes, in float64, with "
    "their digits beside the exact ones. `fnn explain 2-2-1 --markdown` writes this "
    "page; `--json` has all digits, of which twelve stand here."
)
_BESIDE = (
    "001:545 is line 545 of the notes' file 001; C1 to C7 are the entries of the "
    "errata. The notes call the loss J, count the input as layer 1 and write z = W x + "
    "b with a row of W for each unit; here W is transposed."
)

_IN_PYTHON = """\
```python
import numpy as np

model = fnn.layers.Sequential(
    fnn.layers.Dense(2, 2),
    fnn.layers.Sigmoid(),
    fnn.layers.Dense(2, 1),
    fnn.layers.Sigmoid(),
)
recipe = fnn.Recipe(model, fnn.losses.HalfSquaredError(), fnn.optimizers.SGD(0.5))
hidden = {"w": np.array([[0.2, 0.3], [0.4, 0.7]]), "b": np.array([0.1, 0.2])}
output = {"w": np.array([[0.5], [0.6]]), "b": np.array([0.3])}
state = fnn.init(recipe, jax.random.key(0))._replace(params=(hidden, (), output, ()))
example = fnn.Batch(np.array([[0.5, 0.8]]), np.array([[1.0]]))
told = fnn.explain(recipe, state, example, np.float64)
print(told)
print(told.layers[0].gradients["w"])
```"""


def as_text(title: str, words: str, told: fnn.Explanation, rows: list[Beside]) -> str:
    """The page in plain text; without rows there are no notes to compare with."""
    digits = _DIGITS_IN_TEXT if rows else _DIGITS_OF_OTHERS
    blocks = [f"{title}: {words}", told.text(digits)]
    if rows:
        head = ("line", "the notes", "here", "printed", "exact", "verdict")
        cells = [head] + [
            (
                row.lines,
                plain(row.notes_symbol),
                row.symbol,
                row.printed,
                f"{row.value:.{_DIGITS_IN_TEXT}g}",
                plain(row.verdict),
            )
            for row in rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
        blocks.append("\n  ".join(("The notes beside it", *lines)))
        slips = (f"{lines}: {plain(words)}" for lines, words in SLIPS)
        blocks.append("\n  ".join(("Slips of the notes", *slips)))
    return "\n\n".join(blocks)


def as_markdown(
    title: str, words: str, told: fnn.Explanation, rows: list[Beside]
) -> str:
    """The page in Markdown."""
    introduction = f"One example forward and back, in float64: {words}."
    blocks = [
        f"# A worked example: {title}",
        _INTRODUCTION if rows else introduction,
        told.markdown(_DIGITS_IN_MARKDOWN if rows else _DIGITS_OF_OTHERS),
    ]
    if rows:
        table = [
            "| line | the notes | here | printed | exact | verdict |",
            "|---|---|---|---|---|---|",
        ]
        for row in rows:
            exact = f"{row.value:.{_DIGITS_IN_MARKDOWN}g}"
            table.append(
                f"| {row.lines} | ${row.notes_symbol}$ | ${row.tex}$ | {row.printed} "
                f"| {exact} | {_marked(row.verdict)} |"
            )
        slips = [f"- {lines}: {_marked(words)}" for lines, words in SLIPS]
        blocks += ["## The notes beside it", _BESIDE, "\n".join(table)]
        blocks += ["## Slips of the notes", "\n".join(slips)]
        blocks += ["## The same in Python", _IN_PYTHON]
    return "\n\n".join(blocks)


def plain(tex: str) -> str:
    r"""The notes' TeX as plain text.

    Example:
        >>> print(plain(r"\partial J/\partial W^1_{12}"))
        dJ/dW^1_12
    """
    for old, new in ((r"\partial ", "d"), ("\\", ""), ("{", ""), ("}", "")):
        tex = tex.replace(old, new)
    return tex


def _marked(words: str) -> str:
    """Words for Markdown, with what is wrong in bold."""
    slip = r"\b(wrong|missing|ambiguous)[a-z ]*"
    return re.sub(slip, r"**\g<0>**", plain(words), count=1)
