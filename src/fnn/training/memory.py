"""What a training step keeps in memory, from shapes alone."""

from typing import Any, NamedTuple

import jax

from fnn._core.batch_axis import BATCH
from fnn._core.planning_checks import check_shapes
from fnn._core.tape import masks_for_signs
from fnn.layers.base import Tree
from fnn.training.base import Recipe, check_data, check_recipe, init


class MemoryPlan(NamedTuple):
    """Bytes that one training step holds, by `fnn.memory_plan`.

    Prediction needs `batch`, `params`, `stats` and two layers' outputs. Training needs
    the rest as well, and of that the tape grows with layers times examples.

    Attributes:
        batch: inputs, targets and weights of the examples.
        params: the parameters.
        stats: what is learned without a gradient.
        opt_state: the optimizer's state.
        gradients: one number for each parameter.
        tape: what backpropagation keeps of the forward pass for the way back. Inputs
            that are already part of the batch do not count again.
    """

    batch: int
    params: int
    stats: int
    opt_state: int
    gradients: int
    tape: int

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(self)


def memory_plan(recipe: Recipe, batch: Any) -> MemoryPlan:
    """The bytes that a training step of `fnn.backprop` needs; nothing is computed.

    The parts are counted from their shapes and dtypes, so that a network can be
    measured that would not fit. The tape holds each distinct array once, as the
    compiled program does: the output of one layer is the input of the next. It is
    proportional to the batch and, for layers of equal width, to their number
    (errata B14).

    The compiler adds room for intermediate values: on a CPU the temporaries of the
    compiled step lie between the tape and twice tape and gradients. `fnn.autodiff`
    keeps more, in a `Repeat` two or three arrays where backpropagation keeps one.
    Without donation (`jax.jit(fnn.train_step, donate_argnums=1)`) parameters,
    statistics and optimizer state are there twice, old and new.

    Args:
        recipe: what to train and how.
        batch: an `fnn.Batch` or a tuple (x, y) or (x, y, weight), of arrays or of
            `jax.ShapeDtypeStruct`.

    Returns:
        The plan, in bytes.

    Raises:
        TypeError: a part of the recipe is not of its kind, or the batch no batch.
        ValueError: shapes do not fit the model or the loss.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 32, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> x = jax.ShapeDtypeStruct((128, 64), "float32")
        >>> y = jax.ShapeDtypeStruct((128,), "int32")
        >>> plan = memory_plan(recipe, (x, y))
        >>> plan.params, plan.tape  # 2,410 parameters; 32 activations an example
        (9640, 16384)
    """
    check_recipe(recipe)
    check_shapes(batch)
    state = jax.eval_shape(lambda: init(recipe, jax.random.key(0)))
    batch = jax.eval_shape(lambda batch: check_data(recipe, state, batch), tuple(batch))
    tape = jax.eval_shape(lambda state, x: _tape(recipe, state, x), state, batch.x)
    return MemoryPlan(
        batch=_size(batch),
        params=_size(state.params),
        stats=_size(state.stats),
        opt_state=_size(state.opt_state),
        gradients=_size(state.params),
        tape=_size(tape),
    )


def _tape(recipe: Recipe, state: Any, x: jax.Array) -> tuple[Tree, Tree]:
    """The distinct arrays on the tape of a batch: an example's own, and all's."""

    def one(x: jax.Array, row: jax.Array) -> tuple[Tree, Tree]:
        key = jax.random.fold_in(jax.random.key(0), row)
        _, _, tape = recipe.model.forward(state.params, state.stats, x, key, train=True)
        # Identity of tracers, not equality of values: known while tracing, and exact.
        leaves = jax.tree.leaves(masks_for_signs(tape))
        distinct = {id(leaf): leaf for leaf in leaves if leaf is not x}
        # Only what depends on the example, as x does, is a tracer of the `vmap`. A
        # batch's statistics are the same for all its examples, and are kept once.
        own = [leaf for leaf in distinct.values() if type(leaf) is type(x)]
        return own, [leaf for leaf in distinct.values() if type(leaf) is not type(x)]

    mapped = jax.vmap(one, out_axes=(0, None), axis_name=BATCH)
    return mapped(x, jax.numpy.arange(len(x)))


def _size(tree: Tree) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
