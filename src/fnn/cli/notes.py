"""The worked 2-2-1 example of the notes: their digits, lines and slips.

"001:545" is line 545 of the notes' file 001; "C1" is an entry of the errata. The
notes' W has a row for each unit, fnn's a column, so W is transposed here (errata B9).
"""

from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

import fnn
from fnn.training.notation import TeX, Text

SIZES = (2, 2, 1)
X, Y = np.array([[0.5, 0.8]]), np.array([[1.0]])
PARAMS = (
    {"w": np.array([[0.2, 0.3], [0.4, 0.7]]), "b": np.array([0.1, 0.2])},
    {"w": np.array([[0.5], [0.6]]), "b": np.array([0.3])},
)


class Printed(NamedTuple):
    """A quantity, what the notes print for it and where.

    Attributes:
        lines: of the notes, or "" where they do not give it.
        symbol: that of the notes, in TeX.
        digits: as printed, or "".
        layer: number of the layer, in `Explanation.layers`.
        field: of its `LayerPass`, such as "output", or a parameter of its gradients.
        entry: index in that array, from 0.
        remark: what else is wrong with it.
    """

    lines: str
    symbol: str
    digits: str
    layer: int
    field: str
    entry: tuple[int, ...]
    remark: str = ""


class Beside(NamedTuple):
    """The notes' digits beside the exact value.

    Attributes:
        lines: of the notes.
        notes_symbol: theirs, in TeX.
        symbol: fnn's, as plain text.
        tex: fnn's, in TeX.
        printed: the notes' digits.
        value: the exact one.
        verdict: in words.
    """

    lines: str
    notes_symbol: str
    symbol: str
    tex: str
    printed: str
    value: float
    verdict: str


_LABEL = r"wrong label: this is \partial J/\partial a^2, not z^2 (C5)"
_MISSING = "missing entry: W^1 has four (C1)"

_TABLE = (
    Printed("001:545", "z^2_1", "0.52", 0, "output", (0,)),
    Printed("001:548", "z^2_2", "0.91", 0, "output", (1,)),
    Printed("001:559", "a^2_1", "0.627", 1, "output", (0,)),
    Printed("001:562", "a^2_2", "0.713", 1, "output", (1,)),
    Printed("001:576", "z^3", "1.0413", 2, "output", (0,)),
    Printed("001:581", "a^3", "0.739", 3, "output", (0,)),
    Printed("001:597", "J", "0.03406", 3, "loss", ()),
    Printed("", r"\partial J/\partial a^3", "", 3, "output_gradient", (0,)),
    Printed("001:608", r"\sigma'(z^3)", "0.1929", 3, "slope", (0,)),
    Printed(
        "001:611", r"\partial J/\partial z^3", "-0.0503", 2, "output_gradient", (0,)
    ),
    Printed(
        "001:619",
        r"\partial J/\partial W^2_1",
        "-0.03155",
        2,
        "w",
        (0, 0),
        "wrong product: the printed factors give -0.03154 (C7)",
    ),
    Printed(
        "001:622",
        r"\partial J/\partial W^2_2",
        "-0.03587",
        2,
        "w",
        (1, 0),
        "wrong product: the printed factors give -0.03586 (C7)",
    ),
    Printed("001:629", r"\partial J/\partial b^2", "-0.0503", 2, "b", (0,)),
    Printed(
        "001:640",
        r"\partial J/\partial z^2_1",
        "-0.02515",
        1,
        "output_gradient",
        (0,),
        _LABEL,
    ),
    Printed(
        "001:640",
        r"\partial J/\partial z^2_2",
        "-0.03018",
        1,
        "output_gradient",
        (1,),
        _LABEL,
    ),
    Printed("001:645", r"\sigma'(z^2_1)", "0.2339", 1, "slope", (0,)),
    Printed("001:648", r"\sigma'(z^2_2)", "0.2047", 1, "slope", (1,)),
    Printed(
        "001:653", r"\partial J/\partial z^2_1", "-0.00588", 0, "output_gradient", (0,)
    ),
    Printed(
        "001:656", r"\partial J/\partial z^2_2", "-0.00617", 0, "output_gradient", (1,)
    ),
    Printed("001:667", r"\partial J/\partial W^1_1", "-0.00294", 0, "w", (0, 0)),
    Printed("001:670", r"\partial J/\partial W^1_2", "-0.00308", 0, "w", (0, 1)),
    Printed("", r"\partial J/\partial W^1_{12}", "", 0, "w", (1, 0), _MISSING),
    Printed("", r"\partial J/\partial W^1_{22}", "", 0, "w", (1, 1), _MISSING),
    Printed("001:674", r"\partial J/\partial b^1_1", "-0.00588", 0, "b", (0,)),
    Printed("001:674", r"\partial J/\partial b^1_2", "-0.00617", 0, "b", (1,)),
    Printed("", r"\partial J/\partial x_1", "", 0, "input_gradient", (0,)),
    Printed("", r"\partial J/\partial x_2", "", 0, "input_gradient", (1,)),
)

