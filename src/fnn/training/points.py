"""The points of a search: values by name, from lists, ranges and a key."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from fnn._core import keys
from fnn._core.checks import check_key, check_order, check_size
from fnn._core.component import Component, number
from fnn._core.sweep_checks import check_values

Point = dict[str, Any]


class Uniform(Component):
    """Values spread evenly between `low` and `high`.

    Example:
        >>> Uniform(0.0, 0.5).at(0.5)
        0.25
    """

    low: float = number()
    high: float = number()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_order(f"{type(self).__name__}.low and high", self.low, self.high)

    def at(self, fraction: float) -> float:
        """The value below which this fraction lies."""
        return self.low + fraction * (self.high - self.low)


class LogUniform(Component):
    """Values whose logarithms are spread evenly: for learning rates and penalties.

    Example:
        >>> round(LogUniform(1e-4, 1e-2).at(0.5), 6)
        0.001
    """

    low: float = number(above=0)
    high: float = number(above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_order(f"{type(self).__name__}.low and high", self.low, self.high)

    def at(self, fraction: float) -> float:
        """The value below which this fraction lies."""
        return self.low * (self.high / self.low) ** fraction


Values = Sequence[Any] | Uniform | LogUniform


def grid_points(values: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Every combination; the last name's value changes fastest."""
    check_values(values, ranges=())
    return [
        dict(zip(values, chosen, strict=True))
        for chosen in itertools.product(*values.values())
    ]


def random_points(
    values: Mapping[str, Values], key: jax.Array, runs: int
) -> list[Point]:
    """Points drawn at random; the first of them are the same for any number of runs."""
    check_key(key)
    check_size("runs", runs)
    check_values(values, ranges=(Uniform, LogUniform))

    def point(run: int) -> Point:
        fractions = jax.random.uniform(keys.for_point(key, run), (len(values),))
        return {
            name: _at(choices, float(fraction))
            for (name, choices), fraction in zip(values.items(), fractions, strict=True)
        }

    return [point(run) for run in range(runs)]


def _at(choices: Values, fraction: float) -> Any:
    if isinstance(choices, Uniform | LogUniform):
        return choices.at(fraction)
    return choices[int(fraction * len(choices))]
