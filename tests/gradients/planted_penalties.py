"""Wrong gradients of penalties; they are asked with one weight at 0."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn import penalties
from fnn._core.trees import map_weights
from tests.gradients.planted import Planted


def penalty(base: Any, change: Callable[..., Any], *args: Any) -> Planted:
    """A penalty with the gradient `change(penalty, params, right)`."""

    class Wrong(base):
        def gradient(self, params: Any) -> Any:
            return change(self, params, super().gradient(params))

    Wrong.__name__ = f"Wrong{base.__name__}"
    return Planted(Wrong(*args), "gradient")


def scaled(factor: float) -> Callable[..., Any]:
    return lambda s, params, right: jax.tree.map(lambda g: factor * g, right)


PENALTIES: dict[str, Planted] = {
    "L2: factor 2 (H2)": penalty(penalties.L2, scaled(2.0), 0.1)._replace(factor=2.0),
    "L2: sign": penalty(penalties.L2, scaled(-1.0), 0.1)._replace(factor=-1.0),
    "L2: of the biases too (H2)": penalty(
        penalties.L2,
        lambda s, params, right: jax.tree.map(lambda p: s.strength * p, params),
        0.1,
    ),
    "L1: the weight for its sign": penalty(
        penalties.L1,
        lambda s, params, right: map_weights(lambda w: s.strength * w, params),
        0.1,
    ),
    "L1: slope 1 at 0 (H1)": penalty(
        penalties.L1,
        lambda s, params, right: map_weights(
            lambda w: jnp.where(w >= 0, s.strength, -s.strength), params
        ),
        0.1,
    ),
    "ElasticNet: squares forgotten": penalty(
        penalties.ElasticNet,
        lambda s, params, right: penalties.L1(s.l1).gradient(params),
        0.1,
        0.2,
    ),
    "ElasticNet: absolute values forgotten": penalty(
        penalties.ElasticNet,
        lambda s, params, right: penalties.L2(s.l2).gradient(params),
        0.1,
        0.2,
    ),
    "ElasticNet: l2 / 2": penalty(
        penalties.ElasticNet,
        lambda s, params, right: map_weights(
            lambda w: s.l1 * jnp.sign(w) + s.l2 / 2 * w, params
        ),
        0.1,
        0.2,
    ),
}
