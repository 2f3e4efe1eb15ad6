"""What a diagnosis found."""

import dataclasses
from typing import Any

import numpy as np

from fnn.gradients.statistics import Statistics
from fnn.health.criteria import Criteria
from fnn.health.nonfinite import NonFinite

_SHOWN = 12


@dataclasses.dataclass(frozen=True)
class HealthReport:
    """What `fnn.diagnose` measured, and its verdict; true if it is "healthy".

    Attributes:
        names: (L,) the layers with weights, by their way through the model.
        statistics: of the first pass, (L,) each.
        gain: g, the factor of rms delta a layer toward the input.
        predicted_gain: what mean-field theory gives for it, sqrt(chi_1); NaN where a
            layer with weights and an activation do not take turns.
        ratio: R, rms delta of the first layer over that of the last judged.
        verdict: "healthy", "vanishing", "exploding", "zero", "nonfinite" or
            "diverging".
        criteria: the notes' ten signs, from the trial steps.
        losses: (T,) of the trial steps.
        course: statistics of every trial step, (T, L) each.
        nonfinite: where the first value that is not finite came up, or None.

    Example:
        >>> import jax, fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 32, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> data = fnn.data.digits()
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> report = fnn.diagnose(recipe, state, (data.x[:64], data.y[:64]))
        >>> print(str(report).splitlines()[0])
        healthy: 2 layers with weights
    """

    names: tuple[str, ...]
    statistics: Statistics
    gain: float
    predicted_gain: float
    ratio: float
    verdict: str
    criteria: Criteria
    losses: np.ndarray
    course: Statistics
    nonfinite: NonFinite | None

    def __bool__(self) -> bool:
        return self.verdict == "healthy"

    def __str__(self) -> str:
        return "\n".join([*self._summary(), "", *self._table()])

    def _summary(self) -> list[str]:
        lines = [f"{self.verdict}: {len(self.names)} layers with weights"]
        if np.isfinite(self.gain):
            told = f"  delta toward the input: x {self.gain:.3g} a layer"
            if np.isfinite(self.predicted_gain):
                told += f" (theory {self.predicted_gain:.3g})"
            lines.append(f"{told}, x {self.ratio:.3g} in all")
        if self.nonfinite is not None:
            step, quantity, layer, rows = self.nonfinite
            place = "" if layer is None else f" of {layer}"
            where = f", rows {_list(rows)}" if rows else ""
            lines.append(f"  not finite first at step {step}: {quantity}{place}{where}")
        steps = len(self.losses)
        lines.append(
            f"  {steps} steps: loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}"
        )
        for kind in ("vanishing", "exploding"):
            signs = getattr(self.criteria, kind)
            if signs:
                lines.append(f"  signs of {kind} gradients: {', '.join(signs)}")
        return lines

    def _table(self) -> list[str]:
        told = self.statistics
        with np.errstate(all="ignore"):
            ratio = told.update / told.weight
        columns = (told.z, told.a, told.delta, told.gradient, ratio)
        shares = (told.dead, told.saturated)
        width = max(map(len, self.names))
        heads = ("rms z", "rms a", "delta", "dC/dW", "update/w", "dead", "saturated")
        lines = [f"  {'':{width}}" + "".join(f"{head:>11}" for head in heads)]
        for row in _rows(len(self.names)):
            if row is None:
                lines.append("  ...")
                continue
            numbers = "".join(f"{_number(column[row]):>11}" for column in columns)
            numbers += "".join(f"{_share(column[row]):>11}" for column in shares)
            lines.append(f"  {self.names[row]:{width}}{numbers}")
        return lines


def _rows(count: int) -> list[int | None]:
    """All rows of a short table; of a long one some at each end."""
    if count <= 2 * _SHOWN:
        return list(range(count))
    return [*range(_SHOWN), None, *range(count - _SHOWN, count)]


def _number(value: Any) -> str:
    return "" if np.isnan(value) else f"{value:.3g}"


def _share(value: Any) -> str:
    return "" if np.isnan(value) else f"{value:.0%}"


def _list(rows: tuple[int, ...]) -> str:
    told = ", ".join(map(str, rows[:5]))
    return told if len(rows) <= 5 else f"{told} and {len(rows) - 5} more"
