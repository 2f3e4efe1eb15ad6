"""What happens in each layer during one pass, measured while the gradient is computed.

Each layer is wrapped in one that passes its output on and counts. Its counts travel
as the "gradient" of a parameter that nothing depends on, the probe: through both
roads, through `vmap`, and stacked through every `Repeat`. No array is kept for them.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap

from fnn._core.batch_axis import BATCH
from fnn._core.component import static
from fnn._core.tape import exchange
from fnn._core.trees import like, working_dtype
from fnn.data import Batch
from fnn.gradients.base import Road
from fnn.gradients.sizes import root_mean_square
from fnn.gradients.walk import gather, has_weights, places, rebuild
from fnn.layers.base import Elementwise, Layer, Sequential, Tree
from fnn.layers.checkpoint import Checkpoint
from fnn.layers.mixed_precision import MixedPrecision
from fnn.layers.repeat import Repeat
from fnn.layers.residual import Residual, ReZero
from fnn.losses import Loss
from fnn.penalties import Penalty

_SATURATED = 0.05

Values = jax.Array | np.ndarray


class Statistics(NamedTuple):
    """One entry for each layer with weights, in the order of the forward pass.

    All are root mean squares over the batch and the units, except shares. NaN stands
    where there is nothing to measure, as after the last layer.

    Attributes:
        z: (L,) the layer's outputs.
        a: (L,) the outputs of the activation that follows.
        delta: (L,) dC/dz, gradients of the mean loss in one example's z.
        weight: (L,) the weights.
        gradient: (L,) dC/dW.
        update: (L,) what the optimizer adds to the weights.
        dead: (L,) share of the activation's units with slope 0 on every example; of
            activations that do not saturate.
        saturated: (L,) share of its entries with a slope below 5 % of the steepest; of
            activations that saturate.
    """

    z: Values
    a: Values
    delta: Values
    weight: Values
    gradient: Values
    update: Values
    dead: Values
    saturated: Values


class _Watched(Layer):
    """The layer inside, which tells what `measure` finds; with weights also of delta.

    What is told of a layer is a vector, `measure(layer, params, y, tape)`.
    """

    layer: Layer
    measure: Callable[..., jax.Array] = static()

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        own = params["layer"]
        y, stats, tape = self.layer.forward(own, stats, x, key, train)
        # Made once: what is measured and what follows would each make it again.
        made = lax.optimization_barrier(y)
        y, tape = made, exchange(tape, y, made)
        told = self.measure(self.layer, own, *lax.stop_gradient((y, tape)))
        stats = {"layer": stats, "seen": told}
        if not has_weights(own):
            return y, stats, tape
        marked = _mark(y, params["probe"])
        # A stack stores an array once if it is one: the tape shall hold this one.
        return marked, stats, exchange(tape, y, marked)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        own, probe = params["layer"], jnp.zeros_like(params["probe"])
        dx, dparams = self.layer.backward(own, tape, dy)
        if has_weights(own):
            probe = root_mean_square(_rows(dy)).astype(probe.dtype)
        return dx, {"layer": dparams, "probe": probe}


@custom_vmap
def _mark(y: jax.Array, probe: jax.Array) -> jax.Array:
    """y, whose gradient leaves its root mean square as that of the probe."""
    del probe
    return y


@_mark.def_vmap
def _mark_batch(
    size: int, batched: Any, y: jax.Array, probe: jax.Array
) -> tuple[jax.Array, bool]:
    # `jax.grad` differentiates what `vmap` made of the examples: there the batch is no
    # named axis any more, but all of its rows are at hand.
    del size, batched
    return _mark_rows(y, probe), True


@jax.custom_vjp
def _mark_rows(y: jax.Array, probe: jax.Array) -> jax.Array:
    del probe
    return y


def _mark_forward(y: jax.Array, probe: jax.Array) -> tuple[jax.Array, None]:
    del probe
    return y, None


def _mark_backward(_: None, dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    return dy, root_mean_square(dy.ravel()).astype(jnp.result_type(float))


_mark_rows.defvjp(_mark_forward, _mark_backward)


def _seen(layer: Layer, params: Tree, y: jax.Array, tape: Tree) -> jax.Array:
    """(rms y, share of dead units, share of saturated entries), where they are told."""
    dtype = working_dtype(y)
    rms = dead = saturated = jnp.full((), jnp.nan, dtype)
    if has_weights(params) or isinstance(layer, Elementwise):
        rms = root_mean_square(_rows(y))
    if isinstance(layer, Elementwise):
        slope = jnp.abs(layer.slopes(tape, y.dtype))
        if layer.steepest is None:
            alive = jnp.any(lax.all_gather(slope, BATCH) != 0, axis=0)
            dead = jnp.mean((~alive).astype(dtype))
        else:
            flat = slope < like(_SATURATED, slope) * like(layer.steepest, slope)
            saturated = jnp.mean(lax.pmean(flat.astype(dtype), BATCH))
    return jnp.stack([rms, dead, saturated])


def _rows(y: jax.Array) -> jax.Array:
    """(B n,) the entries of all examples, the same for every one of them."""
    return lax.all_gather(y, BATCH).reshape(-1)


def watched_gradient(
    road: Road,
    model: Layer,
    loss: Loss,
    params: Tree,
    stats: Tree,
    batch: Batch,
    key: jax.Array,
    penalty: Penalty | None = None,
) -> tuple[jax.Array, Tree, Tree, jax.Array]:
    """What a road computes, and each layer's (rms y, dead, saturated, rms delta).

    Returns:
        (value, stats, gradients, seen): the road's results, and (layers, 4) numbers
        of every layer inside the containers, in the order of the forward pass; NaN for
        the outputs, 0 for the delta of a layer that is neither weights nor activation.
    """
    probed = rebuild(model, params, _probed)
    value, told, gradients = road(
        _watch(model, _seen), loss, probed, stats, batch, key, penalty
    )
    forward = gather(model, told, lambda own, _: own["seen"], 3)
    delta = gather(model, gradients, lambda own, _: own["probe"][..., None], 1)
    return (
        value,
        rebuild(model, told, _inner),
        rebuild(model, gradients, _inner),
        jnp.concatenate([forward, delta], axis=1),
    )


def statistics(
    model: Layer,
    params: Tree,
    seen: jax.Array,
    weight: jax.Array,
    gradient: jax.Array,
    update: jax.Array,
) -> Statistics:
    """The layers with weights, from what was seen and their `weight_sizes`."""
    layers = places(model, params)
    rows = np.flatnonzero([place.has_weights for place in layers])
    # The activation that follows each, before the next layer with weights.
    ends = np.append(rows[1:], len(layers))
    follows = np.full(len(rows), -1)
    for index, (row, end) in enumerate(zip(rows, ends, strict=True)):
        found = [i for i in range(row, end) if layers[i].is_activation]
        follows[index] = found[0] if found else -1
    after = jnp.where(jnp.asarray(follows >= 0)[:, None], seen[follows], jnp.nan)
    return Statistics(
        z=seen[rows, 0],
        a=after[:, 0],
        delta=seen[rows, 3],
        weight=weight,
        gradient=gradient,
        update=update,
        dead=after[:, 1],
        saturated=after[:, 2],
    )


def rows_finite(
    model: Layer, params: Tree, stats: Tree, batch: Batch, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """(B, layers): whether a layer's output is finite in training; and the outputs."""
    watched = _watch(model, _finite)
    probed = rebuild(model, params, _probed)

    def example(x: jax.Array, row: jax.Array) -> tuple[jax.Array, jax.Array]:
        own = jax.random.fold_in(key, row)
        y, told, _ = watched.forward(probed, stats, x, own, train=True)
        return gather(model, told, lambda own, _: own["seen"], 1)[:, 0] == 1, y

    mapped = jax.vmap(example, axis_name=BATCH)
    return mapped(batch.x, jnp.arange(len(batch.x)))


def _finite(layer: Layer, params: Tree, y: jax.Array, tape: Tree) -> jax.Array:
    del layer, params, tape
    return jnp.isfinite(y).all()[None].astype(jnp.result_type(float))


def _watch(model: Layer, measure: Callable[..., jax.Array]) -> Layer:
    match model:
        case Sequential(layers=layers):
            return Sequential(layers=tuple(_watch(layer, measure) for layer in layers))
        case Repeat() | ReZero() | Residual() | Checkpoint() | MixedPrecision():
            inner = _watch(model.layer, measure)
            return dataclasses.replace(model, layer=inner)  # pyright: ignore
    return _Watched(model, measure)


def _probed(own: Tree, lead: tuple[int, ...]) -> Tree:
    return {"layer": own, "probe": jnp.zeros(lead)}


def _inner(own: Tree, lead: tuple[int, ...]) -> Tree:
    del lead
    return own["layer"]
