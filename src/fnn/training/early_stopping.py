"""When to stop, and which state to go back to."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.checks import check_choice, check_given, check_kind, check_size
from fnn._core.component import Component, number, static
from fnn._core.planning_checks import check_stopping

TRAINING_LOSS = "training_loss"


class Standing(NamedTuple):
    """How a run stands with its rule, for a compiled loop to carry.

    Attributes:
        best: the best value so far; before the first, the worst there is.
        place: the epoch, from 0, of the best value.
        stopped: whether training is over.
    """

    best: jax.Array
    place: jax.Array
    stopped: jax.Array


class EarlyStopping(Component):
    """Stop after `patience` epochs without a new best value, or at a target.

    `fnn.fit` then returns the state of the best epoch, also when it ran to its end
    (errata G11). An epoch that reaches the target is the best, and the last.

    Args:
        monitor: "loss" or the name of a metric, on the validation data, or
            "training_loss", the mean loss over the steps of an epoch, which needs none
            but says nothing of overfitting.
        patience: epochs without improvement before stopping.
        min_delta: what counts as improvement is more than this.
        maximize: whether larger is better; for the loss it is not.
        target: stop as soon as the value is this good, or None.

    Example:
        >>> rule = EarlyStopping(patience=2)
        >>> rule.best([3.0, 1.0, 2.0]), rule.stops([3.0, 1.0, 2.0])
        (1, False)
        >>> rule.stops([3.0, 1.0, 2.0, 1.5])
        True
        >>> EarlyStopping("training_loss", target=0.01).stops([3.0, 0.009])
        True
    """

    monitor: str = static(default="loss")
    patience: int = static(default=10)
    min_delta: float = number(default=0.0, at_least=0)
    maximize: bool = static(default=False)
    target: float | None = number(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("EarlyStopping.patience", self.patience)

    def best(self, values: list[float]) -> int:
        """The epoch, from 0, of the best value so far; NaN is never best."""
        best, place = -math.inf, 0
        for epoch, value in enumerate(values):
            if self._reached(value):
                return epoch
            value = value if self.maximize else -value
            if value > best + self.min_delta or (best == -math.inf and value > best):
                best, place = value, epoch
        return place

    def stops(self, values: list[float]) -> bool:
        """Whether training stops after the last of these values."""
        tired = len(values) - 1 - self.best(values) >= self.patience
        return tired or self._reached(values[-1])

    def start(self) -> Standing:
        """The standing before the first epoch."""
        worst = jnp.full((), -math.inf if self.maximize else math.inf)
        return Standing(worst, jnp.zeros((), jnp.int32), jnp.zeros((), bool))

    def advance(
        self, standing: Standing, epoch: jax.Array, value: jax.Array
    ) -> Standing:
        """The standing after one more epoch: `best` and `stops` of a compiled loop.

        In double precision, whatever the precision of the run, as they are: in single
        an improvement by `min_delta` = 0.01, from 0.90 to 0.91, would be rounded away.

        Args:
            standing: before this epoch, of a run that has not stopped.
            epoch: its number, from 0.
            value: what is monitored, after this epoch.
        """
        with jax.enable_x64(True):
            new, best = value.astype(jnp.float64), standing.best.astype(jnp.float64)
            signed, record = (new, best) if self.maximize else (-new, -best)
            better = signed > record + self.min_delta
            better |= (record == -math.inf) & (signed > record)
            reached = jnp.asarray(self._reached(new))
        better |= reached
        place = jnp.where(better, epoch, standing.place)
        best = jnp.where(better, value.astype(standing.best.dtype), standing.best)
        return Standing(best, place, reached | (epoch - place >= self.patience))

    def _reached(self, value: Any) -> Any:
        if self.target is None:
            return False
        return value >= self.target if self.maximize else value <= self.target


def check_early_stopping(rule: Any, validation: Any, names: tuple[str, ...]) -> None:
    """Raise unless a rule is one, and what it monitors is there."""
    check_kind("early_stopping", rule, EarlyStopping, "an fnn.EarlyStopping or None")
    check_stopping(rule.min_delta, rule.target)
    if rule.monitor == TRAINING_LOSS:
        return
    check_given("validation", validation, "early_stopping")
    hint = "Pass its function in metrics."
    check_choice("EarlyStopping.monitor", rule.monitor, names, hint)