SLIPS = (
    (
        "001:526, 573, 637",
        "wrong shape: W^2 is printed as a column, used as a row, and its transpose is "
        "a column again; with z = x W + b it is (2, 1) (C2)",
    ),
    (
        "001:539",
        "ambiguous label: W^1 leads out of layer 1 here, at 001:259 into it; fnn "
        "numbers affine maps from 0 (C3)",
    ),
    (
        "001:592",
        "wrong label: this is the half squared error; the mean squared error has no "
        "1/2 (C4)",
    ),
    (
        "001:625",
        "wrong shape: delta (a^2)^T is a row here, printed as a column (C2)",
    ),
    (
        "001:634",
        "wrong symbol: the product with sigma'(z^2) goes entry by entry (C5)",
    ),
    (
        "001:640",
        "wrong label: dJ/dz^2 is dJ/da^2; the slope comes after (C5)",
    ),
    (
        "001:667-671, 682",
        "missing entries: dJ/dW^1 has four, the column of x_2 = 0.8 is left out (C1)",
    ),
    (
        "001:679-683",
        "wrong label: these are gradients, not updates; an update is -rate times its "
        "gradient (C6)",
    ),
    (
        "001:559-674",
        "wrong values: rounded to three digits on the way, and rounded again (C7)",
    ),
)


def beside(told: fnn.Explanation) -> list[Beside]:
    """Every quantity of the example with the notes' digits, in order."""
    rows = []
    for row in _TABLE:
        layer = told.layers[row.layer]
        symbol, tex = (_symbol(write, layer, row) for write in (Text(), TeX()))
        if row.field == "loss":
            value = told.loss
        else:
            array = layer.gradients.get(row.field)
            array = getattr(layer, row.field) if array is None else array
            value = float(array[row.entry])
        verdict = _verdict(row, value)
        rows.append(
            Beside(row.lines, row.symbol, symbol, tex, row.digits, value, verdict)
        )
    return rows


def _symbol(write: Text, layer: Any, row: Printed) -> str:
    units = tuple(index + 1 for index in row.entry)
    if row.field == "loss":
        return "C"
    if row.field in layer.gradients:
        number = layer.output_name[1:]
        name = ("W" if row.field == "w" else row.field) + number
        return write.gradient(name, units)
    name = layer.input_name if "input" in row.field else layer.output_name
    if row.field == "slope":
        return write.slope(layer.input_name, units)
    return (write.gradient if "gradient" in row.field else write.symbol)(name, units)


def _verdict(row: Printed, value: float) -> str:
    """Whether the printed digits are those of the exact value, rounded."""
    if not row.digits:
        return row.remark or "not in the notes"
    rounded = Decimal(repr(value)).quantize(Decimal(row.digits))
    right = rounded == Decimal(row.digits)
    words = ["right" if right else f"wrong value: rounds to {rounded} (C7)"]
    return "; ".join([*words, row.remark] if row.remark else words)
