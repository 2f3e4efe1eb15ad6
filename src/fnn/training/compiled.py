"""Inference compiled ahead of time, for one shape."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core.data_checks import check_compiled_input, check_shaped
from fnn.training.base import Recipe, TrainState, check_run, predict


class CompiledPredict:
    """`fnn.predict` of one state for one shape; `fnn.compile_predict` makes it.

    Call it with x to have the outputs (B, ...). A wrong shape raises ValueError, a
    wrong dtype TypeError. Values are not looked at: that would take longer than a small
    network does.

    Attributes:
        shape: (B, n), of the inputs.
        dtype: of the inputs.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((4, 8, 3)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> fnn.compile_predict(recipe, state, np.zeros((5, 4), np.float32))
        CompiledPredict(shape=(5, 4), dtype=float32)
    """

    def __init__(self, program: Any, leaves: tuple[jax.Array, ...], x: Any) -> None:
        self.shape = tuple(x.shape)
        self.dtype = np.dtype(x.dtype)
        self._program = program
        self._leaves = leaves

    def __call__(self, x: Any) -> jax.Array:
        check_compiled_input(self.shape, self.dtype, x)
        return self._program(self._leaves, x)

    def __repr__(self) -> str:
        return f"CompiledPredict(shape={self.shape}, dtype={self.dtype})"


def compile_predict(recipe: Recipe, state: TrainState, x: Any) -> CompiledPredict:
    """Compile `fnn.predict` now, for inputs of one shape and dtype.

    `fnn.predict` checks recipe, state and values in every call, and `jax.jit` of it
    hands over the whole state and compiles in the first call. Here both are done
    beforehand: the call takes x alone. That is worth it where single examples are
    answered one at a time; for large batches it gains nothing. The cost is the
    compilation, once, and a copy of the parameters and statistics, so that a training
    step may take over the memory of the state.

    Args:
        recipe: gives the model.
        state: gives parameters and statistics.
        x: (B, n), an array or a `jax.ShapeDtypeStruct`: of it only shape and dtype
            count.

    Returns:
        A function of x, a NumPy or a JAX array of that shape and dtype.

    Raises:
        TypeError: x has no shape and dtype, or a dtype that the model does not take.
        ValueError: x or the state does not fit the model.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((4, 8, 3)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> answer = fnn.compile_predict(recipe, state, np.zeros((1, 4), np.float32))
        >>> answer(np.ones((1, 4), np.float32)).shape
        (1, 3)
    """
    check_run(recipe, state)
    check_shaped("x", x)
    given, treedef = jax.tree.flatten((state.params, state.stats))
    # Every call takes its arguments apart: a row of arrays is quicker than trees, which
    # a small network feels.
    leaves = tuple(jnp.copy(leaf) for leaf in given)

    def forward(leaves: tuple[jax.Array, ...], x: jax.Array) -> jax.Array:
        params, stats = treedef.unflatten(leaves)
        return predict(recipe, state._replace(params=params, stats=stats), x)

    inputs = jax.ShapeDtypeStruct(x.shape, x.dtype)
    program = jax.jit(forward).lower(leaves, inputs).compile()
    return CompiledPredict(program, leaves, inputs)
