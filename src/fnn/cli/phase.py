"""`fnn phase`: whether signals and deltas will fade, stay or grow, by theory."""

import math
from dataclasses import dataclass

import fnn
from fnn._core.checks import Range, check_range
from fnn.cli.options import ACTIVATIONS, Activation, Json, Plot, check_plot
from fnn.cli.output import console, print_json, spelled

# Of `fnn.theory.Phase`, in the order told.
_FIELDS = ("q_star", "c_star", "chi_1", "xi_q", "xi_c", "phase", "trainable_depth")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """What mean-field theory predicts of a deep wide network before it is trained.

    With --json an infinite number is the string "inf".
    """

    activation: Activation = "tanh"
    """Between the layers."""
    weight_variance: float
    """n_in times the variance of a weight: 1 is LeCun's, 2 He's."""
    bias_variance: float = 0.0
    """Of a bias."""
    keep: float = 1.0
    """Share of the activations that dropout keeps, 1 - rate."""
    plot: Plot = None
    """Where to save the phase diagram with this network in it, as PNG."""
    json: Json = False

    def check(self) -> None:
        """Raise ValueError unless the flags are in their ranges."""
        check_range("--weight-variance", self.weight_variance, Range(above=0))
        check_range("--bias-variance", self.bias_variance, Range(at_least=0))
        check_range("--keep", self.keep, Range(above=0, at_most=1))
        check_plot(self.plot)

    def run(self, started: float) -> int:
        """Predict, tell and draw."""
        del started
        self.check()
        found = fnn.theory.phase(
            ACTIVATIONS[self.activation],
            self.weight_variance,
            self.bias_variance,
            self.keep,
        )
        if self.json:
            told = found._asdict()
            print_json(spelled({name: told[name] for name in _FIELDS}))
        else:
            self._tell(found)
        if self.plot is not None:
            from fnn.cli.plot_phase import Network, save

            network = Network(
                self.describe(),
                ACTIVATIONS[self.activation],
                self.weight_variance,
                self.bias_variance,
                self.keep,
            )
            save(self.plot, network, found)
        return 0

    def describe(self) -> str:
        """The network in words."""
        words = [
            self.activation,
            f"weight variance {self.weight_variance:g}",
            f"bias variance {self.bias_variance:g}",
        ]
        words += [f"keep {self.keep:g}"] if self.keep < 1 else []
        return ", ".join(words)

    def critical_weight_variance(self) -> float | None:
        """Where chi_1 = 1 at this bias variance; None where there is no such point."""
        try:
            point = fnn.theory.critical(
                ACTIVATIONS[self.activation], bias_variance=self.bias_variance
            )
        except ValueError:
            return None
        return self.keep * point.weight_variance

    def _tell(self, found: fnn.theory.Phase) -> None:
        out = console(False)
        out.print(f"{self.describe()}: [bold]{found.phase}[/]")
        for name, value, words in (
            ("q*", found.q_star, _LENGTHS.get(found.q_star, _LENGTH)),
            ("c*", found.c_star, "correlation of two inputs there"),
            ("chi_1", found.chi_1, f"factor on squared deltas a layer: {_fate(found)}"),
            ("xi_q", found.xi_q, "layers in which |q - q*| changes by e"),
            ("xi_c", found.xi_c, "layers in which |c - c*| falls by e"),
            ("6 xi_c", found.trainable_depth, "trainable depth, a rule of thumb"),
        ):
            out.print(f"  {name:<7} {_number(value):<10} {words}")
        critical = self.critical_weight_variance()
        if critical is not None:
            words = "without biases" if self.bias_variance == 0 else "with these biases"
            out.print(f"  chi_1 = 1 at weight variance {critical:.6g} {words}")


_LENGTH = "variance of pre-activations deep in the network"
_LENGTHS = {
    0.0: f"{_LENGTH}: signals fade",
    math.inf: f"{_LENGTH}: signals grow",
}


def _fate(found: fnn.theory.Phase) -> str:
    return {
        "ordered": "they vanish toward the input",
        "chaotic": "they explode toward the input",
        "critical": "they stay",
    }[found.phase]


def _number(value: float) -> str:
    return "infinite" if math.isinf(value) else f"{value:.6g}"
