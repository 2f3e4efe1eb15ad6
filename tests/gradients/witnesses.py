"""What it means that a gradient is right; used on right parts and on planted errors.

Each check raises AssertionError. Differences are relative to the largest entry.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from fnn.layers import Layer
from fnn.losses import Loss

ROADS_AGREE = 1e-12
DIFFERENCES_AGREE = 1e-6


def assert_close(actual: Any, expected: Any, tolerance: float, what: str) -> None:
    """Two trees of the same structure, entry by entry."""
    assert jax.tree.structure(actual) == jax.tree.structure(expected), what
    pairs = zip(
        jax.tree_util.tree_leaves_with_path(actual),
        jax.tree.leaves(expected),
        strict=True,
    )
    largest = max(
        (float(np.abs(e).max()) for e in jax.tree.leaves(expected)), default=1
    )
    for (path, a), e in pairs:
        a, e = np.asarray(a), np.asarray(e)
        assert a.shape == e.shape, f"{what} {path}: shape {a.shape}, not {e.shape}"
        assert a.dtype == e.dtype, f"{what} {path}: dtype {a.dtype}, not {e.dtype}"
        # A gradient that is exactly zero comes out as rounding noise of its siblings.
        scale = max(float(np.abs(e).max(initial=0)), 1e-3 * largest, 1e-300)
        worst = float(np.abs(a - e).max(initial=0)) / scale
        assert worst <= tolerance, f"{what} {path}: relative difference {worst:.1e}"


def check_backward(
    layer: Layer, rng: np.random.Generator, width: int, rows: int
) -> None:
    """A layer's backward against JAX's vector-Jacobian product, random cotangent.

    In one compiled program: alone, for a population of two (an outer vmap), and as
    the layer of a `Repeat`.
    """
    x, dy = rng.normal(size=(2, rows, width)) + 0.1
    key, *init_keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), 3)
    cases = {"alone": layer, "repeated": fnn.layers.Repeat(layer, 3)}
    populations = {}
    for name, case in cases.items():
        members = [case.init(init_key) for init_key in init_keys]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves) + 0.1, *members)
        populations[name] = stacked

    def questions(populations: Any, x: jax.Array, dy: jax.Array) -> dict[str, Any]:
        answers = {}
        for name, case in cases.items():

            def both(params: Any, stats: Any, case: Layer = case) -> Any:
                return pullbacks(case, params, stats, x, dy, key)

            first = jax.tree.map(lambda leaf: leaf[0], populations[name])
            answers[name] = both(*first)
            if jax.tree.leaves(first):
                answers[f"{name}, population"] = jax.vmap(both)(*populations[name])
        return answers

    for name, (hand, auto) in jax.jit(questions)(populations, x, dy).items():
        assert_close(hand, auto, ROADS_AGREE, name)


def pullbacks(
    layer: Layer, params: Any, stats: Any, x: Any, dy: Any, key: jax.Array
) -> tuple[Any, Any]:
    """(dx, dparams) of a batch, by the layer's rule and by JAX."""
    keys = jax.random.split(key, len(x))

    def forward(params: Any, x: jax.Array) -> jax.Array:
        def one(x: jax.Array, key: jax.Array) -> jax.Array:
            return layer.forward(params, stats, x, key, train=True)[0]

        return jax.vmap(one, axis_name="batch")(x, keys)

    def by_hand(x: jax.Array, dy: jax.Array, key: jax.Array) -> Any:
        _, _, tape = layer.forward(params, stats, x, key, train=True)
        return layer.backward(params, tape, dy)

    hand = jax.vmap(by_hand, out_axes=(0, None), axis_name="batch")(x, dy, keys)
    _, pullback = jax.vjp(forward, params, x)
    dparams, dx = pullback(dy)
    return hand, (dx, dparams)


class Mixture(Loss):
    """A weighted sum of losses, each with a target of its own.

    Mapped over the rows of an identity matrix it is each loss alone, in one program.
    """

    losses: tuple[Loss, ...]
    weights: Any

    def value(self, prediction: Any, target: Any) -> Any:
        values = [
            loss.value(prediction, y)
            for loss, y in zip(self.losses, target, strict=True)
        ]
        return jnp.stack(values) @ self.weights

    def gradient(self, prediction: Any, target: Any) -> Any:
        gradients = [
            loss.gradient(prediction, y)
            for loss, y in zip(self.losses, target, strict=True)
        ]
        return jnp.einsum("lk,l->k", jnp.stack(gradients), self.weights)


def check_roads(
    layer: Layer,
    losses: Mapping[str, tuple[Loss, Any]],
    rng: np.random.Generator,
    width: int,
    rows: int,
    penalty: Any = None,
) -> None:
    """Backprop, autodiff and finite differences of whole networks, for every loss.

    The layer stands between two affine maps, plain and repeated; examples have
    weights. All losses go into one compiled program, by a `vmap` over them.
    """
    L = fnn.layers

    def noisy(p: jax.Array) -> jax.Array:
        return p + 0.3 * rng.normal(size=p.shape)

    params_stats = {}
    models = {}
    for name, middle in (("plain", layer), ("repeated", L.Repeat(layer, 2))):
        models[name] = L.Sequential(
            L.Dense(3, width, bias=False), middle, L.Dense(width, width)
        )
        params, stats = models[name].init(jax.random.key(int(rng.integers(2**31))))
        params_stats[name] = jax.tree.map(noisy, params), stats
    x, weight = rng.normal(size=(rows, 3)), rng.uniform(0.5, 2, rows)
    key = jax.random.key(int(rng.integers(2**31)))
    parts = tuple(loss for loss, _ in losses.values())
    batch = fnn.Batch(x, tuple(jnp.asarray(y) for _, y in losses.values()), weight)

    def questions(params_stats: Any, batch: fnn.Batch) -> Any:
        def one(weights: jax.Array, name: str) -> Any:
            loss = Mixture(parts, weights)
            params, stats = params_stats[name]
            return [
                road(models[name], loss, params, stats, batch, key, penalty)
                for road in (fnn.backprop, fnn.autodiff)
            ]

        def all_losses(name: str) -> Any:
            return jax.vmap(lambda weights: one(weights, name))(jnp.eye(len(parts)))

        # Differences see the same rules: once a layer, with the first loss, is enough;
        # tests/losses asks every loss by differences of its own.
        params, stats = params_stats["plain"]
        first = batch._replace(y=batch.y[0])
        differences = fnn.finite_differences(
            models["plain"], parts[0], params, stats, first, key, penalty
        )
        return {name: all_losses(name) for name in models}, differences

    answers, differences = jax.device_get(jax.jit(questions)(params_stats, batch))
    for name, by_loss in answers.items():
        for index, loss_name in enumerate(losses):
            hand, auto = jax.tree.map(lambda leaf: leaf[index], by_loss)  # noqa: B023
            what = f"{name}, {loss_name}: backprop and autodiff"
            assert_close(hand, auto, ROADS_AGREE, what)
    auto = jax.tree.map(lambda leaf: leaf[0], answers["plain"][1])
    assert_close(differences[2], auto[2], DIFFERENCES_AGREE, "finite differences")
