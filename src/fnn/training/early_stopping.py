"""When to stop, and which state to go back to."""

import math

from fnn._core.checks import check_size
from fnn._core.component import Component, number, static

TRAINING_LOSS = "training_loss"


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

    def _reached(self, value: float) -> bool:
        if self.target is None:
            return False
        return value >= self.target if self.maximize else value <= self.target
