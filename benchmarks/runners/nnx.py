"""Flax NNX with its `Optimizer`, the ways its performance guide compares.

"split + jit" is the guide's functional loop, its fastest; `nnx.jit` is what most write;
`nnx.jit_partial` flattens model and optimizer once. State is donated, as the guide for
those who come from PyTorch asks.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import calls, loop
from benchmarks.runners.optax import loss_of, optimizer_of
from benchmarks.turns import Candidates, Run, serve


class MLP(nnx.Module):
    """Layers one after another."""

    def __init__(self, case: Case, rngs: nnx.Rngs) -> None:
        pairs = zip(case.sizes, case.sizes[1:], strict=False)
        self.layers = nnx.List([nnx.Linear(m, n, rngs=rngs) for m, n in pairs])
        self.activation = getattr(nnx, case.activation)

    def __call__(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def fill(self, weights: Weights) -> None:
        for layer, (w, b) in zip(self.layers, weights, strict=True):
            layer.kernel[...], layer.bias[...] = jnp.array(w), jnp.array(b)

    def weights(self) -> Weights:
        return [_arrays(layer) for layer in self.layers]


class Block(nnx.Module):
    """One of many equal layers."""

    def __init__(self, width: int, rngs: nnx.Rngs) -> None:
        self.linear = nnx.Linear(width, width, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return nnx.tanh(self.linear(x))


class Scanned(nnx.Module):
    """The guide's scan over layers."""

    def __init__(self, case: Case, rngs: nnx.Rngs) -> None:
        width, depth = case.sizes[0], len(case.sizes) - 2

        @nnx.split_rngs(splits=depth)
        @nnx.vmap(in_axes=(0,), out_axes=0)
        def create_block(rngs: nnx.Rngs) -> Block:
            return Block(width, rngs)

        self.blocks = create_block(rngs)
        self.head = nnx.Linear(width, case.sizes[-1], rngs=rngs)

    def __call__(self, x: Any) -> Any:
        @nnx.scan(in_axes=(nnx.Carry, 0), out_axes=nnx.Carry)
        def forward(x: Any, block: Block) -> Any:
            return block(x)

        return self.head(forward(x, self.blocks))

    def fill(self, weights: Weights) -> None:
        stacked = tuple(np.stack(arrays) for arrays in zip(*weights[:-1], strict=True))
        for layer, (w, b) in ((self.blocks.linear, stacked), (self.head, weights[-1])):
            layer.kernel[...], layer.bias[...] = jnp.array(w), jnp.array(b)

    def weights(self) -> Weights:
        stacked = _arrays(self.blocks.linear)
        return [*zip(*stacked, strict=True), _arrays(self.head)]


def _arrays(layer: nnx.Linear) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(layer.kernel[...]), np.asarray(layer.bias[...])


def _model(case: Case, make: Any = MLP) -> Any:
    model = make(case, nnx.Rngs(0))
    model.fill(cases.weights(case))
    return model


def _ready(case: Case, make: Any) -> tuple[Any, nnx.Optimizer]:
    model = _model(case, make)
    return model, nnx.Optimizer(model, optimizer_of(case), wrt=nnx.Param)


def _train_step(case: Case, model: Any, optimizer: Any, x: Any, y: Any) -> Any:
    loss, gradients = nnx.value_and_grad(lambda model: loss_of(case, model(x), y))(
        model
    )
    optimizer.update(model, gradients)
    return loss


def split(case: Case, make: Any = MLP) -> Run:
    """The functional loop: `jax.jit` of a step on the split state."""
    graphdef, state = nnx.split(_ready(case, make))

    @partial(jax.jit, donate_argnums=1)
    def jitted(graphdef: Any, state: Any, x: Any, y: Any) -> Any:
        model, optimizer = nnx.merge(graphdef, state)
        loss = _train_step(case, model, optimizer, x, y)
        return nnx.state((model, optimizer)), loss

    return loop(
        case,
        partial(jitted, graphdef),
        state,
        lambda state: nnx.merge(graphdef, state)[0].weights(),
    )


def _mutating(case: Case, ready: Any, jitted: Any) -> Run:
    """A loop of a step that changes the model in place."""

    def step(state: Any, x: Any, y: Any) -> Any:
        return state, jitted(x, y)

    model = ready[0]
    run = loop(case, step, None, lambda _: model.weights())

    def turn() -> None:
        run.turn()
        jax.block_until_ready(nnx.state(ready))

    return run._replace(turn=turn)


def jit(case: Case) -> Run:
    """`nnx.jit`."""
    model, optimizer = ready = _ready(case, MLP)
    jitted = nnx.jit(partial(_train_step, case), donate_argnums=(0, 1))
    return _mutating(case, ready, lambda x, y: jitted(model, optimizer, x, y))


def jit_partial(case: Case) -> Run:
    """`nnx.jit_partial`."""
    ready = _ready(case, MLP)
    step = partial(_train_step, case)
    jitted = nnx.jit_partial(step, *ready, donate_argnums=(0, 1), graph=False)
    return _mutating(case, ready, jitted)


def forward(case: Case) -> Run:
    """`jax.jit` of the split model's outputs."""
    graphdef, state = nnx.split(_model(case))
    jitted = jax.jit(lambda graphdef, state, x: nnx.merge(graphdef, state)(x))
    return calls(case, partial(jitted, graphdef, state))


_SPLIT = {"split + jit": split}
_FORWARD = {"split + jit": forward}
_SCAN = {"split + jit, nnx.scan": partial(split, make=Scanned)}
CANDIDATES: Candidates = {
    "C1": _SPLIT | {"nnx.jit_partial": jit_partial, "nnx.jit": jit},
    "C2": _SPLIT,
    "C3": _SPLIT,
    "C4 150": _SCAN | {"split + jit, unrolled": split},
    "C4 1000": _SCAN,
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
    "C8": _SPLIT,
}

if __name__ == "__main__":
    serve(CANDIDATES)
