"""When to stop, and which state to go back to."""

import math

from fnn._core.checks import check_size
from fnn._core.component import Component, number, static


class EarlyStopping(Component):
    """Stop after `patience` epochs without a new best value on the validation data.

    `fnn.fit` then returns the state of the best epoch, also when it ran to its end
    (errata G11).

    Args:
        monitor: "loss" or the name of a metric.
        patience: epochs without improvement before stopping.
        min_delta: what counts as improvement is more than this.
        maximize: whether larger is better; for the loss it is not.

    Example:
        >>> rule = EarlyStopping(patience=2)
        >>> rule.best([3.0, 1.0, 2.0]), rule.stops([3.0, 1.0, 2.0])
        (1, False)
        >>> rule.stops([3.0, 1.0, 2.0, 1.5])
        True
    """

    monitor: str = static(default="loss")
    patience: int = static(default=10)
    min_delta: float = number(default=0.0, at_least=0)
    maximize: bool = static(default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("EarlyStopping.patience", self.patience)

    def best(self, values: list[float]) -> int:
        """The epoch, from 0, of the best value so far; NaN is never best."""
        best, place = -math.inf, 0
        for epoch, value in enumerate(values):
            value = value if self.maximize else -value
            if value > best + self.min_delta or (best == -math.inf and value > best):
                best, place = value, epoch
        return place

    def stops(self, values: list[float]) -> bool:
        """Whether training stops after the last of these values."""
        return len(values) - 1 - self.best(values) >= self.patience
