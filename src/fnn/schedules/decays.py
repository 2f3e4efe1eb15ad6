"""Schedules that only fall, and the one that does not change."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import Range, check_kind, check_range, is_python_number
from fnn._core.component import number
from fnn.schedules.base import Schedule, in_floats


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


class Linear(Schedule):
    """A straight line from `start` at step 0 to `end` at `total_steps`, which it keeps.

    Args:
        start: learning rate at step 0.
        total_steps: number of updates on the way.
        end: learning rate from step `total_steps` on.

    Example:
        >>> schedule = Linear(0.1, total_steps=10, end=0.02)
        >>> [round(float(schedule(t)), 3) for t in (0, 5, 10, 20)]
        [0.1, 0.06, 0.02, 0.02]
    """

    start: Any = number(at_least=0)
    total_steps: Any = number(at_least=1)
    end: Any = number(default=0.0, at_least=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        progress = jnp.clip(t / rule.total_steps, 0, 1)
        # As a mean of both, so that the end is exact.
        return rule.start * (1 - progress) + rule.end * progress


class Step(Schedule):
    """start factor^floor(t / every): a drop every so many updates, and never below end.

    Args:
        start: learning rate of the first `every` updates.
        every: number of updates between drops.
        factor: what each drop multiplies it by.
        end: the least learning rate.

    Example:
        >>> schedule = Step(0.1, every=10, factor=0.5)
        >>> [round(float(schedule(t)), 4) for t in (0, 9, 10, 20)]
        [0.1, 0.1, 0.05, 0.025]
    """

    start: Any = number(at_least=0)
    every: Any = number(at_least=1)
    factor: Any = number(default=0.1, above=0, at_most=1)
    end: Any = number(default=0.0, at_least=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        # Not floor(t / every): a compiler may multiply by 1 / every, which rounds.
        drops = jnp.floor_divide(t, rule.every)
        return jnp.maximum(rule.start * rule.factor**drops, rule.end)


class MultiStep(Schedule):
    """start factor^(number of boundaries that are not above t): drops at chosen steps.

    Args:
        start: learning rate before the first boundary.
        boundaries: the steps of the drops, in any order; each is the first with the
            lower rate.
        factor: what each drop multiplies it by.

    Example:
        >>> schedule = MultiStep(0.1, boundaries=(10, 15), factor=0.5)
        >>> [round(float(schedule(t)), 4) for t in (0, 9, 10, 15, 100)]
        [0.1, 0.1, 0.05, 0.025, 0.025]
    """

    start: Any = number(at_least=0)
    boundaries: tuple[Any, ...]
    factor: Any = number(default=0.1, above=0, at_most=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if is_python_number(self.boundaries):
            expected = "a tuple of steps, such as (10, 15)"
            check_kind("MultiStep.boundaries", self.boundaries, tuple, expected)
        elif isinstance(self.boundaries, tuple):
            for boundary in filter(is_python_number, self.boundaries):
                check_range("MultiStep.boundaries", boundary, Range(at_least=0))

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        drops = sum((t >= b).astype(t.dtype) for b in rule.boundaries)
        return rule.start * rule.factor**drops


class Exponential(Schedule):
    """start factor^(t / every), and never below end.

    Args:
        start: learning rate at step 0.
        factor: what `every` updates multiply it by.
        every: number of updates over which `factor` works.
        end: the least learning rate.

    Example:
        >>> schedule = Exponential(0.1, factor=0.25, every=10, end=0.01)
        >>> [round(float(schedule(t)), 4) for t in (0, 5, 10, 20)]
        [0.1, 0.05, 0.025, 0.01]
    """

    start: Any = number(at_least=0)
    factor: Any = number(above=0, at_most=1)
    every: Any = number(default=1, at_least=1)
    end: Any = number(default=0.0, at_least=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        return jnp.maximum(rule.start * rule.factor ** (t / rule.every), rule.end)


class InverseTime(Schedule):
    """start / (1 + decay t): after 1 / decay updates half of it is left.

    Rates whose sum is infinite and whose squares' sum is not, the condition of Robbins
    and Monro, 1951, under which stochastic descent converges.

    Args:
        start: learning rate at step 0.
        decay: how fast it falls.

    Example:
        >>> schedule = InverseTime(0.1, decay=0.1)
        >>> [round(float(schedule(t)), 4) for t in (0, 10, 30)]
        [0.1, 0.05, 0.025]
    """

    start: Any = number(at_least=0)
    decay: Any = number(at_least=0)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        return rule.start / (1 + rule.decay * t)


class InverseSquareRoot(Schedule):
    """A linear rise to `peak` at update W = warmup_steps, then falling as 1 / sqrt(n).

        peak min(n / W, sqrt(W / n)),  n = t + 1

    Updates are counted from 1 as in the paper, so the first is at peak / W and not at
    0, and the peak is at t = W - 1. The paper's is peak = (model width W)^(-1/2).
    Source: Vaswani et al., 2017.

    Args:
        peak: highest learning rate.
        warmup_steps: number of updates of the rise.

    Example:
        >>> schedule = InverseSquareRoot(0.1, warmup_steps=10)
        >>> [round(float(schedule(t)), 4) for t in (0, 4, 9, 39)]
        [0.01, 0.05, 0.1, 0.05]
    """

    peak: Any = number(at_least=0)
    warmup_steps: Any = number(default=1, at_least=1)

    def __call__(self, step: Any) -> jax.Array:
        t, rule = in_floats(self, step)
        n, warmup = t + 1, rule.warmup_steps
        # The root only of what is used: the two meet at n = W.
        fall = jnp.sqrt(warmup / jnp.maximum(n, warmup))
        return rule.peak * jnp.where(n < warmup, n / warmup, fall)
