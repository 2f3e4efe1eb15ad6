"""Learning rates as functions of the step, 0 at the first update (errata G12)."""

import abc
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_order
from fnn._core.component import Component, number


class Schedule(Component, abc.ABC):
    """`schedule(step)` is the learning rate of one update, a scalar."""

    @abc.abstractmethod
    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`, an integer scalar counted from 0."""


class Constant(Schedule):
    """The same learning rate at every step.

    Example:
        >>> Constant(0.1)(1000)
        0.1
    """

    value: Any = number(at_least=0)

    def __call__(self, step: Any) -> Any:
        del step
        return self.value


class Cosine(Schedule):
    """Linear warm-up to `peak`, then half a cosine down to `end`, which it keeps.

    With t the step, W = warmup_steps and T = total_steps (warm-up included):

        t < W:   start + (peak - start) t / W
        t >= W:  end + (peak - end) (1 + cos(pi min((t - W) / (T - W), 1))) / 2

    Source: Loshchilov and Hutter, SGDR, 2017, without restarts. PyTorch's climbs
    again after T; this one and Optax's stay at `end`.

    Args:
        peak: highest learning rate.
        total_steps: number of updates, warm-up included; above warmup_steps.
        warmup_steps: number of updates of the linear rise.
        start: learning rate at step 0 when there is a warm-up.
        end: learning rate from step `total_steps` on.

    Example:
        >>> schedule = Cosine(0.1, total_steps=100, warmup_steps=10)
        >>> [round(float(schedule(t)), 3) for t in (0, 5, 10, 55, 100, 200)]
        [0.0, 0.05, 0.1, 0.05, 0.0, 0.0]
    """

    peak: Any = number(at_least=0)
    total_steps: Any = number(at_least=1)
    warmup_steps: Any = number(default=0, at_least=0)
    start: Any = number(default=0.0, at_least=0)
    end: Any = number(default=0.0, at_least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_order("Cosine.warmup_steps", self.warmup_steps, self.total_steps)

    def __call__(self, step: Any) -> jax.Array:
        t = jnp.asarray(step, jnp.result_type(float))
        peak, total, warmup, start, end = (
            jnp.asarray(value, t.dtype)
            for value in (
                self.peak,
                self.total_steps,
                self.warmup_steps,
                self.start,
                self.end,
            )
        )
        rise = start + (peak - start) * t / jnp.where(warmup > 0, warmup, 1)
        length = jnp.where(total > warmup, total - warmup, 1)
        progress = jnp.clip((t - warmup) / length, 0, 1)
        fall = end + (peak - end) * (1 + jnp.cos(jnp.pi * progress)) / 2
        return jnp.where(t < warmup, rise, fall)
