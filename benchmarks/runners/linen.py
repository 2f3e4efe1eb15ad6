"""Flax Linen with its `TrainState` and Optax.

The quick start does not donate the state; the larger examples (lm1b, wmt) do.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.training.train_state import TrainState

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import loop
from benchmarks.runners.optax import loss_of, optimizer_of
from benchmarks.turns import Candidates, Run, serve


class MLP(nn.Module):
    """ReLU between the layers."""

    features: Sequence[int]

    @nn.compact
    def __call__(self, x: Any) -> Any:
        for size in self.features[:-1]:
            x = nn.relu(nn.Dense(size)(x))
        return nn.Dense(self.features[-1])(x)


def steps(case: Case, donate: tuple[int, ...] = (0,)) -> Run:
    """A jitted `apply_gradients` in a Python loop."""
    model = MLP(case.sizes[1:])

    @partial(jax.jit, donate_argnums=donate)
    def train_step(state: Any, x: Any, y: Any) -> Any:
        def loss_fn(params: Any) -> Any:
            return loss_of(case, state.apply_fn({"params": params}, x), y)

        loss, gradients = jax.value_and_grad(loss_fn)(state.params)
        return state.apply_gradients(grads=gradients), loss

    inputs = jnp.zeros((case.batch_size, case.sizes[0]))
    names = sorted(jax.jit(model.init)(jax.random.key(0), inputs)["params"])
    layers = [
        {"kernel": jnp.array(w), "bias": jnp.array(b)} for w, b in cases.weights(case)
    ]
    params = dict(zip(names, layers, strict=True))
    state = TrainState.create(
        apply_fn=model.apply, params=params, tx=optimizer_of(case)
    )
    return loop(case, train_step, state, _weights)


def _weights(state: Any) -> Weights:
    layers = [state.params[name] for name in sorted(state.params)]
    return [
        (np.asarray(layer["kernel"]), np.asarray(layer["bias"])) for layer in layers
    ]


_STEPS = {"TrainState": steps, "TrainState, not donated": partial(steps, donate=())}
CANDIDATES: Candidates = dict.fromkeys(("C1", "C2", "C8"), _STEPS)

if __name__ == "__main__":
    serve(CANDIDATES)
