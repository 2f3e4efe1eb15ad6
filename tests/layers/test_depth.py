"""What depth costs and does not cost: memory, program text, and ReZero's identity."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn

L = fnn.layers
WIDTH, ROWS = 64, 64
BLOCK = L.Sequential(L.Tanh(), L.Dense(WIDTH, WIDTH))
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}
LOSS = fnn.losses.HalfSquaredError()


def lowered(model: L.Layer, road: Any) -> Any:
    """The road's program, from shapes alone."""
    key = jax.random.key(0)
    params, stats = jax.eval_shape(model.init, key)
    rows = jax.ShapeDtypeStruct((ROWS, WIDTH), jnp.float32)

    def compute(params: Any, stats: Any, x: Any, y: Any) -> Any:
        return road(model, LOSS, params, stats, fnn.Batch(x, y), key)

    return jax.jit(compute).lower(params, stats, rows, rows)


def temporaries(model: L.Layer, road: Any) -> int:
    return lowered(model, road).compile().memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("road", ROADS)
def test_checkpoints_keep_every_25th_layer(road: str) -> None:
    """40 + 25 arrays at a time instead of 1,000."""
    every = temporaries(L.Repeat(BLOCK, 1000), ROADS[road])
    some = L.Repeat(L.Checkpoint(L.Repeat(BLOCK, 25)), 40)
    assert temporaries(some, ROADS[road]) <= 0.2 * every


def test_tied_layers_add_up_what_a_stack_of_equal_ones_has() -> None:
    """dC/dW of one W applied 50 times is the sum over 50 layers with that W."""
    depth = 50
    model, stack = L.Tied(BLOCK, depth), L.Repeat(BLOCK, depth)
    params, stats = model.init(jax.random.key(0))
    equal = jax.tree.map(lambda leaf: jnp.stack([leaf] * depth), params)
    rng, key = np.random.default_rng(0), jax.random.key(1)
    batch = fnn.Batch(*rng.normal(size=(2, ROWS, WIDTH)).astype(np.float32))
    for road in ROADS.values():
        value, _, tied = jax.jit(
            lambda p, road=road: road(model, LOSS, p, stats, batch, key)
        )(params)
        same, _, each = jax.jit(
            lambda p, road=road: road(stack, LOSS, p, stats, batch, key)
        )(equal)
        np.testing.assert_allclose(value, same, rtol=1e-6)
        for one, many in zip(*map(jax.tree.leaves, (tied, each)), strict=True):
            total = np.asarray(many, np.float64).sum(axis=0)
            np.testing.assert_allclose(one, total, atol=1e-5 * np.abs(total).max())


def test_rezero_is_exactly_the_identity_at_first() -> None:
    """A thousand layers: outputs, and the Jacobian by both roads, bit for bit."""
    model = L.Repeat(L.ReZero(BLOCK), 1000)
    params, stats = model.init(jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=WIDTH), jnp.float32)
    key = jax.random.key(0)

    def forward(x: jax.Array) -> jax.Array:
        return model.forward(params, stats, x, key, True)[0]

    def by_hand(dy: jax.Array) -> jax.Array:
        _, _, tape = model.forward(params, stats, x, key, True)
        return model.backward(params, tape, dy)[0]

    identity = np.eye(WIDTH, dtype=np.float32)
    np.testing.assert_array_equal(jax.jit(forward)(x), x)
    np.testing.assert_array_equal(jax.jit(jax.jacrev(forward))(x), identity)
    rows = jax.jit(jax.vmap(by_hand, axis_name="batch"))(identity)
    np.testing.assert_array_equal(rows, identity)


@pytest.mark.parametrize("report", [(), ("statistics",)], ids=["plain", "statistics"])
@pytest.mark.parametrize("road", ROADS)
def test_a_program_is_as_long_for_a_thousand_layers_as_for_ten(
    road: str, report: tuple[str, ...]
) -> None:
    sizes = []
    for depth in (10, 1000):
        made = fnn.Recipe(
            L.Sequential(L.Repeat(BLOCK, depth), L.Dense(WIDTH, WIDTH)),
            LOSS,
            fnn.optimizers.Adam(),
            gradient=ROADS[road],
            report=report,
        )
        state = jax.eval_shape(lambda made=made: fnn.init(made, jax.random.key(0)))
        rows = jax.ShapeDtypeStruct((ROWS, WIDTH), jnp.float32)

        def step(state: Any, x: Any, y: Any, made: Any = made) -> Any:
            return fnn.train_step(made, state, (x, y))

        program = jax.jit(step).lower(state, rows, rows)
        lines = (program.compile().as_text() or "").count("\n")
        sizes.append((_length(program.as_text()), lines))
    (short, few), (long, many) = sizes
    assert long <= 1.02 * short
    # XLA could have unrolled what was not; it fuses a little otherwise, no more.
    assert many <= 1.05 * few


def _length(text: str) -> int:
    """Without constants: statistics have tables of which layers have weights."""
    return len(re.sub(r"dense<[^>]*>", "", text))
