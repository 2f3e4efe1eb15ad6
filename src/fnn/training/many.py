"""Many runs: grouped by structure, cut into chunks, dealt to whatever can train them.

A CPU device runs one program for each thread that waits for one, and the small
operations of a chunk keep no more than one core busy. So as many chunks are under way
as there are cores; several CPU devices, which only the user can ask for and only before
JAX starts, add nothing to that. An accelerator trains one chunk at a time.
"""

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.checks import check_batch_size, check_size
from fnn._core.sweep_checks import check_equal_steps, check_state_arrays
from fnn.data import Batch
from fnn.data.folds import Fold
from fnn.training.base import Recipe, TrainState, check_data, check_recipe, init
from fnn.training.chunks import Data, Job, Outcome, Plan, train_chunk
from fnn.training.memory import MemoryPlan, memory_plan

_LARGEST_CHUNK_ON_CPU = 16
# A core's share of the caches. Chunks whose steps fit were as fast as those of 16, from
# 32 to 512 units wide; with half as much they were up to a sixth slower.
_CACHE_BYTES = 4 * 2**20
_LARGEST_CHUNK = 1024
# Of an accelerator that does not tell its memory.
_ASSUMED_BYTES = 4 * 2**30

Group = tuple[list[int], Outcome]


def train_many(
    plan: Plan,
    recipes: Sequence[Recipe],
    keys: jax.Array,
    data: Data,
    *,
    states: Sequence[TrainState] | None = None,
    folds: Sequence[Fold] | None = None,
    shared: bool = False,
    chunk: int | None = None,
) -> list[Group]:
    """Train every run; for each structure its runs and their stacked outcome."""
    check_size("epochs", plan.epochs)
    if chunk is not None:
        check_size("chunk", chunk)
    # Restarts are one recipe many times.
    for recipe in {id(recipe): recipe for recipe in recipes}.values():
        check_recipe(recipe)
    lanes, groups = _lanes(), grouped(recipes, folds)
    for runs in groups:
        fold = None if folds is None else folds[runs[0]]
        _check_group(plan, recipes[runs[0]], runs, keys, data, states, fold)
    data = jax.device_put(data)
    if shared:
        data = data._replace(order=_order(plan, keys, data.train, states))
    made: list[Group] = []
    for runs in groups:
        fold = None if folds is None else folds[runs[0]]
        jobs = Job(
            stacked([recipes[run] for run in runs]),
            picked(keys, runs),
            None if states is None else stacked([states[run] for run in runs]),
            None if folds is None else stacked([folds[run] for run in runs]),
        )
        size = chunk or fitting_chunk(plan, recipes[runs[0]], data, fold, lanes[0])
        if chunk is None and lanes[0].platform != "cpu":
            size = share_of_a_lane(size, len(runs), len(lanes))
        made.append((runs, _in_chunks(plan, jobs, len(runs), data, size, lanes)))
    return made


def grouped(
    recipes: Sequence[Recipe], folds: Sequence[Fold] | None = None
) -> list[list[int]]:
    """The runs of each structure, and of folds of one size."""
    groups: dict[Any, list[int]] = {}
    for run, recipe in enumerate(recipes):
        fold = None if folds is None else folds[run]
        leaves, structure = jax.tree.flatten((recipe, fold))
        shapes = tuple(np.shape(leaf) for leaf in leaves)
        groups.setdefault((structure, shapes), []).append(run)
    return list(groups.values())


def stacked(trees: Sequence[Any]) -> Any:
    """Trees of one structure as one, with a new first axis, in NumPy but for keys."""

    def stack(*leaves: Any) -> Any:
        return jnp.stack(leaves) if _is_key(leaves[0]) else np.stack(leaves)

    return jax.tree.map(stack, *trees)


def picked(array: Any, rows: Any) -> Any:
    """`array[rows]` in NumPy: JAX would compile a program for each number of rows."""
    if not _is_key(array):
        return np.asarray(array)[rows]
    words = np.asarray(jax.random.key_data(array))[rows]
    impl = jax.random.key_impl(array)
    return jax.random.wrap_key_data(words, impl=impl)  # pyright: ignore


def _is_key(array: Any) -> bool:
    return jnp.issubdtype(jnp.result_type(array), jax.dtypes.prng_key)


