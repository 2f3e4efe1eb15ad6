"""Rates divided by the size of past gradients: Adagrad, Adadelta, RMSprop."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_choice
from fnn._core.component import number, static
from fnn._core.trees import square_root
from fnn.optimizers.base import ArrayOptimizer


def _size(square: jax.Array, epsilon: jax.Array, inside: bool) -> jax.Array:
    """A mean size from a mean square, kept from 0 inside the root or outside."""
    return square_root(square + epsilon) if inside else square_root(square) + epsilon


class Adagrad(ArrayOptimizer):
    """A rate for each entry that falls with the sum of its squared gradients.

        s <- s + g^2,  x <- x - learning_rate g / sqrt(s + epsilon)

    with the present gradient in the sum. With `epsilon_inside=False` the divisor is
    sqrt(s) + epsilon. The defaults are Optax's. PyTorch and the paper start at 0 and
    add epsilon outside, 1e-10 in PyTorch; Keras is as Optax (errata G3). Source:
    Duchi, Hazan and Singer, 2011.

    Args:
        learning_rate: a number or a schedule.
        start: what the sum s starts at.
        epsilon: keeps the divisor from 0.
        epsilon_inside: whether it stands inside the root.

    Example:
        >>> optimizer = Adagrad(0.5, start=7.0)
        >>> g = {"w": jnp.array([3.0])}
        >>> updates, _ = optimizer.update(g, optimizer.init(g), g)
        >>> round(float(updates["w"][0]), 4)
        -0.375
    """

    learning_rate: Any = number(default=0.01, at_least=0)
    start: Any = number(default=0.1, at_least=0)
    epsilon: Any = number(default=1e-7, above=0)
    epsilon_inside: bool = static(default=True)

    def slot_names(self) -> tuple[str, ...]:
        return ("sum",)

    def init_slots(self, p: jax.Array) -> dict[str, jax.Array]:
        return {"sum": jnp.full_like(p, self.start)}

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        total = slots["sum"] + jnp.square(g)
        size = _size(total, self.epsilon, self.epsilon_inside)
        return -rate * g / size, {"sum": total}


class Adadelta(ArrayOptimizer):
    """Steps whose size is that of past steps: the units of g cancel.

        v <- decay v + (1 - decay) g^2
        d = sqrt(u + epsilon) / sqrt(v + epsilon) g,  x <- x - learning_rate d
        u <- decay u + (1 - decay) d^2

    Both start at 0, so the first step has length sqrt(epsilon / (1 - decay)) at
    learning rate 1. Epsilon stands inside both roots, as in the paper and everywhere.
    The defaults are those of PyTorch and Optax; the paper and Keras have decay 0.95,
    Keras epsilon 1e-7 and a learning rate of 0.001 at which it crawls (errata G4).
    Source: Zeiler, 2012.

    Args:
        learning_rate: a number or a schedule.
        decay: share of v and u that survives a step.
        epsilon: what starts the motion.

    Example:
        >>> optimizer = Adadelta(epsilon=1e-3)
        >>> g = {"w": jnp.array([100.0])}
        >>> updates, _ = optimizer.update(g, optimizer.init(g), g)
        >>> round(float(updates["w"][0]), 4)
        -0.1
    """

    learning_rate: Any = number(default=1.0, at_least=0)
    decay: Any = number(default=0.9, at_least=0, below=1)
    epsilon: Any = number(default=1e-6, above=0)

    def slot_names(self) -> tuple[str, ...]:
        return ("squared_gradient", "squared_step")

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        v, u = slots["squared_gradient"], slots["squared_step"]
        v = self.decay * v + (1 - self.decay) * jnp.square(g)
        d = jnp.sqrt(u + self.epsilon) / jnp.sqrt(v + self.epsilon) * g
        u = self.decay * u + (1 - self.decay) * jnp.square(d)
        return -rate * d, {"squared_gradient": v, "squared_step": u}


class RMSprop(ArrayOptimizer):
    """Gradients divided by their root mean square.

        v <- decay v + (1 - decay) g^2,  size = sqrt(v + epsilon)
        velocity:  b <- momentum b + learning_rate g / size,  x <- x - b
        trace:     b <- momentum b + g / size,                x <- x - learning_rate b

    The two are one without momentum, the default, and at a constant rate. With
    `centered`, v - m^2 stands in the place of v, where m is the mean of g as v is
    that of g^2. With `epsilon_inside=False` the size is sqrt(v) + epsilon: inside, 1e-8
    is a floor of 1e-4 under |g|. Without correction, the first step is
    1 / sqrt(1 - decay) = 3.16 times the learning rate.

    The defaults are Optax's, Keras's but for epsilon 1e-7. PyTorch has decay 0.99,
    epsilon outside and momentum as a trace (errata G5). b is kept without momentum
    too, so that a sweep over momentum is one program. Source: Tieleman and Hinton,
    2012.

    Args:
        learning_rate: a number or a schedule.
        decay: share of v that survives a step.
        epsilon: keeps the divisor from 0.
        momentum: share of b that survives a step.
        centered: divide by the standard deviation instead.
        epsilon_inside: whether epsilon stands inside the root.
        momentum_form: "velocity" or "trace".

    Example:
        >>> optimizer = RMSprop(0.1, decay=0.75)
        >>> g = {"w": jnp.array([3.0])}
        >>> updates, _ = optimizer.update(g, optimizer.init(g), g)
        >>> round(float(updates["w"][0]), 4)
        -0.2
    """

    learning_rate: Any = number(default=1e-3, at_least=0)
    decay: Any = number(default=0.9, at_least=0, below=1)
    epsilon: Any = number(default=1e-8, above=0)
    momentum: Any = number(default=0.0, at_least=0, below=1)
    centered: bool = static(default=False)
    epsilon_inside: bool = static(default=True)
    momentum_form: str = static(default="velocity")

    def __post_init__(self) -> None:
        super().__post_init__()
        forms = ("velocity", "trace")
        check_choice("RMSprop.momentum_form", self.momentum_form, forms)

    def slot_names(self) -> tuple[str, ...]:
        means = ("mean", "mean_square") if self.centered else ("mean_square",)
        return (*means, "velocity")

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p, step
        new = {"mean_square": self._mean(slots["mean_square"], jnp.square(g))}
        square = new["mean_square"]
        if self.centered:
            new["mean"] = self._mean(slots["mean"], g)
            # Rounding can bring a variance of 0 below 0, and the root to NaN.
            square = jnp.maximum(square - jnp.square(new["mean"]), 0)
        direction = g / _size(square, self.epsilon, self.epsilon_inside)
        if self.momentum_form == "velocity":
            step_taken = self.momentum * slots["velocity"] + rate * direction
            return -step_taken, {**new, "velocity": step_taken}
        velocity = self.momentum * slots["velocity"] + direction
        return -rate * velocity, {**new, "velocity": velocity}

    def _mean(self, mean: jax.Array, value: jax.Array) -> jax.Array:
        return self.decay * mean + (1 - self.decay) * value
