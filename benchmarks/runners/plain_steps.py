"""The parts of the plain-JAX candidates: losses, gradients and updates by hand.

Parameters are a list of (w (n_in, n_out), b (n_out,)), one pair a layer.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.cases import Case


def outputs(params: Any, x: jax.Array) -> jax.Array:
    """ReLU between the layers."""
    for w, b in params[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = params[-1]
    return x @ w + b


def loss_of(case: Case, out: jax.Array, y: jax.Array) -> jax.Array:
    """The mean loss of a batch."""
    if not case.labels:
        return jnp.mean(jnp.square(out - y))
    picked = jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], axis=1)
    return -jnp.mean(picked)


class Numbers(NamedTuple):
    """Adam's."""

    rate: Any
    beta1: Any = 0.9
    beta2: Any = 0.999
    epsilon: Any = 1e-8


def started(params: Any) -> Any:
    """Adam's first state: (parameters, first moments, second moments, count)."""
    zeros = [jax.tree.map(jnp.zeros_like, params) for _ in "mv"]
    return (params, *zeros, jnp.zeros((), jnp.int32))


def adam(state: Any, gradients: Any, numbers: Numbers) -> Any:
    """One update of Adam."""
    rate, beta1, beta2, epsilon = numbers
    params, m, v, count = state
    count = count + 1
    m = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradients)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
    m_scale, v_scale = 1 / (1 - beta1**count), 1 / (1 - beta2**count)

    def update(p: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return p - rate * m * m_scale / (jnp.sqrt(v * v_scale) + epsilon)

    return jax.tree.map(update, params, m, v), m, v, count


def step(case: Case, state: Any, x: Any, y: Any, numbers: Numbers | None = None) -> Any:
    """One step of `jax.grad` and Adam: (state, loss)."""
    loss, gradients = jax.value_and_grad(
        lambda params: loss_of(case, outputs(params, x), y)
    )(state[0])
    return adam(state, gradients, numbers or Numbers(case.rate)), loss


def step_bfloat16(case: Case, state: Any, x: Any, y: Any) -> Any:
    """The same with bfloat16 factors and float32 sums, gradients derived by hand."""
    half = [w.astype(jnp.bfloat16) for w, _ in state[0]]
    inputs, out = [], x
    for w, (_, b) in zip(half, state[0], strict=True):
        inputs.append((out if not inputs else jax.nn.relu(out)).astype(jnp.bfloat16))
        out = _product(inputs[-1], w, 1, 0) + b
    error = out - y
    delta, gradients = 2 / error.size * error, []
    for h, w in zip(inputs[::-1], half[::-1], strict=True):
        small = delta.astype(jnp.bfloat16)
        gradients.append((_product(h, small, 0, 0), delta.sum(axis=0)))
        delta = _product(small, w, 1, 1) * (h > 0)
    return adam(state, gradients[::-1], Numbers(case.rate)), jnp.mean(jnp.square(error))


def _product(a: jax.Array, b: jax.Array, i: int, j: int) -> jax.Array:
    axes = (((i,), (j,)), ((), ()))
    return lax.dot_general(a, b, axes, preferred_element_type=jnp.float32)


def step_deep(case: Case, params: Any, x: Any, y: Any, checkpoint: bool = False) -> Any:
    """One step of `jax.grad` of a scan over equal layers, and SGD: (params, loss).

    Parameters are [(w (depth, n, n), b (depth, n)), (w (n, n_out), b (n_out,))].
    """
    layer = jax.checkpoint(_tanh) if checkpoint else _tanh

    def loss(params: Any) -> jax.Array:
        hidden, (w, b) = params
        return loss_of(case, lax.scan(layer, x, hidden)[0] @ w + b, y)

    value, gradients = jax.value_and_grad(loss)(params)
    return _descended(case, params, gradients), value


def step_deep_by_hand(case: Case, params: Any, x: Any, y: Any) -> Any:
    """The same derived by hand: the scans keep outputs and deltas, nothing else.

    The gradients of all hidden weights are one batched product at the end.
    """
    hidden, head = params

    def forward(x: jax.Array, pair: Any) -> Any:
        out, _ = _tanh(x, pair)
        return out, out

    def backward(delta: jax.Array, kept: Any) -> Any:
        w, out = kept
        delta = delta * (1 - out * out)
        return delta @ w.T, delta

    last, outs = lax.scan(forward, x, hidden)
    value, (delta, head_gradient) = jax.value_and_grad(
        lambda last, head: loss_of(case, last @ head[0] + head[1], y), argnums=(0, 1)
    )(last, head)
    _, deltas = lax.scan(backward, delta, (hidden[0], outs), reverse=True)
    inputs = jnp.concatenate([x[None], outs[:-1]])
    gradients = jnp.einsum("lbi,lbo->lio", inputs, deltas), deltas.sum(axis=1)
    return _descended(case, params, [gradients, head_gradient]), value


def _tanh(x: jax.Array, pair: Any) -> Any:
    w, b = pair
    return jnp.tanh(x @ w + b), None


def _descended(case: Case, params: Any, gradients: Any) -> Any:
    return jax.tree.map(lambda p, g: p - case.rate * g, params, gradients)


def permutation(key: jax.Array, n: int) -> jax.Array:
    """An order of 0 .. n-1 by one sort: random high bits over the index in the low."""
    mask = jnp.uint32(2 ** (n - 1).bit_length() - 1)
    bits = jax.random.bits(key, (n,), jnp.uint32)
    words = (bits & ~mask) | jnp.arange(n, dtype=jnp.uint32)
    return (lax.sort(words, is_stable=False) & mask).astype(jnp.int32)


def epoch(
    case: Case, order: Any, state: Any, x: Any, y: Any, numbers: Numbers | None = None
) -> Any:
    """A scan of steps over the examples in this order: (state, losses)."""
    steps = len(x) // case.batch_size
    rows = order[: steps * case.batch_size].reshape(steps, case.batch_size)
    return lax.scan(
        lambda state, row: step(case, state, x[row], y[row], numbers), state, rows
    )
