"""`fnn check`: the two gradient roads on one batch of digits."""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from rich.table import Table

import fnn
from fnn.cli.check_all import check_all
from fnn.cli.digits import DigitsNetwork, digits
from fnn.cli.options import ROADS, Flag
from fnn.cli.output import console, grid, print_json
from fnn.cli.timing import interleave
from fnn.data import Batch


@dataclass(frozen=True, kw_only=True)
class Check(DigitsNetwork):
    """Compare hand-derived with automatic gradients: difference, time and memory.

    The exit status is 1 if they disagree.
    """

    all: Flag = False
    """Instead of one network, every layer, loss and penalty there is, each alone; of
    the other flags only --seed and --json count."""

    def run(self, started: float) -> int:
        """Compare, time and tell; the exit status is 1 if the roads disagree."""
        train, _, _ = digits()
        self.check(len(train.x))
        if self.all:
            return check_all(self.seed, self.json, started)
        key = jax.random.key(self.seed)
        # The optimizer has no part in a gradient.
        recipe = fnn.Recipe(
            self.model(), fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD()
        )
        state = fnn.init(recipe, key)
        batch = next(fnn.data.batches(train, self.batch_size, key))
        reports = [
            fnn.compare_gradients(recipe, state, batch, dtype)
            for dtype in (jnp.float32, jnp.float64)
        ]
        costs = measure(recipe, state, batch, key)
        passed = all(report.passed for report in reports)
        if self.json:
            print_json(
                {
                    "passed": passed,
                    "reports": {report.dtype: as_dict(report) for report in reports},
                    "costs": {name: cost._asdict() for name, cost in costs.items()},
                    "recipe": self.describe(),
                    "seed": self.seed,
                }
            )
        else:
            out = console(self.json)
            out.print(self.describe())
            for report in reports:
                out.print(f"\n{report}", markup=False)
            out.print()
            out.print(table(costs))
        return 0 if passed else 1


class Cost(NamedTuple):
    """What one compiled gradient costs.

    Attributes:
        seconds: median time.
        temporary_bytes: memory besides arguments and results, or None where the
            platform does not tell.
    """

    seconds: float
    temporary_bytes: int | None


def measure(
    recipe: fnn.Recipe, state: fnn.TrainState, batch: Batch, key: jax.Array
) -> dict[str, Cost]:
    """Time and temporary memory of each road, compiled, warm and taken in turns."""
    arguments = jax.device_put(
        (recipe.model, recipe.loss, state.params, state.stats, batch, key)
    )
    programs = {
        name: jax.jit(road).lower(*arguments).compile() for name, road in ROADS.items()
    }
    runs = {
        name: functools.partial(program, *arguments)
        for name, program in programs.items()
    }
    timings = interleave(runs, rounds=11)
    return {
        name: Cost(timings[name].median, _temporary_bytes(program))
        for name, program in programs.items()
    }


def _temporary_bytes(program: Any) -> int | None:
    analysis = program.memory_analysis()
    return None if analysis is None else int(analysis.temp_size_in_bytes)


def as_dict(report: fnn.GradientReport) -> dict[str, Any]:
    """A report as plain data."""
    plain = report._asdict()
    for name in ("parameters", "terms", "witnesses"):
        plain[name] = [row._asdict() for row in plain[name]]
    return plain


def table(costs: dict[str, Cost]) -> Table:
    """The costs for a human."""
    rows = grid("gradient", "median time", "temporary memory")
    for name, cost in costs.items():
        size = cost.temporary_bytes
        memory = "not told" if size is None else f"{size / 1024:,.0f} KiB"
        rows.add_row(name, f"{cost.seconds * 1e6:,.0f} us", memory)
    return rows
