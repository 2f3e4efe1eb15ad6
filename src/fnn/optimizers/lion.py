"""Lion."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn.optimizers.base import ArrayOptimizer


class Lion(ArrayOptimizer):
    """Steps of one size: the sign of a momentum, with weights that decay.

        x <- x - learning_rate (sign(beta1 m + (1 - beta1) g) + weight_decay x)
        m <- beta2 m + (1 - beta2) g

    with sign(0) = 0. As every entry moves by the learning rate, choose it 3 to 10
    times below Adam's. Only weight matrices decay, the parameters named "w"; Optax,
    whose defaults these are, decays every array. The sign has slope 0, so no
    hypergradient passes through a gradient. Source: Chen et al., 2023.

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m in the direction of a step.
        beta2: share of m that survives a step.
        weight_decay: share of a weight that a step at learning rate 1 takes away.

    Example:
        >>> optimizer = Lion(0.5, weight_decay=0.0)
        >>> g = {"w": jnp.array([3.0, -0.01, 0.0])}
        >>> updates, _ = optimizer.update(g, optimizer.init(g), g)
        >>> [round(step, 4) + 0.0 for step in updates["w"].tolist()]
        [-0.5, 0.5, 0.0]
    """

    learning_rate: Any = number(default=1e-4, at_least=0)
    beta1: Any = number(default=0.9, at_least=0, below=1)
    beta2: Any = number(default=0.99, at_least=0, below=1)
    weight_decay: Any = number(default=1e-3, at_least=0)

    def slot_names(self) -> tuple[str, ...]:
        return ("m",)

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        direction = jnp.sign(self.beta1 * slots["m"] + (1 - self.beta1) * g)
        return -rate * direction, {"m": self.beta2 * slots["m"] + (1 - self.beta2) * g}

    def update_weight(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        update, slots = self.update_array(g, slots, p, rate, step)
        return update - rate * self.weight_decay * p, slots
