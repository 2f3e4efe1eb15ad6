"""Backprop beside autodiff: whole steps, and whole calls of `fit`, in one process.

In the race each has a process of its own, whose luck with threads and pages outweighs
what is asked here.

    python -m benchmarks.roads
"""

import functools
from collections.abc import Callable
from typing import Any

import jax

import fnn
from benchmarks import cases
from benchmarks.cases import CASES, Case
from benchmarks.peers import ensure_environment
from benchmarks.runners.fnn import recipe_of, rounded, started
from benchmarks.runners.loops import again
from fnn.cli.timing import interleave, spread

STEPS = ("C1", "C2", "C3", "C3 bfloat16", "C4 150", "C4 1000")
FITS = ("C1 fit", "C2 fit")
ROUNDS = 11


def step(case: Case, road: Any) -> Callable[[], Any]:
    """A step on one batch that lies on the device."""
    recipe = recipe_of(case, road)
    recipe = rounded(recipe) if case.half else recipe
    batch = jax.device_put(fnn.Batch(*cases.batches(case)[0]))
    jitted = jax.jit(functools.partial(fnn.train_step, recipe), donate_argnums=0)
    return again(jitted, started(recipe, cases.weights(case)), batch)


def fit(case: Case, road: Any) -> Callable[[], Any]:
    """As many epochs as in the race, with all that a call of `fit` does on the host."""
    recipe = recipe_of(case, road)
    state, data = started(recipe, cases.weights(case)), jax.device_put(cases.data(case))
    size = case.batch_size
    passes = case.steps // (len(data[0]) // size)
    return lambda: fnn.fit(recipe, state, data, epochs=passes, batch_size=size)[0]


def compare(make: Callable[[Case, Any], Callable[[], Any]], name: str) -> Any:
    """Backprop's seconds over autodiff's, round by round."""
    runs = {
        road.__name__: make(CASES[name], road) for road in (fnn.autodiff, fnn.backprop)
    }
    return interleave(runs, ROUNDS)["backprop"].ratios


def measure() -> dict[str, tuple[float, ...]]:
    """The ratios of each case, as plain data."""
    found = {name: compare(step, name) for name in STEPS}
    return found | {name: compare(fit, name) for name in FITS}


def main() -> None:
    ensure_environment()
    for name, ratios in measure().items():
        ratio = spread(ratios)
        print(f"{name:12} {ratio.median:.3f}  ({ratio.low:.3f} - {ratio.high:.3f})")


if __name__ == "__main__":
    main()
