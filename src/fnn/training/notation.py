"""How a derivation is written: the same symbols and numbers as plain text or TeX.

A symbol is a letter, the number of its affine map and primes: "z0", "a1'", "x". Affine
maps count from 0 (errata C3), units from 1.
"""

import re
from typing import Any

import numpy as np

Units = tuple[int, ...]

# What is longer than this is told in a few words; `Explanation.as_dict` has it all.
_MOST_ENTRIES = 36


# An activation that prints like this: f(Z) in text and TeX, f'(Z) in terms of A.
_FUNCTIONS = {
    "Sigmoid()": ("1 / (1 + exp(-Z))", r"\frac{1}{1 + e^{-Z}}"),
    "Tanh()": ("tanh Z", r"\tanh Z"),
    "ReLU()": ("max(Z, 0)", r"\max(Z, 0)"),
    "Identity()": ("Z", "Z"),
}
_SLOPES = {
    "Sigmoid()": ("A * (1 - A)", r"A \cdot (1 - A)"),
    "Tanh()": ("(1 - A) * (1 + A)", r"(1 - A) \cdot (1 + A)"),
    "ReLU()": ("[A > 0]", "[A > 0]"),
    "Identity()": ("1", "1"),
}
# A loss that prints like this, of a prediction A and a target Y: its formula, and that
# of its gradient.
_LOSSES = {
    "HalfSquaredError()": (
        ("1/2 sum_k (A_k - Y_k)^2", "A - Y"),
        (r"\tfrac{1}{2} \sum_k (A_k - Y_k)^2", "A - Y"),
    ),
    "MeanSquaredError()": (
        ("1/K sum_k (A_k - Y_k)^2", "2/K (A - Y)"),
        (r"\tfrac{1}{K} \sum_k (A_k - Y_k)^2", r"\tfrac{2}{K} (A - Y)"),
    ),
    "SoftmaxCrossEntropy()": (
        ("-sum_k Y_k log softmax(A)_k", "softmax(A) - Y"),
        (
            r"-\sum_k Y_k \log \mathrm{softmax}(A)_k",
            r"\mathrm{softmax}(A) - Y",
        ),
    ),
    "SigmoidCrossEntropy()": (
        ("sum_k log(1 + exp(A_k)) - Y_k A_k", "1 / (1 + exp(-A)) - Y"),
        (r"\sum_k \log(1 + e^{A_k}) - Y_k A_k", r"\frac{1}{1 + e^{-A}} - Y"),
    ),
}


class Text:
    """Plain text: z0[1], delta0, dC/dW0[1,2], [0.5, 0.8].

    Example:
        >>> Text().symbol("z0", (1,)), Text().gradient("W0", (1, 2))
        ('z0[1]', 'dC/dW0[1,2]')
    """

    tex = False
    times = " * "
    entrywise = " * "
    half = "1/2 "

    def __init__(self, digits: int | None = None) -> None:
        self.digits = digits

    def symbol(self, name: str, units: Units = ()) -> str:
        return name + (f"[{_list(units)}]" if units else "")

    def gradient(self, name: str, units: Units = (), of: str = "C") -> str:
        """The derivative of the loss; for the output z of an affine map, `delta`."""
        delta = delta_name(name)
        if delta:
            return self.symbol(delta, units)
        symbol = self.symbol(name, units)
        return f"d{of}/d({symbol})" if " " in symbol else f"d{of}/d{symbol}"

    def transpose(self, symbol: str) -> str:
        return f"{symbol}^T"

    def slope(self, name: str, units: Units = ()) -> str:
        return f"f'({self.symbol(name, units)})"

    def number(self, value: Any) -> str:
        """All digits that tell the number from its neighbours, or so many."""
        if value == 0:
            return "0"  # And not -0, where a slope of 0 met a negative number.
        if self.digits is None or np.issubdtype(np.asarray(value).dtype, np.integer):
            return str(value).removesuffix(".0")
        return f"{float(value):.{self.digits}g}"

    def factor(self, value: Any) -> str:
        """A number inside a product or after a minus: a negative one in brackets."""
        word = self.number(value)
        return f"({word})" if word.startswith("-") else word

    def values(self, array: Any) -> str:
        """A number, a vector or a matrix; of a large one only what it is like."""
        array = np.asarray(array)
        if array.size > _MOST_ENTRIES or array.ndim > 2:
            shape = " x ".join(map(str, array.shape))
            return self.words(
                f"{shape} values from {array.min():.6g} to {array.max():.6g}, "
                f"norm {np.linalg.norm(array):.6g}"
            )
        if array.ndim == 0:
            return self.number(array[()])
        rows = [[self.number(value) for value in row] for row in np.atleast_2d(array)]
        return self.array(rows, array.ndim)

    def array(self, rows: list[list[str]], dimensions: int) -> str:
        inner = ", ".join(f"[{', '.join(row)}]" for row in rows)
        return f"[{inner}]" if dimensions == 2 else inner

    def words(self, words: str) -> str:
        return words

    def function(self, activation: str, z: str) -> str:
        """What an activation that prints like this makes of z."""
        known = _FUNCTIONS.get(activation)
        if known:
            return known[self.tex].replace("Z", z)
        return f"f{z}" if z.startswith("(") else f"f({z})"

    def derivative(self, activation: str, a: str) -> str:
        """Its slope from its output a, or "" if the formula is not known here."""
        known = _SLOPES.get(activation)
        return known[self.tex].replace("A", a) if known else ""

    def loss(self, name: str, prediction: str) -> list[str]:
        """The formulas of a loss and of its gradient; none of one not known here."""
        known = _LOSSES.get(name, ((), ()))[self.tex]
        return [part.replace("A", prediction).replace("Y", "y") for part in known]


