"""Haiku with Optax, as in Haiku's own MNIST example.

That example does not donate its state; the ImageNet one does, and so does this one.
"""

from functools import partial
from typing import Any

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import calls, loop
from benchmarks.runners.optax import loss_of, optimizer_of
from benchmarks.turns import Candidates, Run, serve


def network_of(case: Case) -> tuple[Any, Any]:
    """(the transformed network, the weights of the case)."""
    network = hk.without_apply_rng(
        hk.transform(lambda x: hk.nets.MLP(case.sizes[1:])(x))
    )
    inputs = jnp.zeros((case.batch_size, case.sizes[0]))
    params = jax.jit(network.init)(jax.random.key(0), inputs)
    given = [{"w": jnp.array(w), "b": jnp.array(b)} for w, b in cases.weights(case)]
    return network, dict(zip(sorted(params), given, strict=True))


def steps(case: Case) -> Run:
    """A jitted update in a Python loop."""
    network, params = network_of(case)
    optimizer = optimizer_of(case)

    @partial(jax.jit, donate_argnums=0)
    def update(state: Any, x: Any, y: Any) -> Any:
        params, opt_state = state
        loss, gradients = jax.value_and_grad(
            lambda params: loss_of(case, network.apply(params, x), y)
        )(params)
        updates, opt_state = optimizer.update(gradients, opt_state)
        return (optax.apply_updates(params, updates), opt_state), loss

    return loop(case, update, (params, optimizer.init(params)), _weights)


def forward(case: Case) -> Run:
    """The jitted network."""
    network, params = network_of(case)
    return calls(case, partial(jax.jit(network.apply), params))


def _weights(state: Any) -> Weights:
    params = state[0]
    layers = [params[name] for name in sorted(params)]
    return [(np.asarray(layer["w"]), np.asarray(layer["b"])) for layer in layers]


_STEPS = {"jit": steps}
_FORWARD = {"jit": forward}
CANDIDATES: Candidates = {
    **dict.fromkeys(("C1", "C1 fit", "C2", "C2 fit", "C3"), _STEPS),
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
}

if __name__ == "__main__":
    serve(CANDIDATES)
