"""The contract of an optimizer, and its lift from one array to a tree."""

import abc
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import Component, static
from fnn._core.trees import working_dtype
from fnn.schedules import Schedule

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


class ArrayOptimizer(Optimizer):
    """An optimizer whose rule treats every array alike: written once, for one array.

    A subclass says which arrays it keeps (`slot_names`, all starting at zero) and
    how one array is updated (`update_array`). Slots and arithmetic are in the
    array's dtype, but float32 where that is narrower: 0.999 is 1 in bfloat16. The
    update comes back in the array's own dtype.

    The state is a dict: "step", the int32 number of updates made, and for each slot
    name a tree like the parameters, such as Adam's moments "m" and "v".

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

    def init(self, params: Tree) -> dict[str, Tree]:
        def zeros(p: jax.Array) -> jax.Array:
            return jnp.zeros(jnp.shape(p), working_dtype(p))

        slots = {name: jax.tree.map(zeros, params) for name in self.slot_names()}
        return {"step": jnp.zeros((), jnp.int32), **slots}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        step = opt_state["step"]
        rate = self.learning_rate
        rate = rate(step) if isinstance(rate, Schedule) else rate
        names = self.slot_names()

        def one(
            g: jax.Array, p: jax.Array, *values: jax.Array
        ) -> tuple[jax.Array, dict[str, jax.Array]]:
            dtype = working_dtype(p)
            # The rule with its own numbers in the array's dtype: nothing promotes.
            rule = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), self)
            update, new = rule.update_array(
                g.astype(dtype),
                dict(zip(names, values, strict=True)),
                p.astype(dtype),
                jnp.asarray(rate, dtype),
                (step + 1).astype(dtype),
            )
            return update.astype(p.dtype), new

        leaves, treedef = jax.tree.flatten(params)
        results = [
            one(*arrays)
            for arrays in zip(
                treedef.flatten_up_to(gradients),
                leaves,
                *(treedef.flatten_up_to(opt_state[name]) for name in names),
                strict=True,
            )
        ]
        updates = treedef.unflatten([update for update, _ in results])
        new_slots = {
            name: treedef.unflatten([new[name] for _, new in results]) for name in names
        }
        return updates, {"step": step + 1, **new_slots}
