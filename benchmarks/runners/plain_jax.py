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
from benchmarks.runners.plain_steps import Numbers
from benchmarks.turns import Candidates, Run, serve

_TAKEN = 64
_SHARE = _TAKEN / cases.NETWORKS


def _params(case: Case, seed: int = 0) -> Any:
    return jax.tree.map(jnp.array, cases.weights(case, seed))


def _weights(params: Any) -> Weights:
    return [(np.asarray(w), np.asarray(b)) for w, b in params]


def steps(case: Case, step: Any = plain_steps.step) -> Run:
    """A donated step in a Python loop."""
    jitted = jax.jit(partial(step, case), donate_argnums=0)
    state = plain_steps.started(_params(case))
    return loop(case, jitted, state, lambda state: _weights(state[0]))


def deep(case: Case, step: Any) -> Run:
    """A donated step of a scan over layers in a Python loop."""
    made = cases.weights(case)
    w, b = (jnp.array(np.stack(arrays)) for arrays in zip(*made[:-1], strict=True))
    return loop(
        case,
        jax.jit(partial(step, case), donate_argnums=0),
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


def _networks(case: Case) -> tuple[Any, ...]:
    """Weights, keys and rates of a part of the sweep: the rest takes as long."""
    starts = [_params(case, seed) for seed in range(_TAKEN)]
    keys = jax.random.split(jax.random.key(0), cases.NETWORKS)[:_TAKEN]
    return starts, keys, cases.rates()[:_TAKEN]


def _run_of(case: Case, permutation: Any) -> Any:
    """A whole run: the last weights of one network."""
    x, y = jax.device_put(cases.data(case))

    def run(params: Any, key: Any, rate: Any) -> Any:
        def epoch(state: Any, key: Any) -> Any:
            order = permutation(key, len(x))
            return plain_steps.epoch(case, order, state, x, y, Numbers(rate))

        keys = jax.random.split(key, cases.EPOCHS)
        return lax.scan(epoch, plain_steps.started(params), keys)[0][0]

    return run


def runs(case: Case, permutation: Any = plain_steps.permutation) -> Run:
    """A whole run a program, compiled once, called for each network."""
    run = jax.jit(_run_of(case, permutation))
    starts, keys, rates = _networks(case)
    given = list(zip(starts, list(keys), rates, strict=True))
    found: Any = None

    def turn() -> None:
        nonlocal found
        found = jax.block_until_ready([run(*network) for network in given])

    return Run(turn, lambda: [_weights(params) for params in found[:2]], _SHARE)


def together(case: Case) -> Run:
    """All runs one program: `lax.map` over chunks of 16 under `vmap`."""
    run = _run_of(case, plain_steps.permutation)
    starts, keys, rates = _networks(case)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts)
    program = jax.jit(
        lambda *networks: lax.map(lambda one: run(*one), networks, batch_size=16)
    )
    found: Any = None

    def turn() -> None:
        nonlocal found
        found = jax.block_until_ready(program(stacked, keys, rates))

    def result() -> list[Weights]:
        return [_weights(jax.tree.map(lambda a, i=i: a[i], found)) for i in (0, 1)]

    return Run(turn, result, _SHARE)


def adam(case: Case) -> Run:
    """The optimizer alone, donated."""
    params, gradients = jax.tree.map(jnp.array, cases.leaves())
    state = plain_steps.started(params)
    numbers = Numbers(case.rate)
    update = jax.jit(partial(plain_steps.adam, numbers=numbers), donate_argnums=0)

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
    "jax.grad of the scan": partial(deep, step=plain_steps.step_deep),
    "jax.grad, checkpoint": partial(
        deep, step=partial(plain_steps.step_deep, checkpoint=True)
    ),
    "hand backprop over one stack": partial(deep, step=plain_steps.step_deep_by_hand),
}
CANDIDATES: Candidates = {
    "C1": {"loop": steps},
    "C1 fit": {"epoch scan": epochs},
    "C2": {"loop": steps},
    "C2 fit": {"epoch scan": epochs},
    "C3": {"loop": steps},
    "C3 bfloat16": {"loop": partial(steps, step=plain_steps.step_bfloat16)},
    "C4 150": _DEEP,
    "C4 1000": _DEEP,
    "C5": {
        "loop of jitted runs": runs,
        "loop of jitted runs, jax.random.permutation": partial(
            runs, permutation=jax.random.permutation
        ),
        "lax.map of 16": together,
    },
    "C6": {"Adam": adam},
    "C7 1": {"jit": forward},
    "C7 4096": {"jit": forward},
    "C8": {"loop": steps},
}

if __name__ == "__main__":
    serve(CANDIDATES)
