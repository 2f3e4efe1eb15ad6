"""Optimizers around an optimizer: when it steps, and what becomes of its step."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.trees import is_weight, like, working_dtype
from fnn.optimizers.base import Tree, Wrapper, next_step
from fnn.schedules.base import rate_at


class SkipNonFinite(Wrapper):
    """No step where a gradient is infinite or NaN: parameters and state stay.

    If any entry of any gradient is not finite, all updates are 0 and the state of the
    optimizer inside is what it was, to the bit; "skipped" in the state counts this.
    One infinity would else stay in Adam's moments for ever (errata G8). It decides
    by the gradients it is given: put it around a `Chain`, not inside.

    Args:
        optimizer: the optimizer, or chain, that steps otherwise.

    Example:
        >>> from fnn.optimizers import SGD
        >>> optimizer = SkipNonFinite(SGD(1.0))
        >>> params = {"w": jnp.array([1.0, 2.0])}
        >>> bad = {"w": jnp.array([1.0, jnp.inf])}
        >>> updates, state = optimizer.update(bad, optimizer.init(params), params)
        >>> updates["w"].tolist(), int(state["skipped"])
        ([0.0, 0.0], 1)
    """

    def init(self, params: Tree) -> dict[str, Tree]:
        return {"inner": self.init_inner(params), "skipped": jnp.zeros((), jnp.int32)}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        leaves = jax.tree.leaves(gradients)
        finite = jnp.array([jnp.isfinite(g).all() for g in leaves], bool).all()

        def keep(new: jax.Array, old: jax.Array) -> jax.Array:
            return jnp.where(finite, new, old)

        # Zeros go in where the step is thrown away: a NaN would come back through the
        # selection when the whole is differentiated.
        safe = jax.tree.map(lambda g: keep(g, jnp.zeros_like(g)), gradients)
        inner = opt_state["inner"]
        updates, new_inner = self.optimizer.update(safe, inner, params)
        updates = jax.tree.map(lambda u: keep(u, jnp.zeros_like(u)), updates)
        skipped = opt_state["skipped"] + jnp.logical_not(finite).astype(jnp.int32)
        return updates, {
            "inner": jax.tree.map(keep, new_inner, inner),
            "skipped": skipped,
        }


class Accumulate(Wrapper):
    """One step for the mean of the gradients of `every` updates; none in between.

    The mean is over as many as came. The optimizer inside sees large batches: its steps
    and schedules count them. The sum is kept in float32 or wider. With batches of
    unequal weight the mean of means is not the mean over all examples.

    Args:
        optimizer: the optimizer that steps with the mean.
        every: how many gradients make one step, rounded up.

    Example:
        >>> from fnn.optimizers import SGD
        >>> optimizer = Accumulate(SGD(1.0), every=2)
        >>> params = {"w": jnp.zeros(1)}
        >>> state = optimizer.init(params)
        >>> for g in (1.0, 3.0):
        ...     updates, state = optimizer.update({"w": jnp.array([g])}, state, params)
        ...     print(abs(float(updates["w"][0])))
        0.0
        2.0
    """

    every: Any = number(at_least=1)

    def init(self, params: Tree) -> dict[str, Tree]:
        zeros = jax.tree.map(lambda p: jnp.zeros(p.shape, working_dtype(p)), params)
        return {
            "inner": self.init_inner(params),
            "count": jnp.zeros((), jnp.int32),
            "sum": zeros,
        }

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        count = opt_state["count"] + 1
        total = jax.tree.map(
            lambda s, g: s + g.astype(s.dtype), opt_state["sum"], gradients
        )

        def step(inner: Tree) -> tuple[Tree, Tree, Tree]:
            mean = jax.tree.map(
                lambda s, g: (s / like(count, s)).astype(g.dtype), total, gradients
            )
            updates, inner = self.optimizer.update(mean, inner, params)
            return updates, inner, jax.tree.map(jnp.zeros_like, total)

        def wait(inner: Tree) -> tuple[Tree, Tree, Tree]:
            return jax.tree.map(jnp.zeros_like, params), inner, total

        full = count.astype(jnp.float32) >= jnp.asarray(self.every, jnp.float32)
        updates, inner, total = jax.lax.cond(full, step, wait, opt_state["inner"])
        count = jnp.where(full, 0, count)
        return updates, {"inner": inner, "count": count, "sum": total}


class ParameterAverage(Wrapper):
    """An exponentially weighted average of the parameters, kept beside the steps.

    With x_n the parameters after update n, from 1, and v_0 = 0,

        v_n = decay v_(n-1) + (1 - decay) x_n,  average = v_n / (1 - decay^n)

    an average over about the last 1 / (1 - decay) steps, right from the first by the
    correction (errata G10). The steps are those of the optimizer inside. v is kept
    in float32 or wider. It must see the final updates: put it around a `Chain`, not
    inside. What batch normalization learns is not averaged. Source: Polyak and
    Juditsky, 1992, for the plain mean.

    To predict with the average:

        average = recipe.optimizer.average(state.opt_state, state.params)
        outputs = fnn.predict(recipe, state._replace(params=average), x)

    Args:
        optimizer: the optimizer that steps.
        decay: share of the average that survives a step.

    Example:
        >>> from fnn.optimizers import SGD
        >>> optimizer = ParameterAverage(SGD(1.0), decay=0.5)
        >>> params = {"w": jnp.array([4.0])}
        >>> state = optimizer.init(params)
        >>> for _ in range(2):  # the parameter goes to 3, then to 2
        ...     updates, state = optimizer.update({"w": jnp.ones(1)}, state, params)
        ...     params = {"w": params["w"] + updates["w"]}
        >>> round(float(optimizer.average(state, params)["w"][0]), 4)
        2.3333
    """

    decay: Any = number(default=0.999, at_least=0, below=1)

    def init(self, params: Tree) -> dict[str, Tree]:
        zeros = jax.tree.map(lambda p: jnp.zeros(p.shape, working_dtype(p)), params)
        step = jnp.zeros((), jnp.int32)
        return {"inner": self.init_inner(params), "step": step, "average": zeros}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        updates, inner = self.optimizer.update(gradients, opt_state["inner"], params)

        def mix(v: jax.Array, p: jax.Array, update: jax.Array) -> jax.Array:
            decay = like(self.decay, v)
            return decay * v + (1 - decay) * (p + update).astype(v.dtype)

        average = jax.tree.map(mix, opt_state["average"], params, updates)
        step = next_step(opt_state["step"])
        return updates, {"inner": inner, "step": step, "average": average}

    def average(self, opt_state: dict[str, Tree], params: Tree) -> Tree:
        """The corrected average; before the first update, `params` themselves."""
        step = opt_state["step"]

        def correct(v: jax.Array, p: jax.Array) -> jax.Array:
            share = 1 - like(self.decay, v) ** jnp.maximum(step, 1).astype(v.dtype)
            return jnp.where(step > 0, (v / share).astype(p.dtype), p)

        return jax.tree.map(correct, opt_state["average"], params)


class ProximalL1(Wrapper):
    """Weights that become exactly 0: a soft threshold after each step.

        y = x + update,  x <- sign(y) max(|y| - learning_rate strength, 0)

    The step of the penalty strength sum |w| that gradient steps cannot make: by its
    gradient a weight ends hopping about 0 (errata H1). Only weight matrices, the
    parameters named "w". With `SGD` and its learning rate this is proximal gradient
    descent (ISTA), which ends at the minimum of loss and penalty; so does `Momentum`
    with learning_rate / (1 - momentum). The threshold is not scaled as Adam's steps
    are, so there the strength weighs against gradients in units of their own size, and
    the end is another one. It must see the final updates: put it around a `Chain`.

    Args:
        optimizer: the optimizer that steps first.
        strength: of the penalty.
        learning_rate: that of the optimizer, a number or a schedule; at the default 1
            the threshold is the strength itself.

    Example:
        >>> from fnn.optimizers import SGD
        >>> optimizer = ProximalL1(SGD(0.1), strength=1.0, learning_rate=0.1)
        >>> params = {"w": jnp.array([1.0, -0.05])}
        >>> zeros = {"w": jnp.zeros(2)}
        >>> updates, _ = optimizer.update(zeros, optimizer.init(params), params)
        >>> [round(weight, 4) for weight in (params["w"] + updates["w"]).tolist()]
        [0.9, 0.0]
    """

    strength: Any = number(at_least=0)
    learning_rate: Any = number(default=1.0, at_least=0)

    def init(self, params: Tree) -> dict[str, Tree]:
        return {"inner": self.init_inner(params), "step": jnp.zeros((), jnp.int32)}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        updates, inner = self.optimizer.update(gradients, opt_state["inner"], params)
        step = opt_state["step"]
        rate = rate_at(self.learning_rate, step)

        def shrink(path: tuple[Any, ...], p: jax.Array, update: jax.Array) -> jax.Array:
            if not is_weight(path):
                return update
            x = p.astype(working_dtype(p))
            y = x + update.astype(x.dtype)
            threshold = like(rate, x) * like(self.strength, x)
            outside = jnp.abs(y) > threshold
            shrunk = jnp.where(outside, y - threshold * jnp.sign(y), jnp.zeros_like(y))
            # Where y ends at 0 this is -x, and x + (-x) is exactly 0.
            return (shrunk - x).astype(p.dtype)

        updates = jax.tree_util.tree_map_with_path(shrink, params, updates)
        return updates, {"inner": inner, "step": next_step(step)}
