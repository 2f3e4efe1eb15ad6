"""Wrong derivatives, and what the tables of them are written with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import lax


class Planted(NamedTuple):
    """A part with a wrong derivative, and what the referee should say of it.

    Attributes:
        part: the layer, loss or penalty.
        terms: the names of the terms that are wrong, and of no others.
        factor: by which they are wrong, if it is a factor.
    """

    part: Any
    terms: str
    factor: float | None = None


def rule(base: Any, change: Callable[..., Any], *args: Any) -> Any:
    """A layer whose backward is `change(params, tape, dy, *right answer)`."""

    class Wrong(base):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            right = super().backward(params, tape, dy)
            return change(params, tape, dy, *right)

    Wrong.__name__ = f"Wrong{base.__name__}"
    return Wrong(*args)


def term(base: Any, name: str, change: Callable[[Any], Any], *args: Any) -> Any:
    """A layer one term of whose backward is changed."""

    def changed(params: Any, tape: Any, dy: Any, dx: Any, dparams: Any) -> Any:
        if name == "input":
            return change(dx), dparams
        return dx, {**dparams, name: change(dparams[name])}

    return rule(base, changed, *args)


def slope(
    base: Any, change: Callable[..., Any], *args: Any, of_input: bool = False
) -> Any:
    """An activation with the slope `change(layer, a, right slope)`, a or z given."""

    class Wrong(base):
        needs_input = of_input or base.needs_input

        def derivative(self, a: jax.Array, /) -> jax.Array:
            return change(self, a, super().derivative(a))

    Wrong.__name__ = f"Wrong{base.__name__}"
    return Wrong(*args)


def own(value: Any) -> Any:
    """An example's own value where the batch's sum belongs; the same for all."""
    return lax.all_gather(value, "batch")[0]
