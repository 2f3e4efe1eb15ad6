"""Wrong backward rules of layers with parameters, and of containers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

import fnn
from fnn import layers as L
from fnn.layers import batch_sum, outer_sum
from tests.catalogue import ROWS, WIDTH
from tests.gradients.planted import Planted, own, rule, term


def dense(change: Callable[..., Any]) -> Any:
    return rule(L.Dense, change, WIDTH, WIDTH)


def flipped(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[::-1], tree)


class SequentialForwardOrder(L.Sequential):
    def __init__(self, *args: Any, layers: tuple[Any, ...] = ()) -> None:
        super().__init__(*args, layers=layers)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        gradients = []
        for layer, p, t in zip(self.layers, params, tape, strict=True):
            dy, gradient = layer.backward(p, t, dy)
            gradients.append(gradient)
        return dy, tuple(gradients)


class RepeatForwardOrder(L.Repeat):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        packed, y = tape
        dx, dparams = super().backward(flipped(params), (flipped(packed), y), dy)
        return dx, flipped(dparams)


class MaxoutWrongPieces(L.Maxout):
    first: bool = fnn.static(default=False, kw_only=True)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        x, largest = tape
        wrong = jnp.ones_like(largest)
        if self.first:
            wrong = wrong & (jnp.arange(self.pieces) == 0)[None]
        return super().backward(params, (x, wrong), dy)


STACKED = L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH))

DENSE: dict[str, Planted] = {
    "sign of dw (A2)": Planted(
        term(L.Dense, "w", lambda g: -g, WIDTH, WIDTH), "w", -1.0
    ),
    "factor 2 in dw": Planted(
        term(L.Dense, "w", lambda g: 2 * g, WIDTH, WIDTH), "w", 2.0
    ),
    "factor 1 + 1e-9 in dw": Planted(
        term(L.Dense, "w", lambda g: (1 + 1e-9) * g, WIDTH, WIDTH), "w", 1 + 1e-9
    ),
    "dw a mean once more": Planted(
        term(L.Dense, "w", lambda g: g / ROWS, WIDTH, WIDTH), "w", 1 / ROWS
    ),
    "db missing": Planted(term(L.Dense, "b", lambda g: 0 * g, WIDTH, WIDTH), "b", 0.0),
    "db a mean": Planted(
        term(L.Dense, "b", lambda g: g / ROWS, WIDTH, WIDTH), "b", 1 / ROWS
    ),
    "db summed twice": Planted(
        term(L.Dense, "b", batch_sum, WIDTH, WIDTH), "b", float(ROWS)
    ),
    "dw transposed (B9)": Planted(term(L.Dense, "w", lambda g: g.T, WIDTH, WIDTH), "w"),
    "W not transposed in dx (B9)": Planted(
        dense(lambda p, x, d, dx, dp: (d @ p["w"], dp)), "input"
    ),
    "outputs in reverse in dx": Planted(
        dense(lambda p, x, d, dx, dp: (p["w"] @ d[::-1], dp)), "input"
    ),
    "batch sum missing in dw": Planted(
        dense(lambda p, x, d, dx, dp: (dx, {**dp, "w": own(jnp.outer(x, d))})), "w"
    ),
    "dx is delta": Planted(dense(lambda p, x, d, dx, dp: (d, dp)), "input"),
    "sign of dx (A2)": Planted(
        term(L.Dense, "input", lambda g: -g, WIDTH, WIDTH), "input", -1.0
    ),
    "dw of the output": Planted(
        dense(lambda p, x, d, dx, dp: (dx, {**dp, "w": outer_sum(x @ p["w"], d)})), "w"
    ),
    "delta of the layer below in dw (B5)": Planted(
        dense(lambda p, x, d, dx, dp: (dx, {**dp, "w": outer_sum(x, dx)})), "w"
    ),
}

OTHERS: dict[str, Planted] = {
    "Maxout: all pieces": Planted(MaxoutWrongPieces(WIDTH, WIDTH, 3), "b input w"),
    "Maxout: always the first piece": Planted(
        MaxoutWrongPieces(WIDTH, WIDTH, 3, first=True), "b input w"
    ),
    "Maxout: pieces in reverse in dw": Planted(
        term(L.Maxout, "w", lambda g: g[..., ::-1], WIDTH, WIDTH, 3), "w"
    ),
    "Dropout: scale missing (H3)": Planted(
        rule(L.Dropout, lambda p, t, dy, dx, dp: (jnp.where(t, dy, 0), dp), 0.4),
        "input",
        0.6,
    ),
    "Dropout: scaled by the rate that drops (H3)": Planted(
        rule(L.Dropout, lambda p, t, dy, dx, dp: (jnp.where(t, dy / 0.4, 0), dp), 0.4),
        "input",
        0.6 / 0.4,
    ),
    "Dropout: mask missing": Planted(
        rule(L.Dropout, lambda p, t, dy, dx, dp: (dy / 0.6, dp), 0.4), "input"
    ),
    "Dropout: another mask": Planted(
        rule(L.Dropout, lambda p, t, dy, dx, dp: (jnp.where(~t, dy / 0.6, 0), dp), 0.4),
        "input",
    ),
    "Residual: identity missing (H12)": Planted(
        rule(
            L.Residual,
            lambda p, t, dy, dx, dp: (dx - dy, dp),
            L.Dense(WIDTH, WIDTH),
        ),
        "input",
    ),
    "Residual: the layer inside missing": Planted(
        rule(L.Residual, lambda p, t, dy, dx, dp: (dy, dp), L.Dense(WIDTH, WIDTH)),
        "input",
    ),
    "Residual: identity twice": Planted(
        rule(L.Residual, lambda p, t, dy, dx, dp: (dx + dy, dp), L.Dense(WIDTH, WIDTH)),
        "input",
    ),
    "Sequential: forward order": Planted(
        SequentialForwardOrder(
            L.Dense(WIDTH, WIDTH), L.Tanh(), L.Dense(WIDTH, WIDTH), L.Sigmoid()
        ),
        "0.b 0.w 2.b 2.w input",
    ),
    "Repeat: forward order": Planted(
        RepeatForwardOrder(STACKED, 3),
        "1.b 1.w input",
    ),
    "Repeat: gradients in reverse": Planted(
        rule(L.Repeat, lambda p, t, dy, dx, dp: (dx, flipped(dp)), STACKED, 3),
        "1.b 1.w",
    ),
    "Repeat: the first layer's gradient for all": Planted(
        rule(
            L.Repeat,
            lambda p, t, dy, dx, dp: (
                dx,
                jax.tree.map(lambda g: jnp.broadcast_to(g[:1], g.shape), dp),
            ),
            STACKED,
            3,
        ),
        "1.b 1.w",
    ),
}
