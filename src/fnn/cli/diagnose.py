"""`fnn diagnose`: whether gradients vanish or explode in a deep network for digits."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

import fnn
from fnn._core.checks import check_size
from fnn.cli.deep import DeepNetwork
from fnn.cli.options import Plot, check_plot
from fnn.cli.output import console, print_json, spelled


@dataclass(frozen=True, kw_only=True)
class Diagnose(DeepNetwork):
    """Measure every layer of a deep network on a batch of digits, and some steps on it.

    The exit status is 1 if it is not healthy. With --json an infinite number is the
    string "inf", and one that could not be measured null.
    """

    steps: int = 20
    """Trial steps."""
    plot: Plot = None
    """Where to save a heat map of layers and steps, as PNG."""

    def run(self, started: float) -> int:
        """Diagnose, tell and draw."""
        del started
        check_size("--steps", self.steps)
        check_plot(self.plot)
        recipe, state, train = self.start()
        key = jax.random.key(self.seed)
        batch = next(fnn.data.batches(train, self.batch_size, key))
        report = fnn.diagnose(recipe, state, batch, steps=self.steps)
        if self.json:
            told = as_dict(report) | {"recipe": self.describe(), "seed": self.seed}
            print_json(told)
        else:
            out = console(self.json)
            out.print(self.describe())
            out.print(f"\n{report}", markup=False)
        if self.plot is not None:
            from fnn.cli.plot_health import save

            save(self.plot, report, self.describe())
        return 0 if report else 1


def as_dict(report: fnn.health.HealthReport) -> dict[str, Any]:
    """A report as plain data, without the course of the trial steps."""
    told = report.nonfinite
    return spelled(
        {
            "verdict": report.verdict,
            "healthy": bool(report),
            "gain": report.gain,
            "predicted_gain": report.predicted_gain,
            "ratio": report.ratio,
            "names": report.names,
            "statistics": {
                name: np.asarray(values, float).tolist()
                for name, values in report.statistics._asdict().items()
            },
            "losses": np.asarray(report.losses, float).tolist(),
            "vanishing": report.criteria.vanishing,
            "exploding": report.criteria.exploding,
            "nonfinite": None if told is None else told._asdict(),
        }
    )
