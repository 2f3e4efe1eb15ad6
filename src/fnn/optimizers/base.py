"""The contract of an optimizer, and its lift from one array to a tree."""

import abc
from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp

from fnn._core.checks import check_kind
from fnn._core.component import Component, static
from fnn._core.trees import is_weight, working_dtype
from fnn.schedules.base import rate_at

Tree = Any

EXPECTED = "one of fnn.optimizers, or an object with `init` and `update`"


class Optimizer(Component, abc.ABC):
    """Two pure functions: `init` makes a state, `update` turns gradients to steps.

    New parameters are `params + updates`; updates carry their minus sign (errata A1).
    """

    @abc.abstractmethod
    def init(self, params: Tree) -> Tree:
        """The optimizer state for a parameter tree."""

    @abc.abstractmethod
    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        """Compute `(updates, opt_state)`; the updates are like `params`."""


class Foreign(Optimizer):
    """Any pair `init(params)`, `update(gradients, state, params)` as an optimizer.

    `Recipe` and `Chain` wrap what they are given, such as an Optax transformation. The
    two functions are part of the structure, so their numbers are constants of the
    compiled program.

    Example:
        >>> import jax
        >>> descend = lambda g, s, p: (jax.tree.map(lambda x: -0.1 * x, g), s)
        >>> optimizer = Foreign(lambda params: (), descend)
        >>> optimizer.update({"w": 2.0}, (), {"w": 1.0})
        ({'w': -0.2}, ())
    """

    init_function: Callable[[Tree], Any] = static()
    update_function: Callable[[Tree, Any, Tree], Any] = static()

    def init(self, params: Tree) -> Tree:
        return self.init_function(params)

    def update(
        self, gradients: Tree, opt_state: Tree, params: Tree
    ) -> tuple[Tree, Tree]:
        return self.update_function(gradients, opt_state, params)


def as_optimizer(value: Any) -> Any:
    """Wrap an object with `init` and `update` functions; leave anything else alone.

    A class has such functions as well, but they lack an instance.
    """
    if isinstance(value, Optimizer | type):
        return value
    init, update = getattr(value, "init", None), getattr(value, "update", None)
    return Foreign(init, update) if callable(init) and callable(update) else value


def next_step(step: jax.Array) -> jax.Array:
    """The count after one more update; the largest int32 stays and does not wrap."""
    return jnp.where(step < jnp.iinfo(step.dtype).max, step + 1, step)


class Wrapper(Optimizer):
    """An optimizer around another one, which may be a foreign one.

    A subclass keeps the other's state under the name "inner" in its own, a dict.
    """

    optimizer: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "optimizer", as_optimizer(self.optimizer))

    def init_inner(self, params: Tree) -> Tree:
        """The state of the optimizer inside; raises TypeError if it is none."""
        name = f"{type(self).__name__}.optimizer"
        check_kind(name, self.optimizer, Optimizer, EXPECTED)
        return self.optimizer.init(params)


class ArrayOptimizer(Optimizer):
    """An optimizer whose rule treats every array alike: written once, for one array.

    A subclass says which arrays it keeps (`slot_names`, and `init_slots` where they
    do not start at zero) and how one array is updated (`update_array`, and
    `update_weight` where a weight matrix is treated in another way). Slots and
    arithmetic are in the array's dtype, but float32 where that is narrower: 0.999 is
    1 in bfloat16. The update comes back in the array's own dtype.

    The state is a dict: "step", the int32 number of updates made, and for each slot
    name, such as Adam's moments "m" and "v", a tuple of arrays in the order of
    `jax.tree.leaves(params)`. Trees like the parameters would cost small networks time
    in every step called from Python, where JAX takes the state apart and puts it
    together; `jax.tree.unflatten(jax.tree.structure(params), state["m"])` is the tree.

    Example:
        >>> from fnn._core.component import number
        >>> class SignDescent(ArrayOptimizer):
        ...     learning_rate: float = number(default=0.01, at_least=0)
        ...     def update_array(self, g, slots, p, rate, step):
        ...         return -rate * jnp.sign(g), slots
        >>> optimizer = SignDescent(0.5)
        >>> params = {"w": jnp.array([1.0, 2.0])}
        >>> state = optimizer.init(params)
        >>> updates, _ = optimizer.update({"w": jnp.array([3.0, -4.0])}, state, params)
        >>> updates["w"].tolist()
        [-0.5, 0.5]
    """

    learning_rate: Any

    def slot_names(self) -> tuple[str, ...]:
        """The names of the arrays kept for each parameter array."""
        return ()

    @abc.abstractmethod
    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Compute `(update, slots)` of one array.

        Args:
            g: its gradient.
            slots: its arrays, by name.
            p: its value.
            rate: the learning rate of this step.
            step: the number of this update, from 1, as a float.
        """

    def update_weight(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The same of a weight matrix, an array named "w"; here no different."""
        return self.update_array(g, slots, p, rate, step)

    def init_slots(self, p: jax.Array) -> dict[str, jax.Array]:
        """The arrays kept for one array, in the dtype of the arithmetic."""
        return {name: jnp.zeros_like(p) for name in self.slot_names()}

    def init(self, params: Tree) -> dict[str, Tree]:
        slots = [
            self._in_dtype(working_dtype(p)).init_slots(p.astype(working_dtype(p)))
            for p in jax.tree.leaves(params)
        ]
        return {"step": jnp.zeros((), jnp.int32), **self._by_name(slots)}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        step = next_step(opt_state["step"])
        rate = rate_at(self.learning_rate, opt_state["step"])
        names = self.slot_names()

        def one(
            path: tuple[Any, ...], g: jax.Array, p: jax.Array, *values: jax.Array
        ) -> tuple[jax.Array, dict[str, jax.Array]]:
            dtype = working_dtype(p)
            rule = self._in_dtype(dtype)
            compute = rule.update_weight if is_weight(path) else rule.update_array
            update, new = compute(
                g.astype(dtype),
                dict(zip(names, values, strict=True)),
                p.astype(dtype),
                jnp.asarray(rate, dtype),
                step.astype(dtype),
            )
            return update.astype(p.dtype), new

        paths_and_leaves, treedef = jax.tree_util.tree_flatten_with_path(params)
        results = [
            one(path, g, p, *values)
            for (path, p), g, *values in zip(
                paths_and_leaves,
                treedef.flatten_up_to(gradients),
                *(opt_state[name] for name in names),
                strict=True,
            )
        ]
        updates = treedef.unflatten([update for update, _ in results])
        slots = self._by_name([new for _, new in results])
        return updates, {"step": step, **slots}

    def _in_dtype(self, dtype: Any) -> Self:
        """The rule with its own numbers in the array's dtype: nothing promotes."""
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), self)

    def _by_name(
        self, slots: list[dict[str, jax.Array]]
    ) -> dict[str, tuple[jax.Array, ...]]:
        """From the slots of each array to the arrays of each name."""
        return {name: tuple(one[name] for one in slots) for name in self.slot_names()}
