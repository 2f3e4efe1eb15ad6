"""Adam."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import square_root
from fnn.optimizers.base import ArrayOptimizer


class Adam(ArrayOptimizer):
    """Adaptive moments, with epsilon outside the root and after the correction.

    With n the number of this update, from 1,

        m <- beta1 m + (1 - beta1) g,      m_hat = m / (1 - beta1^n)
        v <- beta2 v + (1 - beta2) g^2,    v_hat = v / (1 - beta2^n)
        x <- x - learning_rate m_hat / (sqrt(v_hat) + epsilon)

    Without the correction, which the notes leave undefined, the first step would be
    3.16 times too large (errata G6). Source: Kingma and Ba, 2015.

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m that survives a step.
        beta2: share of v that survives a step.
        epsilon: keeps the divisor from 0.

    Example:
        >>> optimizer = Adam(0.1)
        >>> params = {"w": jnp.array([1.0, -2.0])}
        >>> state = optimizer.init(params)
        >>> updates, _ = optimizer.update({"w": jnp.array([5.0, -3.0])}, state, params)
        >>> [round(step, 4) for step in updates["w"].tolist()]
        [-0.1, 0.1]
    """

    learning_rate: Any = number(default=1e-3, at_least=0)
    beta1: Any = number(default=0.9, at_least=0, below=1)
    beta2: Any = number(default=0.999, at_least=0, below=1)
    epsilon: Any = number(default=1e-8, above=0)

    def slot_names(self) -> tuple[str, ...]:
        return ("m", "v")

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p
        m = self.beta1 * slots["m"] + (1 - self.beta1) * g
        v = self.beta2 * slots["v"] + (1 - self.beta2) * jnp.square(g)
        # The corrections are scalars: one division an entry is left, not three.
        scale = -rate / (1 - self.beta1**step)
        v_hat = v * (1 / (1 - self.beta2**step))
        return scale * m / (square_root(v_hat) + self.epsilon), {"m": m, "v": v}
