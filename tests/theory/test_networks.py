"""Networks of width 1,000 have the gain that theory predicts."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn import layers as L
from fnn import theory as T

WIDTH, STEPS, NETWORKS = 1000, 5, 16

# Activation, weight variance, bias variance: ordered, chaotic and critical ones.
NETS: list[tuple[Any, float, float]] = [
    (L.Tanh(), 1.3, 0.05),
    (L.Tanh(), 2.5, 0.05),
    (L.ReLU(), 2.0, 0.0),
    (L.LeakyReLU(0.2), 2.0, 0.0),
    (L.ELU(), *T.critical(L.ELU())[:2]),
    (L.SELU(), 1.0, 0.0),
    (L.Sigmoid(), 2.0, 0.0),
    (L.Sigmoid(), *T.critical(L.Sigmoid())[:2]),
    (L.Softplus(), 1.0, 0.0),
]


def _start(network: T.Phase) -> float:
    """Any length will do where none is kept."""
    return network.q_star if 0 < network.q_star < math.inf else 1.0


def test_gains_and_lengths() -> None:
    """All nets share their weights, up to a factor; each starts at its own q*.

    The mean of squares is compared: at this width and depth it has no heavy tail, and
    the logarithm's mean is lower by half its variance.
    """
    predicted = [T.phase(*net) for net in NETS]
    scales = np.sqrt([[gain, bias] for _, gain, bias in NETS]).astype(np.float32)
    starts = np.sqrt([_start(network) for network in predicted]).astype(np.float32)

    def one(key: Any) -> Any:
        keys = jax.random.split(key, STEPS + 2)
        z = starts[:, None] * jax.random.normal(keys[0], (len(NETS), WIDTH))
        first = jnp.mean(z * z, axis=1)
        ws, tapes = [], []
        for step in keys[2:]:
            passed = [
                net[0].forward((), (), row, key, True)
                for net, row in zip(NETS, z, strict=True)
            ]
            tapes.append([tape for _, _, tape in passed])
            w = jax.random.normal(step, (WIDTH, WIDTH)) / math.sqrt(WIDTH)
            b = jax.random.normal(jax.random.fold_in(step, 1), (1, WIDTH))
            ws.append(w)
            z = scales[:, :1] * (jnp.stack([a for a, _, _ in passed]) @ w)
            z = z + scales[:, 1:] * b
        last = jnp.mean(z * z, axis=1)
        delta = jax.random.normal(keys[1], (len(NETS), WIDTH))
        before = jnp.sum(delta * delta, axis=1)
        for w, tape in zip(reversed(ws), reversed(tapes), strict=True):
            da = scales[:, :1] * (delta @ w.T)
            rows = [
                net[0].backward((), t, row)[0]
                for net, t, row in zip(NETS, tape, da, strict=True)
            ]
            delta = jnp.stack(rows)
        return jnp.sum(delta * delta, axis=1) / before, last / first

    keys = jax.random.split(jax.random.key(78), NETWORKS)
    gains, lengths = jax.jit(lambda keys: jax.lax.map(one, keys))(keys)
    for index, (net, network) in enumerate(zip(NETS, predicted, strict=True)):
        gain = np.asarray(gains[:, index], float) / network.chi_1**STEPS
        compared = [gain]
        if 0 < network.q_star < math.inf:
            compared.append(np.asarray(lengths[:, index], float))
        for ratio in compared:
            error = ratio.std(ddof=1) / math.sqrt(NETWORKS)
            # Per layer a few hundredths: narrow enough to tell the nets apart.
            assert error < 0.02 * STEPS, net
            assert abs(ratio.mean() - 1) < 3 * error, net
