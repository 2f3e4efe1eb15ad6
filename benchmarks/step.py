"""`fnn.train_step` in a Python loop beside the same step written by hand.

The network of case C1, on one batch. All candidates are jitted with a donated state.
They take turns within one process, and then in some others: a process keeps its luck
with threads and pages.

    python -m benchmarks.step [--json]
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp

import fnn
from benchmarks import cases
from benchmarks.peers import ROOT, ensure_environment, environment
from benchmarks.runners import plain_steps
from benchmarks.runners.fnn import recipe_of, started
from benchmarks.runners.loops import again
from fnn.cli.timing import interleave, machine, spread

CASE = cases.CASES["C1"]
PROCESSES, ROUNDS, SECONDS = 3, 61, 0.02
OPEN = ", numbers as arguments"


def candidates() -> dict[str, Callable[[], Any]]:
    """By hand and by fnn on either road, from the same weights: the loss.

    Both with their numbers as constants of the program, and as arguments of it: then
    they may change from step to step.
    """
    weights, batch = cases.weights(CASE), jax.device_put(cases.batches(CASE)[0])

    def by_hand(*numbers: Any) -> Callable[[], Any]:
        step = jax.jit(partial(plain_steps.step, CASE), donate_argnums=0)
        state = plain_steps.started(jax.tree.map(jnp.array, weights))
        return again(step, state, *batch, *numbers)

    runs = {"by hand": by_hand()}
    for road in (fnn.autodiff, fnn.backprop):
        recipe = recipe_of(CASE, road)
        step = jax.jit(partial(fnn.train_step, recipe), donate_argnums=0)
        runs[f"fnn, {road.__name__}"] = _loss_of(step, recipe, weights, batch)
    numbers = jax.device_put(plain_steps.Numbers(CASE.rate))
    runs[f"by hand{OPEN}"] = by_hand(numbers)
    step = jax.jit(fnn.train_step, donate_argnums=1)
    for road in (fnn.autodiff, fnn.backprop):
        recipe = jax.device_put(recipe_of(CASE, road))
        given = partial(step, recipe)
        runs[f"fnn, {road.__name__}{OPEN}"] = _loss_of(given, recipe, weights, batch)
    return runs


def _loss_of(step: Any, recipe: Any, weights: Any, batch: Any) -> Callable[[], Any]:
    told = again(step, started(recipe, weights), fnn.Batch(*batch))
    return lambda: told().loss


def measure() -> dict[str, Any]:
    """Seconds a step, and to those by hand, of all processes, as plain data."""
    words = [sys.executable, "-m", "benchmarks.step", "--alone"]
    told = [
        json.loads(subprocess.check_output(words, cwd=ROOT, env=environment()))
        for _ in range(PROCESSES)
    ]
    return {
        name: {
            "median": median(one[name]["median"] for one in told),
            "ratios": [ratio for one in told for ratio in one[name]["ratios"]],
        }
        for name in told[0]
    }


def measure_alone() -> dict[str, Any]:
    """The same of this process."""
    runs = candidates()
    losses = {name: float(run()) for name, run in runs.items()}
    first = losses["by hand"]
    for name, loss in losses.items():
        # A fast wrong run is no run.
        assert abs(loss - first) < 1e-5, (name, loss, first)
    timings = interleave(runs, ROUNDS, SECONDS)
    return {name: timing._asdict() for name, timing in timings.items()}


def main() -> None:
    ensure_environment()
    if "--alone" in sys.argv:
        print(json.dumps(measure_alone()))
        return
    timings = measure()
    if "--json" in sys.argv:
        print(json.dumps({"machine": machine(), "timings": timings}))
        return
    for key, value in machine().items():
        print(f"{key:16} {value}")
    print(f"\n{'step':36} {'us':>7} {'to by hand':>11} {'quartiles':>13}")
    for name, row in timings.items():
        ratio = spread(row["ratios"])
        quartiles = f"{ratio.low:.2f} - {ratio.high:.2f}"
        print(
            f"{name:36} {row['median'] * 1e6:7.1f} {ratio.median:11.3f} {quartiles:>13}"
        )


if __name__ == "__main__":
    main()
