"""Where a function of one number changes its sign."""

from collections.abc import Callable, Iterable


def bisect(function: Callable[[float], float], low: float, high: float) -> float:
    """The root between low and high, where the function has opposite signs.

    Halved until no number lies between: to the last digit of a float64.
    """
    sign = function(low) > 0
    while low < (middle := (low + high) / 2) < high:
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return middle


def first_root(
    function: Callable[[float], float], points: Iterable[float]
) -> float | None:
    """The root before the first of the points where the function has another sign.

    None if all have one sign. A point where the function is 0 is the root.
    """
    before, sign = None, None
    for point in points:
        value = function(point)
        if value == 0:
            return point
        if before is not None and (value > 0) != sign:
            return bisect(function, min(before, point), max(before, point))
        before, sign = point, value > 0
    return None
