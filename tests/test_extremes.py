"""Extreme input: nothing in the catalogue turns finite numbers into NaN."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.gradients.base import batch_loss
from tests.catalogue import LAYERS, LOSSES, OPTIMIZERS, ROWS, WIDTH

EXTREMES = np.array(
    [0.0, -0.0, 1e-45, -1e-38, 1000.0, -1000.0, 1e4, -1e4, 1.0, -1.0, 1e-20, 88.8],
    np.float32,
)
GROUPS = [list(LAYERS)[start : start + 12] for start in range(0, len(LAYERS), 12)]


def rows_of(values: np.ndarray) -> np.ndarray:
    """(ROWS, WIDTH) arrays in which each value meets many others."""
    places = np.arange(ROWS * WIDTH).reshape(ROWS, WIDTH)
    return values[places * 5 % len(values)]


def output_first(y: Any, stats: Any, tape: Any) -> Any:
    return y, (stats, tape)


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_layers_stay_finite(names: list[str]) -> None:
    layers = {name: LAYERS[name]() for name in names}
    x = rows_of(EXTREMES)

    def run(x: jax.Array) -> Any:
        found = {}
        for name, layer in layers.items():
            params, stats = layer.init(jax.random.key(0))

            def forward(params: Any, x: jax.Array, layer: Any, stats: Any) -> Any:
                return jax.vmap(
                    lambda x: layer.forward(params, stats, x, jax.random.key(1), True),
                    axis_name="batch",
                )(x)

            here = {"layer": layer, "stats": stats}
            y, pullback, (_, tape) = jax.vjp(
                lambda p, x, here=here: output_first(*forward(p, x, **here)),
                params,
                x,
                has_aux=True,
            )
            back = jax.vmap(
                lambda t, dy, p=params, layer=layer: layer.backward(p, t, dy),
                out_axes=(0, None),
                axis_name="batch",
            )
            found[name] = y, pullback(jnp.ones_like(y)), back(tape, jnp.ones_like(y))
        return found

    for name, answers in jax.device_get(jax.jit(run)(x)).items():
        for leaf in jax.tree.leaves(answers):
            assert np.isfinite(leaf).all(), name


def test_losses_stay_finite() -> None:
    rng = np.random.default_rng(0)
    pairs = {name: (build(), make(rng)) for name, (build, make) in LOSSES.items()}
    x = rows_of(EXTREMES)

    def run(x: jax.Array) -> Any:
        found = {}
        for name, (loss, y) in pairs.items():
            if jnp.issubdtype(y.dtype, jnp.floating):
                y = y.astype(np.float32)
            model, batch = fnn.layers.Identity(), fnn.Batch(x, jnp.asarray(y))

            def value(x: jax.Array, loss: Any, batch: Any, model: Any) -> jax.Array:
                batch = batch._replace(x=x)
                return batch_loss(model, loss, (), (), batch, jax.random.key(0))[0]

            auto = jax.value_and_grad(value)(x, loss, batch, model)
            hand = jax.vmap(loss.weighted_gradient, (0, 0, None), axis_name="batch")(
                x, batch.y, jnp.float32(1 / ROWS)
            )
            found[name] = auto, hand
        return found

    for name, answers in jax.device_get(jax.jit(run)(x)).items():
        for leaf in jax.tree.leaves(answers):
            assert np.isfinite(leaf).all(), name


def test_optimizers_stay_finite() -> None:
    """Two steps: what a first gradient leaves in the moments meets the second."""
    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}
    sizes = jnp.array([0.0, 1e-45, 1e-30, 1e15])

    def gradients(size: jax.Array) -> Any:
        g = jax.tree.map(lambda p: jnp.full_like(p, size), params)
        return {**g, "b": g["b"].at[0].set(-size)}

    def run(g: Any) -> Any:
        found = {}
        for name, build in OPTIMIZERS.items():
            optimizer, now = build(), params
            state = optimizer.init(now)
            for _ in range(2):
                updates, state = optimizer.update(g, state, now)
                now = jax.tree.map(jnp.add, now, updates)
            found[name] = now, state
        return found

    for name, answers in jax.device_get(
        jax.jit(jax.vmap(lambda s: run(gradients(s))))(sizes)
    ).items():
        for leaf in jax.tree.leaves(answers):
            assert np.isfinite(leaf).all(), name


def test_a_batch_without_examples_is_refused() -> None:
    """By every verb, before anything is compiled; a gradient of nothing is none."""
    recipe = fnn.Recipe(
        fnn.layers.Dense(2, 3),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(0.1),
    )
    state = fnn.init(recipe, jax.random.key(0))
    x, y = np.zeros((0, 2), np.float32), np.zeros(0, np.int32)
    for call in (
        lambda: fnn.train_step(recipe, state, (x, y)),
        lambda: fnn.train_epoch(recipe, state, (x, y), 1),
        lambda: fnn.fit(recipe, state, (x, y), epochs=1, batch_size=1),
        lambda: fnn.evaluate(recipe, state, (x, y)),
        lambda: fnn.predict(recipe, state, x),
        lambda: fnn.compare_gradients(recipe, state, (x, y)),
    ):
        with pytest.raises(ValueError, match="x must hold at least one example"):
            call()
