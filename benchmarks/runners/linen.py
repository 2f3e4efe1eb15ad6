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
from benchmarks.runners.loops import calls, loop
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


def model_of(case: Case) -> tuple[Any, Any]:
    """(the model, the weights of the case)."""
    model = MLP(case.sizes[1:])
    inputs = jnp.zeros((case.batch_size, case.sizes[0]))
    names = sorted(jax.jit(model.init)(jax.random.key(0), inputs)["params"])
    layers = [
        {"kernel": jnp.array(w), "bias": jnp.array(b)} for w, b in cases.weights(case)
    ]
    return model, dict(zip(names, layers, strict=True))


def steps(case: Case, donate: tuple[int, ...] = (0,)) -> Run:
    """A jitted `apply_gradients` in a Python loop."""
    model, params = model_of(case)

    @partial(jax.jit, donate_argnums=donate)
    def train_step(state: Any, x: Any, y: Any) -> Any:
        def loss_fn(params: Any) -> Any:
            return loss_of(case, state.apply_fn({"params": params}, x), y)

        loss, gradients = jax.value_and_grad(loss_fn)(state.params)
        return state.apply_gradients(grads=gradients), loss

    state = TrainState.create(
        apply_fn=model.apply, params=params, tx=optimizer_of(case)
    )
    return loop(case, train_step, state, _weights)


def forward(case: Case) -> Run:
    """The jitted model."""
    model, params = model_of(case)
    return calls(case, partial(jax.jit(model.apply), {"params": params}))


def _weights(state: Any) -> Weights:
    layers = [state.params[name] for name in sorted(state.params)]
    return [
        (np.asarray(layer["kernel"]), np.asarray(layer["bias"])) for layer in layers
    ]


_STEPS = {"TrainState": steps}
_FORWARD = {"jit": forward}
CANDIDATES: Candidates = {
    "C1": _STEPS | {"TrainState, not donated": partial(steps, donate=())},
    **dict.fromkeys(("C1 fit", "C2", "C3", "C8"), _STEPS),
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
}

if __name__ == "__main__":
    serve(CANDIDATES)
