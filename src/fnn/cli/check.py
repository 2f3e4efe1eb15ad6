"""`fnn check`: the two gradient roads on one batch of digits."""

import statistics
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from rich.table import Table

import fnn
from fnn.cli.check_all import run as run_all
from fnn.cli.options import ROADS, Check, digits, print_json
from fnn.data import Batch

_SECONDS_OF_TIMING = 0.5
_FEWEST_TIMES = 5


class Cost(NamedTuple):
    """What one compiled gradient costs.

    Attributes:
        seconds: median time.
        temporary_bytes: memory besides arguments and results, or None where the
            platform does not tell.
    """

    seconds: float
    temporary_bytes: int | None


def run(options: Check) -> int:
    """Compare, time and tell; returns the exit status, 1 if the roads disagree.

    Raises:
        ValueError: a flag is out of its range.
    """
    if options.all:
        return run_all(options)
    train, _, _ = digits()
    options.check(train)
    key = jax.random.key(options.seed)
    # The optimizer has no part in a gradient.
    recipe = fnn.Recipe(
        options.model(train),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(),
    )
    state = fnn.init(recipe, key)
    batch = next(fnn.data.batches(train, options.batch_size, key))
    reports = [
        fnn.compare_gradients(recipe, state, batch, dtype)
        for dtype in (jnp.float32, jnp.float64)
    ]
    costs = measure(recipe, state, batch, key)
    passed = all(report.passed for report in reports)
    if options.json:
        print_json(
            {
                "passed": passed,
                "reports": {report.dtype: as_dict(report) for report in reports},
                "costs": {name: cost._asdict() for name, cost in costs.items()},
                "recipe": options.describe(),
                "seed": options.seed,
            }
        )
    else:
        console = options.console
        console.print(options.describe())
        for report in reports:
            console.print(f"\n{report}", markup=False)
        console.print()
        console.print(table(costs))
    return 0 if passed else 1


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
    for program in programs.values():
        jax.block_until_ready(program(*arguments))
    times: dict[str, list[float]] = {name: [] for name in programs}
    rounds, begin = 0, time.perf_counter()
    # In turns, so that whatever else the machine does falls on both alike.
    while rounds < _FEWEST_TIMES or time.perf_counter() - begin < _SECONDS_OF_TIMING:
        for name, program in programs.items():
            start = time.perf_counter()
            jax.block_until_ready(program(*arguments))
            times[name].append(time.perf_counter() - start)
        rounds += 1
    return {
        name: Cost(statistics.median(times[name]), _temporary_bytes(program))
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
    grid = Table.grid(padding=(0, 2))
    for side in ("left", "right", "right"):
        grid.add_column(justify=side)
    grid.add_row("gradient", "median time", "temporary memory")
    for name, cost in costs.items():
        size = cost.temporary_bytes
        memory = "not told" if size is None else f"{size / 1024:,.0f} KiB"
        grid.add_row(name, f"{cost.seconds * 1e6:,.0f} us", memory)
    return grid
