"""Structure is static; every number is a leaf.

A part (layer, loss, optimizer, schedule, initializer, penalty, recipe) is one
frozen dataclass that is also a pytree. Fields declared with `static` belong to
the tree's structure; all other fields are its leaves or subtrees. From this
alone follow sweeps (`jax.vmap` over a part's numbers), hypergradients
(`jax.grad` with respect to them) and no recompilation when one changes.
"""

import dataclasses
from typing import Any, dataclass_transform

import jax
import numpy as np
from jax.core import Tracer

from fnn._core.checks import (
    Range,
    check_instance,
    check_number,
    check_range,
    is_python_number,
)

_RANGE = "range"


def static(*, default: Any = dataclasses.MISSING, kw_only: bool = False) -> Any:
    """A field that is part of the structure: a size, a flag, a function.

    Its values must hash and compare; another value is another compiled program.

    Args:
        default: its value if none is given.
        kw_only: whether it must be given by name.

    Example:
        >>> class Halves(Component):
        ...     n: int = static(default=2)
        >>> jax.tree.leaves(Halves())
        []
    """
    metadata = {"static": True}
    return dataclasses.field(default=default, kw_only=kw_only, metadata=metadata)


def number(
    *,
    default: Any = dataclasses.MISSING,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A leaf that is a real number, with the range it must lie in.

    Args:
        default: its value if none is given; with None the number may be absent, and
            is no leaf then.
        above: it must be greater than this.
        at_least: it must not be less than this.
        below: it must be less than this.
        at_most: it must not be greater than this.

    Example:
        >>> class Decay(Component):
        ...     rate: float = number(default=0.5, at_least=0, below=1)
        >>> jax.tree.leaves(Decay())
        [0.5]
    """
    allowed = Range(above, at_least, below, at_most)
    return dataclasses.field(default=default, metadata={_RANGE: allowed})


@dataclass_transform(frozen_default=True, field_specifiers=(static, number))
class Component:
    """Base of every part: subclassing makes a frozen dataclass and a pytree.

    Parts compare and hash by value and print as the call that makes them. Numbers
    are checked against their range when they are Python or NumPy numbers. Arrays
    and tracers pass: a part is also rebuilt by every `jax.tree.map`, where a leaf
    may be a gradient or anything else. `check_component` looks at arrays too.

    Example:
        >>> class Scale(Component):
        ...     factor: float = number(default=1.0, above=0)
        ...     name: str = static(default="scale")
        >>> Scale(2.0)
        Scale(factor=2.0)
        >>> Scale(2.0) == Scale(2.0), jax.tree.leaves(Scale(2.0))
        (True, [2.0])
        >>> Scale(-2.0)
        Traceback (most recent call last):
        ValueError: Scale.factor must be above 0, got -2.0.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A subclass without fields of its own keeps its parent's way to be called.
        init = bool(cls.__annotations__) or cls.__init__ is object.__init__
        # Not `frozen=True`, which compiles a `__setattr__` and a `__delattr__` for each
        # class: a third of the time that `import fnn` took. These here serve them all.
        dataclasses.dataclass(eq=False, repr=False, init=init)(cls)
        jax.tree_util.register_dataclass(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        """A field is set once, by `__init__`."""
        fields = self.__dataclass_fields__  # pyright: ignore
        if name not in fields or name in self.__dict__:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __post_init__(self) -> None:
        for name, value, allowed in _ranged_fields(self):
            if is_python_number(value):
                check_range(f"{type(self).__name__}.{name}", value, allowed)

    def _identity(self) -> tuple[Any, ...]:
        leaves, treedef = jax.tree.flatten(self)
        values = (np.asarray(leaf) for leaf in leaves)
        return treedef, tuple((v.shape, v.tolist()) for v in values)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._identity() == other._identity()  # pyright: ignore

    def __hash__(self) -> int:
        treedef, values = self._identity()
        return hash((treedef, str(values)))

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={_show(getattr(self, field.name))}"
            for field in dataclasses.fields(self)  # pyright: ignore
            if not _is_default(field, getattr(self, field.name))
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def check_component(component: Any) -> None:
    """Check every number of a part and of the parts inside it, arrays included.

    Raises:
        TypeError: a number is neither that nor an array, a part is a class.
        ValueError: a number, or any entry of a concrete array, is out of its range.
    """
    if isinstance(component, list | tuple):
        for item in component:
            check_component(item)
    if not isinstance(component, Component):
        return
    name = type(component).__name__
    for field, value, allowed in _ranged_fields(component):
        if isinstance(value, Component) or _is_absent(component, field):
            continue
        check_number(f"{name}.{field}", value)
        if not isinstance(value, Tracer):
            check_range(f"{name}.{field}", value, allowed)
    for field in dataclasses.fields(component):  # pyright: ignore
        if not field.metadata.get("static"):
            value = getattr(component, field.name)
            if not isinstance(value, Component):
                check_instance(f"{name}.{field.name}", value, "an instance of a part")
            check_component(value)


def _ranged_fields(component: Component) -> list[tuple[str, Any, Range]]:
    fields = dataclasses.fields(component)  # pyright: ignore
    return [
        (field.name, getattr(component, field.name), field.metadata[_RANGE])
        for field in fields
        if _RANGE in field.metadata
    ]


def _is_absent(component: Component, field: str) -> bool:
    """Whether a number that may be None is."""
    default = component.__dataclass_fields__[field].default  # pyright: ignore
    return default is None and getattr(component, field) is None


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is dataclasses.MISSING:
        return False
    # What a traced number is is not known yet: mostly the default.
    if value is field.default or isinstance(value, Tracer):
        return True
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(value)):
        return False
    return type(value) is type(field.default) and bool(value == field.default)


def _show(value: Any) -> str:
    if isinstance(value, Tracer):
        return f"<traced {value.aval.str_short()}>"  # pyright: ignore
    if isinstance(value, np.ndarray | jax.Array):
        return str(value) if value.ndim == 0 else f"{value.dtype}{list(value.shape)}"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return repr(value)
