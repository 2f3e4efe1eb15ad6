"""fnn."""

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.runners.loops import calls, loop
from benchmarks.turns import Candidates, Run, serve

L = fnn.layers


def recipe_of(case: Case, road: Any, block: Callable[..., Any] = L.Sequential) -> Any:
    """The network, its loss and its optimizer; `block` holds a layer of a deep one."""
    if case.activation == "tanh":
        width, depth = case.sizes[0], len(case.sizes) - 1
        hidden = block(L.Tanh(), L.Dense(width, width))
        model = L.Sequential(
            L.Dense(width, width),
            L.Repeat(hidden, depth - 2),
            L.Tanh(),
            L.Dense(width, case.sizes[-1]),
        )
    else:
        model = L.mlp(case.sizes)
    loss = fnn.losses.MeanSquaredError()
    if case.labels:
        loss = fnn.losses.SoftmaxCrossEntropy()
    optimizer = fnn.optimizers.Adam(case.rate)
    if case.optimizer == "sgd":
        optimizer = fnn.optimizers.SGD(case.rate)
    return fnn.Recipe(model, loss, optimizer, gradient=road)


def filled(params: Any, weights: Weights) -> Any:
    """Parameters of this structure with these weights, the same for every peer."""
    given = iter(weights)

    def fill(layer: Any) -> Any:
        if isinstance(layer, dict) and layer["w"].ndim == 3:
            taken = list(itertools.islice(given, len(layer["w"])))
            return dict(zip("wb", map(np.stack, zip(*taken, strict=True)), strict=True))
        return dict(zip("wb", next(given), strict=True))

    def is_layer(part: Any) -> bool:
        return isinstance(part, dict) and "w" in part

    return jax.tree.map(jnp.asarray, jax.tree.map(fill, params, is_leaf=is_layer))


def weights_of(params: Any) -> Weights:
    """The way back."""
    pairs: Weights = []
    for layer in jax.tree.leaves(params, is_leaf=lambda part: isinstance(part, dict)):
        w, b = np.asarray(layer["w"]), np.asarray(layer["b"])
        pairs += list(zip(w, b, strict=True)) if w.ndim == 3 else [(w, b)]
    return pairs


def started(recipe: Any, weights: Weights) -> fnn.TrainState:
    """The first state, from the weights of the case."""
    state = jax.jit(fnn.init)(recipe, jax.random.key(0))
    return state._replace(params=filled(state.params, weights))


def steps(case: Case, recipe: Any) -> Run:
    """`fnn.train_step` in a Python loop, its numbers as fixed as the peers'."""
    return loop(
        case,
        jax.jit(functools.partial(fnn.train_step, recipe), donate_argnums=0),
        started(recipe, cases.weights(case)),
        lambda state: weights_of(state.params),
        lambda x, y: (fnn.Batch(x, y),),
    )


def epochs(case: Case, recipe: Any) -> Run:
    """`fnn.fit`: whole epochs, each a program, shuffled on the device."""
    state = started(recipe, cases.weights(case))
    data = fnn.Batch(*cases.data(case))
    passes = case.steps // (len(data.x) // case.batch_size)

    def turn() -> None:
        nonlocal state
        state, _ = fnn.fit(
            recipe, state, data, epochs=passes, batch_size=case.batch_size
        )

    return Run(turn, lambda: weights_of(state.params))


def sweep(case: Case, **options: Any) -> Run:
    """`fnn.sweep` over learning rates and seeds."""
    first = recipe_of(case, fnn.autodiff)
    recipes = [
        dataclasses.replace(first, optimizer=fnn.optimizers.Adam(rate))
        for rate in cases.rates()
    ]
    keys = jax.random.split(jax.random.key(0), len(recipes))
    start = jax.jit(jax.vmap(fnn.init, in_axes=(None, 0)))(first, keys)
    made = [cases.weights(case, seed) for seed in range(len(recipes))]
    like = jax.tree.map(lambda leaf: leaf[0], start.params)
    params = jax.tree.map(
        lambda *leaves: np.stack(leaves), *(filled(like, one) for one in made)
    )
    start = jax.tree.map(np.asarray, start._replace(params=params))
    states = [jax.tree.map(lambda a, i=i: a[i], start) for i in range(len(recipes))]
    data = fnn.Batch(*cases.data(case))
    found: Any = None

    def turn() -> None:
        nonlocal found
        found = fnn.sweep(
            recipes,
            keys,
            data,
            epochs=cases.EPOCHS,
            batch_size=case.batch_size,
            states=states,
            **options,
        )

    return Run(turn, lambda: [weights_of(found.state(run).params) for run in (0, 1)])


def adam(case: Case) -> Run:
    """The optimizer alone."""
    params, gradients = jax.tree.map(jnp.array, cases.leaves())
    optimizer = fnn.optimizers.Adam(case.rate)

    @functools.partial(jax.jit, donate_argnums=(1, 2))
    def step(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = optimizer.update(gradients, state, params)
        return state, jax.tree.map(jnp.add, params, updates)

    state = optimizer.init(params)

    def turn() -> None:
        nonlocal state, params
        for _ in range(case.steps):
            state, params = step(gradients, state, params)
        jax.block_until_ready(params)

    return Run(turn, lambda: jax.tree.map(np.asarray, params))


def forward(case: Case, compiled: bool) -> Run:
    """`fnn.predict`, jitted or compiled ahead for this shape."""
    recipe = recipe_of(case, fnn.autodiff)
    state = started(recipe, cases.weights(case))
    if compiled:
        return calls(case, fnn.compile_predict(recipe, state, cases.data(case)[0]))
    recipe = jax.device_put(recipe)
    return calls(case, functools.partial(jax.jit(fnn.predict), recipe, state))


_FORWARD = {
    "predict": functools.partial(forward, compiled=False),
    "compile_predict": functools.partial(forward, compiled=True),
}


def _both(make: Callable[[Case, Any], Run], name: str) -> dict[str, Any]:
    return {
        f"{name}, {road.__name__}": lambda case, road=road: make(
            case, recipe_of(case, road)
        )
        for road in (fnn.autodiff, fnn.backprop)
    }


def rounded(recipe: Any) -> Any:
    """The recipe with products of bfloat16 factors."""
    return dataclasses.replace(recipe, model=L.MixedPrecision(recipe.model))


def _rounded_steps(case: Case, recipe: Any) -> Run:
    return steps(case, rounded(recipe))


def _recomputed(case: Case) -> Run:
    def block(*layers: Any) -> Any:
        return L.Checkpoint(L.Sequential(*layers))

    return steps(case, recipe_of(case, fnn.autodiff, block))


_STEPS, _FIT = _both(steps, "train_step"), _both(epochs, "fit")
_DEEP = _STEPS | {"train_step, autodiff, checkpoint": _recomputed}
CANDIDATES: Candidates = {
    "C1": _STEPS,
    "C1 fit": _FIT,
    "C2": _STEPS,
    "C2 fit": _FIT,
    "C3": _STEPS,
    "C3 bfloat16": _both(_rounded_steps, "train_step"),
    "C4 150": _DEEP,
    "C4 1000": _DEEP,
    "C5": {
        "sweep": sweep,
        # All networks see the same batches.
        "sweep, shared order": functools.partial(sweep, order="shared"),
    },
    "C6": {"Adam": adam},
    "C7 1": _FORWARD,
    "C7 4096": _FORWARD,
    "C8": _STEPS,
}

if __name__ == "__main__":
    serve(CANDIDATES)
