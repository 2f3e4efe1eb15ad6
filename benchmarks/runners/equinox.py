"""Equinox with Optax, the ways its documentation shows.

"partition + jit" is its init-apply example: `jax.jit` over the arrays alone, donated as
its parallelism example says is good practice. "flattened" is its trick for low-overhead
loops. `filter_jit` is what its examples use, mostly without donation.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import calls, loop
from benchmarks.runners.optax import loss_of, optimizer_of
from benchmarks.turns import Candidates, Run, serve


class MLP(eqx.Module):
    """Layers one after another."""

    layers: list[eqx.nn.Linear]
    activation: Any = eqx.field(static=True)

    def __init__(self, case: Case, key: Any) -> None:
        keys = jax.random.split(key, len(case.sizes) - 1)
        pairs = zip(case.sizes, case.sizes[1:], keys, strict=False)
        self.layers = [eqx.nn.Linear(m, n, key=key) for m, n, key in pairs]
        self.activation = getattr(jax.nn, case.activation)

    def __call__(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def filled(self, weights: Weights) -> "MLP":
        return eqx.tree_at(_arrays, self, [jnp.array(a) for a in _flat(weights)])

    def weights(self) -> Weights:
        return [(np.asarray(layer.weight).T, layer.bias) for layer in self.layers]


class Scanned(eqx.Module):
    """The documentation's scan over layers."""

    hidden: eqx.nn.Linear
    head: eqx.nn.Linear

    def __init__(self, case: Case, key: Any) -> None:
        width, depth = case.sizes[0], len(case.sizes) - 2
        key, head = jax.random.split(key)
        self.hidden = eqx.filter_vmap(lambda k: eqx.nn.Linear(width, width, key=k))(
            jax.random.split(key, depth)
        )
        self.head = eqx.nn.Linear(width, case.sizes[-1], key=head)

    def __call__(self, x: Any) -> Any:
        dynamic, static = eqx.partition(self.hidden, eqx.is_array)

        def layer(x: Any, dynamic: Any) -> Any:
            return jax.nn.tanh(eqx.combine(dynamic, static)(x)), None

        return self.head(lax.scan(layer, x, dynamic)[0])

    def filled(self, weights: Weights) -> "Scanned":
        arrays = _flat(weights)
        stacked = [np.stack(arrays[:-2:2]), np.stack(arrays[1:-2:2]), *arrays[-2:]]
        return eqx.tree_at(
            lambda m: [m.hidden.weight, m.hidden.bias, m.head.weight, m.head.bias],
            self,
            [jnp.array(a) for a in stacked],
        )

    def weights(self) -> Weights:
        hidden = zip(
            np.asarray(self.hidden.weight).swapaxes(1, 2), self.hidden.bias, strict=True
        )
        return [*hidden, (np.asarray(self.head.weight).T, self.head.bias)]


def _arrays(model: MLP) -> list[Any]:
    return [a for layer in model.layers for a in (layer.weight, layer.bias)]


def _flat(weights: Weights) -> list[np.ndarray]:
    return [array for w, b in weights for array in (w.T, b)]


def _weights(model: Any) -> Weights:
    return [(np.asarray(w), np.asarray(b)) for w, b in model.weights()]


def _model(case: Case, make: Any = MLP) -> Any:
    return make(case, jax.random.key(0)).filled(cases.weights(case))


def _ready(case: Case, make: Any) -> tuple[Any, Any, Any]:
    """The first model and optimizer state, and `make_step` on them."""
    model, optimizer = _model(case, make), optimizer_of(case)

    def make_step(model: Any, opt_state: Any, x: Any, y: Any) -> Any:
        loss, gradients = eqx.filter_value_and_grad(
            lambda model: loss_of(case, jax.vmap(model)(x), y)
        )(model)
        updates, opt_state = optimizer.update(gradients, opt_state, model)
        return eqx.apply_updates(model, updates), opt_state, loss

    return model, optimizer.init(eqx.filter(model, eqx.is_array)), make_step


def partitioned(case: Case, make: Any = MLP) -> Run:
    """`jax.jit` over what `eqx.partition` calls arrays."""
    model, opt_state, make_step = _ready(case, make)
    params, static = eqx.partition(model, eqx.is_array)

    @partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: Any, y: Any) -> Any:
        params, opt_state = state
        model, opt_state, loss = make_step(eqx.combine(params, static), opt_state, x, y)
        return (eqx.filter(model, eqx.is_array), opt_state), loss

    return loop(
        case,
        step,
        (params, opt_state),
        lambda state: _weights(eqx.combine(state[0], static)),
    )


def filtered(case: Case, donate: Any = "none", make: Any = MLP) -> Run:
    """`eqx.filter_jit`."""
    model, opt_state, make_step = _ready(case, make)
    jitted = eqx.filter_jit(make_step, donate=donate)

    def step(state: Any, x: Any, y: Any) -> Any:
        model, opt_state, loss = jitted(*state, x, y)
        return (model, opt_state), loss

    return loop(case, step, (model, opt_state), lambda state: _weights(state[0]))


def forward(case: Case) -> Run:
    """`jax.jit` over the model's arrays."""
    params, static = eqx.partition(_model(case), eqx.is_array)
    predict = jax.jit(lambda params, x: jax.vmap(eqx.combine(params, static))(x))
    return calls(case, partial(predict, params))


_PARTITIONED = {"partition + jit": partitioned}
_STEPS = _PARTITIONED | {"filter_jit": filtered}
_DONATED = {"filter_jit, donated": partial(filtered, donate="all")}
_FORWARD = {"partition + jit": forward}
_SCAN = {"partition + jit, scan over layers": partial(partitioned, make=Scanned)}
CANDIDATES: Candidates = {
    "C1": _STEPS | _DONATED,
    "C1 fit": _STEPS,
    "C2": _PARTITIONED,
    "C3": _PARTITIONED,
    "C4 150": _SCAN | {"filter_jit, unrolled": partial(filtered, donate="all")},
    "C4 1000": _SCAN,
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
    "C8": {"filter_jit": filtered},
}

if __name__ == "__main__":
    serve(CANDIDATES)
