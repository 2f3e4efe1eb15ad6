"""What the referee says: one row for each term, and a verdict in words."""

from typing import NamedTuple

import numpy as np


class TermReport(NamedTuple):
    """How the hand-derived value of one term differs from the automatic one.

    Attributes:
        layer: place and kind, such as "0 Dense".
        term: a parameter's name, such as "w"; "input" for the gradient that a layer
            hands down; "gradient" for a loss or a penalty.
        size: number of entries.
        largest: largest magnitude in the automatic gradient.
        absolute: largest |backprop - autodiff| over the entries.
        relative: `absolute` over `largest`.
        cosine: of the angle between the two; 1 if both are zero.
        factor: f, if backprop is f times autodiff with f not 1; else None.
        passed: whether the difference is within the tolerance.
    """

    layer: str
    term: str
    size: int
    largest: float
    absolute: float
    relative: float
    cosine: float
    factor: float | None
    passed: bool

    def __str__(self) -> str:
        if self.passed:
            how = "right"
        elif self.factor is None:
            how = "no multiple of the automatic gradient"
        else:
            how = f"{self.factor:.6g} times the automatic gradient"
        return f"{self.layer}: {self.term} is {how}"


class Witness(NamedTuple):
    """What evaluations of the loss alone say of one parameter's gradient, in float64.

    All of them look along one random direction v in that parameter.

    Attributes:
        layer: place and kind.
        term: the parameter's name.
        differences: relative difference of central differences, extrapolated, from
            gradient . v.
        complex_step: the same for Im C(w + i h v) / h, which has no rounding error to
            speak of; None where the loss takes no complex numbers.
        slope: of log |C(w + h v) - C(w) - h gradient . v| over log h: 2 if the gradient
            is right, 1 if it is not; anything above 1 where w + h v crosses kinks, as
            of a ReLU; None where the remainder is rounding alone.
    """

    layer: str
    term: str
    differences: float
    complex_step: float | None
    slope: float | None


class GradientReport(NamedTuple):
    """The verdict of `fnn.compare_gradients`; printing it gives a table.

    It is true if all terms pass.

    Attributes:
        dtype: of the computation.
        tolerance: largest relative difference that passes.
        loss: the automatic road's loss, and `loss_difference` from backprop's.
        parameters: one row for each parameter: the two roads through the whole network.
        terms: one row for each term of each layer alone, under a random gradient from
            above and with exact zeros among its inputs: what is wrong here is wrong in
            this layer and no other.
        witnesses: for each parameter what differences of the loss say of the automatic
            gradient; empty unless the dtype is float64.
        nearer: for each parameter the road that is nearer to the float64 gradient,
            "both" within a factor of 2; empty if the dtype is float64.
        passed: whether all parameters and terms pass.
    """

    dtype: str
    tolerance: float
    loss: float
    loss_difference: float
    parameters: tuple[TermReport, ...]
    terms: tuple[TermReport, ...]
    witnesses: tuple[Witness, ...]
    nearer: tuple[str, ...]
    passed: bool

    def __bool__(self) -> bool:
        return self.passed

    @property
    def wrong(self) -> tuple[TermReport, ...]:
        """The terms to mend: those of single layers, or else those of the sweep."""
        local = tuple(row for row in self.terms if not row.passed)
        return local or tuple(row for row in self.parameters if not row.passed)

    def __str__(self) -> str:
        head = ("layer", "term", "size", "absolute", "relative", "cosine", "")
        if self.witnesses:
            head += ("differences", "complex", "slope")
        if self.nearer:
            head += ("nearer",)
        rows = [head]
        for index, row in enumerate(self.parameters):
            cells = (
                row.layer,
                row.term,
                f"{row.size:,}",
                f"{row.absolute:.1e}",
                f"{row.relative:.1e}",
                f"{row.cosine:.6f}",
                "ok" if row.passed else "WRONG",
            )
            if self.witnesses:
                cells += _cells(self.witnesses[index])
            if self.nearer:
                cells += (self.nearer[index],)
            rows.append(cells)
        verdict = "agree" if self.passed else "DISAGREE"
        count, tolerance = len(self.terms), f"tolerance {self.tolerance:.1e}"
        return "\n".join(
            [
                *_aligned(rows),
                f"backprop and autodiff {verdict} in {self.dtype}, through the network "
                f"and in {count} terms of single layers ({tolerance})",
                *map(str, self.wrong),
            ]
        )


def compare_term(
    layer: str, term: str, auto: object, hand: object, tolerance: float, noise: float
) -> TermReport:
    """A row for two arrays; `noise` is the absolute difference that always passes."""
    a, b = (np.asarray(value, np.float64).ravel() for value in (auto, hand))
    largest = float(np.abs(a).max(initial=0.0))
    absolute = float(np.abs(a - b).max(initial=0.0))
    relative = absolute / largest if largest else (np.inf if absolute else 0.0)
    # Norms of entries near the ends of the range must not overflow or vanish.
    scale = max(largest, float(np.abs(b).max(initial=0.0))) or 1.0
    a, b = a / scale, b / scale
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(a @ b) / norms if norms else float(not (a.any() or b.any()))
    passed = bool(relative <= tolerance or absolute <= noise)
    factor = None
    if not passed and a.any():
        ratio = float(a @ b / (a @ a))
        if np.abs(b - ratio * a).max() <= max(10 * tolerance, 1e-6) * np.abs(b).max():
            factor = ratio
    return TermReport(
        layer, term, a.size, largest, absolute, float(relative), cosine, factor, passed
    )


def _cells(witness: Witness) -> tuple[str, str, str]:
    exact, slope = witness.complex_step, witness.slope
    return (
        f"{witness.differences:.1e}",
        "" if exact is None else f"{exact:.1e}",
        "" if slope is None else f"{slope:.2f}",
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
