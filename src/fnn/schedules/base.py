"""The contract of a schedule, and what schedules share."""

import abc
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import Component


class Schedule(Component, abc.ABC):
    """`schedule(step)` is the learning rate of one update, a scalar."""

    @abc.abstractmethod
    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`, a scalar counted from 0.

        The optimizers give an int32, `Warmup` a float.
        """


def rate_at(learning_rate: Any, step: Any) -> Any:
    """The learning rate of one update: a number as it is, a schedule's at `step`."""
    return learning_rate(step) if isinstance(learning_rate, Schedule) else learning_rate


def in_floats[Kind: Schedule](schedule: Kind, step: Any) -> tuple[jax.Array, Kind]:
    """The step and the schedule with its numbers, all in the default float dtype."""
    t = jnp.asarray(step, jnp.result_type(float))
    return t, jax.tree.map(lambda leaf: jnp.asarray(leaf, t.dtype), schedule)


def half_cosine(first: jax.Array, last: jax.Array, progress: jax.Array) -> jax.Array:
    """From `first` to `last` along half a cosine, as `progress` goes from 0 to 1."""
    return last + (first - last) * (1 + jnp.cos(jnp.pi * progress)) / 2
