"""Random networks whose structure is data: thousands of them in one program."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn.layers import Layer


class Choice(Layer):
    """One of several layers, the one whose number stands in the statistics.

    Every layer computes; `select_n` keeps the answer of one, forward and backward. The
    parameters of the others get the gradient 0, by both roads. So one program holds a
    network for every choice, and a `Repeat` of it a stack of chosen layers.
    """

    options: tuple[Layer, ...]

    def init(self, key: Any) -> Any:
        keys = jax.random.split(key, len(self.options) + 1)
        pairs = [layer.init(k) for layer, k in zip(self.options, keys[1:], strict=True)]
        chosen = jax.random.randint(keys[0], (), 0, len(self.options))
        params, stats = zip(*pairs, strict=True)
        return params, {"chosen": chosen, "inner": stats}

    def forward(self, params: Any, stats: Any, x: Any, key: Any, train: bool) -> Any:
        found = [
            layer.forward(p, s, x, key, train)
            for layer, p, s in zip(self.options, params, stats["inner"], strict=True)
        ]
        outputs, inner, tapes = zip(*found, strict=True)
        y = jax.lax.select_n(stats["chosen"], *outputs)
        return y, {**stats, "inner": inner}, (stats["chosen"], tapes)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        chosen, tapes = tape
        pairs = [
            layer.backward(p, t, dy)
            for layer, p, t in zip(self.options, params, tapes, strict=True)
        ]
        dx = jax.lax.select_n(chosen, *(dx for dx, _ in pairs))
        dparams = tuple(
            jax.tree.map(lambda g, i=i: jnp.where(chosen == i, g, 0), gradient)
            for i, (_, gradient) in enumerate(pairs)
        )
        return dx, dparams
