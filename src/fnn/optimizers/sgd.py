"""Gradient descent, plain and with momentum."""

from typing import Any

import jax

from fnn._core.component import number, static
from fnn.optimizers.base import ArrayOptimizer


class SGD(ArrayOptimizer):
    """x <- x - learning_rate g (errata A1).

    Batch, stochastic and mini-batch gradient descent are this with different batch
    sizes. With momentum it is `Momentum`; the `weight_decay` of PyTorch's is the
    penalty `fnn.penalties.L2`.

    Args:
        learning_rate: a number or a schedule.

    Example:
        >>> import jax.numpy as jnp
        >>> optimizer = SGD(0.5)
        >>> params = {"w": jnp.array([1.0])}
        >>> updates, _ = optimizer.update(params, optimizer.init(params), params)
        >>> updates["w"].tolist()
        [-0.5]
    """

    learning_rate: Any = number(default=0.01, at_least=0)

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        return -rate * g, slots


class Momentum(ArrayOptimizer):
    """v <- momentum v + g; x <- x - learning_rate v.

    With `nesterov`: x <- x - learning_rate (g + momentum v). The form of PyTorch and
    Optax (errata G2, A6). The notes and Keras put the learning rate inside v; both
    agree while it is constant.

    Args:
        learning_rate: a number or a schedule.
        momentum: share of v that survives a step, in [0, 1).
        nesterov: look ahead.

    Example:
        >>> import jax.numpy as jnp
        >>> optimizer = Momentum(1.0, momentum=0.5)
        >>> g = {"w": jnp.array([1.0])}
        >>> updates, state = optimizer.update(g, optimizer.init(g), g)
        >>> updates, state = optimizer.update(g, state, g)
        >>> updates["w"].tolist()
        [-1.5]
    """

    learning_rate: Any = number(default=0.01, at_least=0)
    momentum: Any = number(default=0.9, at_least=0, below=1)
    nesterov: bool = static(default=False)

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",)

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        velocity = self.momentum * slots["velocity"] + g
        direction = g + self.momentum * velocity if self.nesterov else velocity
        return -rate * direction, {"velocity": velocity}
