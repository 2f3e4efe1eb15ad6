"""What it means that a gradient is right; used on right parts and on planted errors.

Each check says what is wrong. Differences are relative to the largest entry.
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


def difference(actual: Any, expected: Any, tolerance: float) -> str | None:
    """What is wrong between two trees, entry by entry; None if nothing is."""
    if jax.tree.structure(actual) != jax.tree.structure(expected):
        return ": another structure"
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
        if (a.shape, a.dtype) != (e.shape, e.dtype):
            return f"{path}: {a.dtype}{a.shape}, not {e.dtype}{e.shape}"
        # A gradient that is exactly zero comes out as rounding noise of its siblings.
        scale = max(float(np.abs(e).max(initial=0)), 1e-3 * largest, 1e-300)
        worst = float(np.abs(a - e).max(initial=0)) / scale
        if not worst <= tolerance:
            return f"{path}: relative difference {worst:.1e}"
    return None


def backward_faults(
    layers: Mapping[str, Layer], rng: np.random.Generator, width: int, rows: int
) -> dict[str, str]:
    """Layers' backward against JAX's vector-Jacobian product, random cotangents.

    All in one compiled program: each layer alone, and as the layer of a `Repeat`, that
    for a population of two (an outer vmap). Returns what is wrong, by layer.
    """
    x, dy = rng.normal(size=(2, rows, width)) + 0.1
    key, *init_keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), 3)
    repeated = {name: fnn.layers.Repeat(layer, 3) for name, layer in layers.items()}

    def stacked(layer: Layer) -> Any:
        members = [layer.init(init_key) for init_key in init_keys]
        return jax.tree.map(lambda *leaves: jnp.stack(leaves) + 0.1, *members)

    populations = {name: stacked(layer) for name, layer in repeated.items()}

    def questions(populations: Any, x: jax.Array, dy: jax.Array) -> Any:
        answers = {}
        for name, layer in layers.items():

            def both(params: Any, stats: Any, layer: Any) -> Any:
                return pullbacks(layer, params, stats, x, dy, key)

            tower = populations[name]
            first = jax.tree.map(lambda leaf: leaf[0, 0], tower)
            params, stats = first
            found = [both(params, stats, layer)]
            if jax.tree.leaves(tower):
                mapped = jax.vmap(lambda p, s, n=name: both(p, s, repeated[n]))
                found.append(mapped(*tower))
            else:
                params, stats = tower
                found.append(both(params, stats, repeated[name]))
            answers[name] = found
        return answers

    faults = {}
    for name, found in jax.device_get(jax.jit(questions)(populations, x, dy)).items():
        for what, (hand, auto) in zip(("alone", "repeated"), found, strict=True):
            fault = difference(hand, auto, ROADS_AGREE)
            if fault:
                faults.setdefault(name, f"{what} {fault}")
    return faults


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
        return self._mixed("value", prediction, target)

    def gradient(self, prediction: Any, target: Any) -> Any:
        return self._mixed("gradient", prediction, target)

    def weighted_value(self, prediction: Any, target: Any, share: Any) -> Any:
        return self._mixed("weighted_value", prediction, target, share)

    def weighted_gradient(self, prediction: Any, target: Any, share: Any) -> Any:
        return self._mixed("weighted_gradient", prediction, target, share)

    def _mixed(self, what: str, prediction: Any, targets: Any, *share: Any) -> Any:
        parts = [
            getattr(loss, what)(prediction, y, *share)
            for loss, y in zip(self.losses, targets, strict=True)
        ]
        return jnp.tensordot(self.weights, jnp.stack(parts), 1)


Case = tuple[Layer, Mapping[str, tuple[Loss, Any]], Any]


def road_faults(
    cases: Mapping[str, Case], rng: np.random.Generator, width: int, rows: int
) -> list[str]:
    """Backprop, autodiff and finite differences of whole networks.

    A case is (layer, losses with their targets, penalty or None). The layer stands
    between two affine maps, plain and repeated; examples have weights. All cases go
    into one compiled program, the losses of a case by a `vmap` over them. Differences
    see the same rules: the first loss of the plain network is enough.
    Returns what is wrong: "case, network, loss: how".
    """
    L = fnn.layers

    def noisy(p: jax.Array) -> jax.Array:
        return p + 0.3 * rng.normal(size=p.shape)

    networks, trees, targets = {}, {}, {}
    for case, (layer, losses, _) in cases.items():
        for name, middle in (("plain", layer), ("repeated", L.Repeat(layer, 2))):
            model = networks[case, name] = L.Sequential(
                L.Dense(3, width, bias=False), middle, L.Dense(width, width)
            )
            params, stats = model.init(jax.random.key(int(rng.integers(2**31))))
            trees[f"{case}, {name}"] = jax.tree.map(noisy, params), stats
        targets[case] = tuple(jnp.asarray(y) for _, y in losses.values())
    x, weight = rng.normal(size=(rows, 3)), rng.uniform(0.5, 2, rows)
    key = jax.random.key(int(rng.integers(2**31)))

    def questions(trees: Any, targets: Any, x: jax.Array, weight: jax.Array) -> Any:
        answers = {}
        for (case, name), model in networks.items():
            _, losses, penalty = cases[case]
            parts = tuple(loss for loss, _ in losses.values())
            params, stats = trees[f"{case}, {name}"]
            batch = fnn.Batch(x, targets[case], weight)

            def run(road: Any, loss: Any, batch: Any, case: Any = None) -> Any:
                model, params, stats, penalty = case
                return road(model, loss, params, stats, batch, key, penalty)

            here = (model, params, stats, penalty)
            both = jax.vmap(
                lambda weights, parts=parts, batch=batch, here=here: [
                    run(road, Mixture(parts, weights), batch, here)
                    for road in (fnn.backprop, fnn.autodiff)
                ]
            )(jnp.eye(len(parts)))
            slow = None
            if name == "plain":
                first = batch._replace(y=batch.y[0])
                slow = run(fnn.finite_differences, parts[0], first, here)
            answers[f"{case}, {name}"] = both, slow
        return answers

    faults = []
    found = jax.device_get(jax.jit(questions)(trees, targets, x, weight))
    for (case, name), _ in networks.items():
        by_loss, slow = found[f"{case}, {name}"]
        for index, loss in enumerate(cases[case][1]):
            hand, auto = jax.tree.map(lambda leaf: leaf[index], by_loss)  # noqa: B023
            fault = difference(hand, auto, ROADS_AGREE)
            if fault:
                faults.append(f"{case}, {name}, {loss}: {fault}")
            if slow is not None and index == 0:
                fault = difference(slow[2], auto[2], DIFFERENCES_AGREE)
                if fault:
                    faults.append(f"{case}, {name}, {loss}, differences: {fault}")
    return faults
