"""JAX without a library, in the best form found."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners import plain_steps
from benchmarks.runners.loops import calls, loop
from benchmarks.turns import Candidates, Run, serve


def _params(case: Case, seed: int = 0) -> Any:
    return jax.tree.map(jnp.array, cases.weights(case, seed))


def _weights(params: Any) -> Weights:
    return [(np.asarray(w), np.asarray(b)) for w, b in params]


def steps(case: Case, step: Any = plain_steps.step) -> Run:
    """A donated step in a Python loop."""
    jitted = jax.jit(partial(step, case), donate_argnums=0)
    state = plain_steps.started(_params(case))
    return loop(case, jitted, state, lambda state: _weights(state[0]))


def deep(case: Case, checkpoint: bool = False) -> Run:
    """A donated step of a scan over layers in a Python loop."""
    made = cases.weights(case)
    w, b = (jnp.array(np.stack(arrays)) for arrays in zip(*made[:-1], strict=True))
    step = partial(plain_steps.step_deep, case, checkpoint)
    return loop(
        case,
        jax.jit(step, donate_argnums=0),
        [(w, b), jax.tree.map(jnp.array, made[-1])],
        lambda params: _weights([*zip(*params[0], strict=True), params[1]]),
    )


def epochs(case: Case) -> Run:
    """Whole epochs, each a donated program that shuffles."""
    state = plain_steps.started(_params(case))
    x, y = jax.device_put(cases.data(case))
    key = jax.random.key(0)
    passes = case.steps // (len(x) // case.batch_size)

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, key: Any, x: Any, y: Any) -> Any:
        order = plain_steps.permutation(jax.random.fold_in(key, state[-1]), len(x))
        return plain_steps.epoch(case, order, state, x, y)

    def turn() -> None:
        nonlocal state
        for _ in range(passes):
            state, _ = epoch(state, key, x, y)
        jax.block_until_ready(state)

    return Run(turn, lambda: _weights(state[0]))


def runs(case: Case) -> Run:
    """A whole run a program, compiled once, called for each network."""
    x, y = jax.device_put(cases.data(case))
    starts = [_params(case, seed) for seed in range(cases.NETWORKS)]
    keys, rates = (
        list(jax.random.split(jax.random.key(0), cases.NETWORKS)),
        cases.rates(),
    )
    found: Any = None

    @jax.jit
    def run(params: Any, key: Any, rate: Any, x: Any, y: Any) -> Any:
        def epoch(state: Any, key: Any) -> Any:
            order = jax.random.permutation(key, len(x))
            return plain_steps.epoch(case, order, state, x, y, rate)

        keys = jax.random.split(key, cases.EPOCHS)
        return lax.scan(epoch, plain_steps.started(params), keys)[0][0]

    def turn() -> None:
        nonlocal found
        given = zip(starts, keys, rates, strict=True)
        found = [run(params, key, rate, x, y) for params, key, rate in given]
        jax.block_until_ready(found)

    return Run(turn, lambda: [_weights(params) for params in found[:2]])


def adam(case: Case) -> Run:
    """The optimizer alone, donated."""
    params, gradients = jax.device_put(cases.leaves())
    state = plain_steps.started(params)
    update = jax.jit(partial(plain_steps.adam, rate=case.rate), donate_argnums=0)

    def turn() -> None:
        nonlocal state
        for _ in range(case.steps):
            state = update(state, gradients)
        jax.block_until_ready(state)

    return Run(turn, lambda: [np.asarray(leaf) for leaf in state[0]])


def forward(case: Case) -> Run:
    """The jitted network."""
    return calls(case, partial(jax.jit(plain_steps.outputs), _params(case)))


_DEEP = {
    "jax.grad of the scan": deep,
    "jax.grad, checkpoint": partial(deep, checkpoint=True),
}
CANDIDATES: Candidates = {
    "C1": {"loop": steps},
    "C1 fit": {"epoch scan": epochs},
    "C2": {"loop": steps, "epoch scan": epochs},
    "C3": {"loop": steps},
    "C3 bfloat16": {"loop": partial(steps, step=plain_steps.step_bfloat16)},
    "C4 150": _DEEP,
    "C4 1000": _DEEP,
    "C5": {"loop of jitted runs": runs},
    "C6": {"Adam": adam},
    "C7 1": {"jit": forward},
    "C7 4096": {"jit": forward},
    "C8": {"loop": steps},
}

if __name__ == "__main__":
    serve(CANDIDATES)
