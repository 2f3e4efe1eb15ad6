"""How runs are cut into chunks, and dealt to several devices."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn.training.chunks import Data, Job, Plan, train_chunk
from fnn.training.many import (
    _order,  # pyright: ignore
    bytes_of_a_run,
    fitting_chunk,
    grouped,
    share_of_a_lane,
    stacked,
)
from tests.training.runs import PLAIN, clouds

DATA = Data(clouds(np.random.default_rng(0)), clouds(np.random.default_rng(1)), None)
PLAN = Plan(2, 16, (), fnn.EarlyStopping())


def device(**memory: int) -> Any:
    return SimpleNamespace(platform="gpu", memory_stats=lambda: memory or None)


@pytest.mark.parametrize(
    ("width", "chunk"), [(32, 16), (128, 16), (256, 8), (512, 4), (2048, 1)]
)
def test_a_cpu_trains_together_what_its_cache_holds(width: int, chunk: int) -> None:
    plan = PLAN._replace(batch_size=64)
    recipe = fnn.Recipe(
        fnn.layers.mlp((64, width, 10)), PLAIN.loss, fnn.optimizers.Adam()
    )
    digits = fnn.data.digits()
    cpu = jax.devices("cpu")[0]
    assert fitting_chunk(plan, recipe, Data(digits, None, None), None, cpu) == chunk
    # Validation comes once an epoch.
    assert fitting_chunk(plan, recipe, Data(digits, digits, None), None, cpu) == chunk


@pytest.mark.parametrize(
    ("runs", "lanes", "chunk"),
    [(1, 1, 1), (5, 1, 8), (5, 2, 4), (4, 2, 2), (2, 8, 1), (1000, 1, 64)],
)
def test_no_accelerator_idles_while_another_has_many_runs(
    runs: int, lanes: int, chunk: int
) -> None:
    assert share_of_a_lane(64, runs, lanes) == chunk


@pytest.mark.parametrize(
    ("runs", "chunk"),
    [(-9, 1), (0.5, 1), (2, 1), (5, 2), (63, 16), (65, 32), (1e6, 1024)],
)
def test_an_accelerator_trains_what_half_its_free_memory_holds(
    runs: float, chunk: int
) -> None:
    used = 10**6
    limit = used + int(runs * bytes_of_a_run(PLAN, PLAIN, DATA))
    lent = device(bytes_limit=limit, bytes_in_use=used)
    assert fitting_chunk(PLAN, PLAIN, DATA, None, lent) == chunk


def test_an_accelerator_that_does_not_tell_has_4_gib() -> None:
    wide = fnn.Recipe(
        fnn.layers.mlp((4, 4096, 4096, 3)), PLAIN.loss, fnn.optimizers.Adam()
    )
    known = device(bytes_limit=4 * 2**30)
    chunk = fitting_chunk(PLAN, wide, DATA, None, device())
    assert 1 <= chunk == fitting_chunk(PLAN, wide, DATA, None, known) < 1024


def test_the_estimate_of_a_run_covers_the_compiled_program() -> None:
    jobs = Job(stacked([PLAIN] * 64), jax.random.split(KEY, 64), None, None)
    memory = train_chunk.lower(PLAN, jobs, DATA).compile().memory_analysis()
    assert memory is not None
    needed = memory.temp_size_in_bytes + memory.output_size_in_bytes
    estimate = bytes_of_a_run(PLAN, PLAIN, DATA)
    assert 0.2 * estimate < needed / 64 < estimate


def test_a_shared_order_goes_on_where_the_first_run_is() -> None:
    state = fnn.init(PLAIN, KEY)
    key, epoch = _order(PLAN, KEY[None], DATA.train, None)
    assert (key, epoch) == (KEY, 0)
    states = [state._replace(step=jax.numpy.int32(7 * 3))] * 2
    key, epoch = _order(PLAN, jax.random.split(KEY), DATA.train, states)
    assert epoch == 7
    assert key is state.key


def test_groups_have_one_structure_and_folds_of_one_size() -> None:
    wide = fnn.Recipe(fnn.layers.Dense(4, 3), PLAIN.loss, PLAIN.optimizer)
    assert grouped([PLAIN, wide, PLAIN, wide]) == [[0, 2], [1, 3]]
    folds = fnn.data.k_fold(11, 3)
    assert grouped([PLAIN] * 3, folds) == [[0, 1], [2]]


SCRIPT = """
import threading
from types import SimpleNamespace
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", 2)
import fnn
from fnn.training import many
from tests.training.runs import PLAIN, clouds
keys = jax.random.split(jax.random.key(0), 5)
def swept():
    found = fnn.sweep(PLAIN, keys, clouds(np.random.default_rng(0)), epochs=1, chunk=2)
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(found.stacks)]
one = swept()
slow, fast = jax.devices()
done, both = [], threading.Event()
def lower(*given):
    program = train_chunk.lower(*given).compile()
    def train(*given):
        outcome = program(*given)
        lane, = outcome.loss.devices()
        if lane == slow: assert both.wait(60), "a second chunk for a lane at work"
        done.append(lane)
        if done == [fast, fast]: both.set()
        return outcome
    return SimpleNamespace(compile=lambda: train)
train_chunk = many.train_chunk
many.train_chunk = SimpleNamespace(lower=lower)
many._lanes = jax.devices
assert swept() == one
assert done == [fast, fast, slow]
"""


def test_chunks_are_dealt_to_all_devices_and_come_together() -> None:
    """As to several accelerators, each when it is free; else one CPU does it all."""
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


KEY = jax.random.key(0)