def fitting_chunk(
    plan: Plan, recipe: Recipe, data: Data, fold: Fold | None, device: Any
) -> int:
    """How many runs to train together: what a CPU's cache or half the memory holds.

    A power of two. On a CPU at most 16, and never a matter of how many runs there are:
    so a run is the same to the last bit in any sweep. Elsewhere at most 1,024.
    """
    if device.platform == "cpu":
        needed = _plan_of(recipe, data, plan.batch_size).total
        return min(_LARGEST_CHUNK_ON_CPU, _power_of_two(_CACHE_BYTES // needed))
    memory = device.memory_stats() or {}
    free = memory.get("bytes_limit", _ASSUMED_BYTES) - memory.get("bytes_in_use", 0)
    needed = bytes_of_a_run(plan, recipe, data, fold)
    return min(_LARGEST_CHUNK, _power_of_two(max(0, free) // (2 * needed)))


def share_of_a_lane(size: int, runs: int, lanes: int) -> int:
    """A chunk for one lane's share of the runs, a power of two of at most `size`.

    So few runs neither fill a large chunk up nor all go to one lane.
    """
    share = -(-runs // lanes)
    return min(size, _power_of_two(2 * share - 1))


def bytes_of_a_run(
    plan: Plan, recipe: Recipe, data: Data, fold: Fold | None = None
) -> int:
    """An upper estimate of what one more run in a chunk needs.

    About three times what `memory_plan` counts (arguments, results, temporaries) and,
    twice, the activations of its validation.
    """
    needed = 3 * _plan_of(recipe, data, plan.batch_size).total
    if fold is not None:
        evaluated = _plan_of(recipe, data, len(fold.test))
        return needed + 2 * (evaluated.tape + evaluated.batch)
    if data.validation is not None:
        needed += 2 * memory_plan(recipe, data.validation).tape
    return needed


def _plan_of(recipe: Recipe, data: Data, rows: int) -> MemoryPlan:
    """Of a step with so many of the examples."""
    batch = jax.eval_shape(
        lambda data: jax.tree.map(lambda a: a[:rows], data), data.train
    )
    return memory_plan(recipe, batch)


def _power_of_two(most: int) -> int:
    """The largest power of two up to `most`, and 1 at least."""
    return 1 << max(0, int(most).bit_length() - 1)


def _lanes() -> list[Any]:
    """Devices, one for each chunk that may be under way at the same time."""
    if jax.config.jax_default_device is None:  # pyright: ignore
        devices = jax.local_devices()
    else:
        devices = list(jnp.empty(()).devices())
    if devices[0].platform == "cpu":
        # Not all cores, where the process may use only some.
        some = getattr(os, "sched_getaffinity", None)
        return devices[:1] * (len(some(0)) if some else os.cpu_count() or 1)
    return devices


def _in_chunks(
    plan: Plan, jobs: Job, runs: int, data: Data, size: int, lanes: Sequence[Any]
) -> Outcome:
    """Train a group's runs, `size` at a time, and put the outcomes together."""
    # Arrays of JAX and programs are made here: what `jax.enable_x64` and its like set
    # holds for this thread only.
    parts = []
    for first in range(0, runs, size):
        # The last chunk is filled up with its group's last run.
        rows = np.minimum(np.arange(first, first + size), runs - 1)
        part = jax.tree.map(lambda leaf, rows=rows: picked(leaf, rows), jobs)
        parts.append(jax.device_put(part))
    lanes = lanes[: len(parts)]
    shared = {lane: jax.device_put(data, lane) for lane in lanes}
    programs = {
        lane: train_chunk.lower(plan, jax.device_put(parts[0], lane), given).compile()
        for lane, given in shared.items()
    }
    free: SimpleQueue[Any] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def train(part: Job) -> Outcome:
        lane = free.get()
        try:
            outcome = programs[lane](jax.device_put(part, lane), shared[lane])
            return jax.block_until_ready(outcome)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as threads:
        outcomes = list(threads.map(train, parts))
    return _joined(jax.device_put(outcomes, lanes[0]), runs)


@functools.partial(jax.jit, static_argnums=1)
def _joined(outcomes: list[Outcome], runs: int) -> Outcome:
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[:runs], *outcomes)


def _order(plan: Plan, keys: jax.Array, train: Batch, states: Any) -> tuple[Any, Any]:
    """The order of the first run: its key, and the epoch it has come to."""
    if states is None:
        return picked(keys, 0), np.int32(0)
    check_equal_steps([int(state.step) for state in states])
    steps = len(train.x) // plan.batch_size
    return states[0].key, np.int32(int(states[0].step) // steps)


def _check_group(
    plan: Plan,
    recipe: Recipe,
    runs: Sequence[int],
    keys: jax.Array,
    data: Data,
    states: Sequence[TrainState] | None,
    fold: Fold | None,
) -> None:
    state = jax.eval_shape(lambda recipe, keys: init(recipe, keys[0]), recipe, keys)
    check_data(recipe, state, data.train)
    rows = len(data.train.x if fold is None else fold.train)
    check_batch_size(plan.batch_size, rows)
    if data.validation is not None:
        check_data(recipe, state, data.validation)
    if states is not None:
        check_state_arrays(states, runs, state, ("params", "stats", "opt_state"))
