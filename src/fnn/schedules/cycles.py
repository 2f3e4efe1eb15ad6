"""Schedules in phases: a rise, then a fall."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_order
from fnn._core.component import number
from fnn.schedules.base import Schedule, half_cosine, in_floats, rate_at


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
        t, rule = in_floats(self, step)
        warmup, total = rule.warmup_steps, rule.total_steps
        rise = rule.start + (rule.peak - rule.start) * t / jnp.where(
            warmup > 0, warmup, 1
        )
        length = jnp.where(total > warmup, total - warmup, 1)
        progress = jnp.clip((t - warmup) / length, 0, 1)
        fall = half_cosine(rule.peak, rule.end, progress)
        return jnp.where(t < warmup, rise, fall)


class OneCycle(Schedule):
    """Half a cosine up to `peak`, then half a cosine down to almost 0, which it keeps.

    With T = total_steps, from peak / start_divisor at step 0 to the peak at step
    floor(rise T), and to peak / (start_divisor end_divisor) at T. Optax's form; in
    PyTorch's the peak is at rise T - 1 and the end at T - 1 (errata G12). The floor
    makes the slope in `rise` 0. Source: Smith and Topin, 2017.

    Args:
        peak: highest learning rate.
        total_steps: number of updates.
        rise: share of them before the peak.
        start_divisor: peak / first learning rate.
        end_divisor: first / last learning rate.

    Example:
        >>> schedule = OneCycle(0.1, total_steps=100)
        >>> [round(float(schedule(t)), 4) for t in (0, 15, 30, 65, 100, 200)]
        [0.004, 0.052, 0.1, 0.05, 0.0, 0.0]
    """

    peak: Any = number(at_least=0)
    total_steps: Any = number(at_least=1)
    rise: Any = number(default=0.3, at_least=0, below=1)
    start_divisor: Any = number(default=25.0, above=0)
    end_divisor: Any = number(default=1e4, above=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        top = jnp.floor(rule.rise * rule.total_steps)
        start = rule.peak / rule.start_divisor
        up = t / jnp.where(top > 0, top, 1)
        down = jnp.clip((t - top) / (rule.total_steps - top), 0, 1)
        return jnp.where(
            t < top,
            half_cosine(start, rule.peak, up),
            half_cosine(rule.peak, start / rule.end_divisor, down),
        )


class Warmup(Schedule):
    """A linear rise over `steps` updates to where another schedule begins, then that.

        t < steps:   start + (schedule(0) - start) t / steps
        t >= steps:  schedule(t - steps)

    The other schedule counts from the end of the rise, in floats, which keep the slope
    in `steps`.

    Args:
        schedule: a schedule, or a number for a constant learning rate.
        steps: number of updates of the rise.
        start: learning rate at step 0.

    Example:
        >>> from fnn.schedules import Linear
        >>> schedule = Warmup(Linear(0.1, total_steps=20), steps=10)
        >>> [round(float(schedule(t)), 3) for t in (0, 5, 10, 20, 30, 40)]
        [0.0, 0.05, 0.1, 0.05, 0.0, 0.0]
    """

    schedule: Any = number(at_least=0)
    steps: Any = number(at_least=0)
    start: Any = number(default=0.0, at_least=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        first, later = (
            jnp.asarray(rate_at(rule.schedule, n), t.dtype)
            for n in (jnp.zeros_like(t), jnp.maximum(t - rule.steps, 0))
        )
        share = t / jnp.where(rule.steps > 0, rule.steps, 1)
        return jnp.where(
            t < rule.steps, rule.start + (first - rule.start) * share, later
        )
