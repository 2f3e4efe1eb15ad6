"""The memory plan against what the compiler says of the step."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

L = fnn.layers
ROWS, WIDTH, DEPTH = 256, 128, 150


def shapes(*sizes: int) -> tuple[Any, Any]:
    x = jax.ShapeDtypeStruct((ROWS, sizes[0]), jnp.float32)
    return x, jax.ShapeDtypeStruct((ROWS,), jnp.int32)


def recipe(model: L.Layer, optimizer: Any, gradient: Any = fnn.backprop) -> fnn.Recipe:
    loss = fnn.losses.SoftmaxCrossEntropy()
    return fnn.Recipe(model, loss, optimizer, gradient=gradient)


def stack(depth: int = DEPTH) -> L.Layer:
    block = L.Sequential(L.Dense(WIDTH, WIDTH), L.Tanh())
    return L.Sequential(L.Repeat(block, depth), L.Dense(WIDTH, 10))


def test_the_notes_network() -> None:
    """150 layers of 128 for 256 examples are 19.7 MB of float32 activations."""
    plan = fnn.memory_plan(recipe(stack(), fnn.optimizers.SGD()), shapes(WIDTH))
    layer = ROWS * WIDTH * 4
    assert DEPTH * layer == 19_660_800
    # An input for each of the layers in the stack, and the one of the last layer.
    assert plan.tape == (DEPTH + 1) * layer
    assert plan.params == plan.gradients == 4 * (DEPTH * 129 * WIDTH + 129 * 10)
    assert plan.batch == layer + ROWS * 4
    assert (plan.stats, plan.opt_state) == (0, 4)
    assert plan.total == sum(plan)


CASES = {
    "plain": (L.mlp((64, WIDTH, WIDTH, 10)), fnn.optimizers.Adam()),
    "norms and dropout": (
        L.mlp((64, *[WIDTH] * 4, 10), normalization=L.BatchNorm, dropout=0.2),
        fnn.optimizers.Adam(),
    ),
    "stack": (stack(), fnn.optimizers.Momentum()),
}


@pytest.mark.parametrize("name", CASES)
def test_against_the_compiler(name: str) -> None:
    """Arguments to the byte; temporaries from the tape to twice tape and gradients."""
    made = recipe(*CASES[name])
    batch = shapes(64 if name != "stack" else WIDTH)
    plan = fnn.memory_plan(made, batch)
    state = jax.eval_shape(lambda: fnn.init(made, jax.random.key(0)))
    step = jax.jit(partial(fnn.train_step, made), keep_unused=True)
    told = step.lower(state, batch).compile().memory_analysis()
    assert told is not None
    key_and_step = 8 + 4
    arguments = plan.batch + plan.params + plan.stats + plan.opt_state + key_and_step
    assert told.argument_size_in_bytes == arguments
    assert plan.tape <= told.temp_size_in_bytes <= 2 * (plan.tape + plan.gradients)


def test_the_tape_grows_with_layers_times_examples() -> None:
    def tape(rows: int, depth: int) -> int:
        x = jax.ShapeDtypeStruct((rows, WIDTH), jnp.float32)
        y = jax.ShapeDtypeStruct((rows,), jnp.int32)
        made = recipe(stack(depth), fnn.optimizers.SGD())
        return fnn.memory_plan(made, (x, y)).tape

    assert tape(512, 10) == 2 * tape(256, 10)
    assert tape(256, 20) - tape(256, 10) == 10 * ROWS * WIDTH * 4


def test_statistics_of_the_batch_are_kept_once() -> None:
    """x_hat for each example, 1 / deviation for all, and a byte for each dropped."""
    model = L.Sequential(L.BatchNorm(64), L.Dropout(0.5), L.Dense(64, 10))
    plan = fnn.memory_plan(recipe(model, fnn.optimizers.SGD()), shapes(64))
    x_hat, dropped = ROWS * 64 * 4, ROWS * 64
    assert plan.tape == x_hat + 64 * 4 + dropped + x_hat
    assert plan.stats == 2 * 64 * 4


def test_arrays_weights_and_wider_numbers() -> None:
    x, y = np.zeros((6, 4), np.float32), np.zeros(6, np.int32)
    weight = np.ones(6, np.float32)
    made = recipe(L.mlp((4, 5, 3), L.Tanh()), fnn.optimizers.SGD())
    plain, weighed = (fnn.memory_plan(made, data) for data in ((x, y), (x, y, weight)))
    assert weighed.batch - plain.batch == weight.nbytes
    assert plain.tape == 6 * 5 * 4
    with jax.enable_x64(True):
        wide = fnn.memory_plan(made, (x.astype(float), y))
    assert (wide.params, wide.tape) == (2 * plain.params, 2 * plain.tape)


def test_mistakes() -> None:
    made = recipe(L.Dense(4, 3), fnn.optimizers.SGD())
    x, y = np.zeros((6, 4), np.float32), np.zeros(6, np.int32)
    with pytest.raises(TypeError, match="y must be a NumPy or JAX array, got list"):
        fnn.memory_plan(made, (x, [0] * 6))
    with pytest.raises(TypeError, match=r"data must be an fnn.Batch or a tuple"):
        fnn.memory_plan(made, 256)
    with pytest.raises(ValueError, match=r"model: Dense.* takes an input of shape"):
        fnn.memory_plan(made, (x[:, :3], y))