class TeX(Text):
    r"""TeX for `$...$`, with nothing in it that Markdown would take for its own.

    Example:
        >>> print(TeX().symbol("z0", (1,)), TeX(3).values(np.array([0.52, -1 / 3])))
        z^{(0)}_{1} \begin{pmatrix} 0.52 & -0.333 \end{pmatrix}
    """

    tex = True
    times = r" \cdot "
    entrywise = r" \circ "
    half = r"\tfrac{1}{2} "

    def symbol(self, name: str, units: Units = ()) -> str:
        letter, number, primes = split(name)
        if not letter.isalpha():
            return rf"\text{{{name}}}"
        letter = r"\delta" if letter == "delta" else letter
        layer = f"^{{({number})}}" if number else ""
        # A second superscript: MathJax refuses x'^{(0)} unless it is in braces.
        letter = f"{{{letter}{primes}}}" if primes and layer else letter + primes
        return letter + layer + (f"_{{{_list(units)}}}" if units else "")

    def gradient(self, name: str, units: Units = (), of: str = "C") -> str:
        delta = delta_name(name)
        if delta:
            return self.symbol(delta, units)
        return rf"\frac{{\partial {of}}}{{\partial {self.symbol(name, units)}}}"

    def transpose(self, symbol: str) -> str:
        return rf"{{{symbol}}}^\top"

    def number(self, value: Any) -> str:
        word = super().number(value)
        mantissa, _, exponent = word.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else word

    def factor(self, value: Any) -> str:
        word = self.number(value)
        return f"({word})" if word.startswith("-") or "cdot" in word else word

    def array(self, rows: list[list[str]], dimensions: int) -> str:
        del dimensions
        # \cr and not \\, which some readers of Markdown take for an escaped \.
        inner = r" \cr ".join(" & ".join(row) for row in rows)
        return rf"\begin{{pmatrix}} {inner} \end{{pmatrix}}"

    def words(self, words: str) -> str:
        return rf"\text{{{words}}}"


def split(name: str) -> tuple[str, str, str]:
    """A symbol's letter, number and primes.

    Example:
        >>> split("z0'"), split("x")
        (('z', '0', "'"), ('x', '', ''))
    """
    match = re.fullmatch(r"([A-Za-z]+)(\d*)('*)", name)
    # A parameter of a layer inside a layer, such as "0.w", is no symbol.
    return (match[1], match[2], match[3]) if match else (name, "", "")


def delta_name(name: str) -> str | None:
    """The name of dC/dz for the output z of an affine map, None for anything else.

    Example:
        >>> delta_name("z1"), delta_name("a1"), delta_name("z1'")
        ('delta1', None, None)
    """
    letter, number, primes = split(name)
    return f"delta{number}" if letter == "z" and not primes else None


def _list(units: Units) -> str:
    return ",".join(map(str, units))
