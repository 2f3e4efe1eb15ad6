"""One step: weights, penalty, reports, randomness; and an epoch of such steps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.data import batches, take
from tests.training.runs import EPOCH, FULL, PLAIN, STEP, L, clouds, same

ROADS = pytest.mark.parametrize("road", [fnn.autodiff, fnn.backprop])


def plain(road: Any = fnn.autodiff, **parts: Any) -> fnn.Recipe:
    """Gradient descent at rate 1: the gradient is what the parameters lose."""
    return fnn.Recipe(PLAIN.model, PLAIN.loss, PLAIN.optimizer, gradient=road, **parts)


def gradient(before: Any, after: Any) -> Any:
    return jax.tree.map(
        lambda old, new: np.asarray(old) - new, before.params, after.params
    )


def test_a_step_counts_and_keeps_the_key(rng: np.random.Generator) -> None:
    state = fnn.init(FULL, jax.random.key(7))
    after, info = STEP(FULL, state, clouds(rng))
    assert (int(state.step), int(after.step)) == (0, 1)
    assert after.step.dtype == jnp.int32
    same(after.key, jax.random.key_data(jax.random.key(7)))
    assert info.loss.shape == ()
    assert jax.tree.structure(after) == jax.tree.structure(state)
    assert [leaf.dtype for leaf in jax.tree.leaves(after)] == [
        leaf.dtype for leaf in jax.tree.leaves(state)
    ]


def test_tuples_batches_and_device_arrays_are_the_same(
    rng: np.random.Generator,
) -> None:
    data = clouds(rng)
    state = fnn.init(PLAIN, jax.random.key(0))
    expected, _ = STEP(PLAIN, state, data)
    for other in (tuple(data), (data.x, data.y), jax.tree.map(jnp.asarray, data)):
        same(STEP(PLAIN, state, other)[0], expected)


@ROADS
@pytest.mark.usefixtures("x64")
def test_weight_0_is_no_example(road: Any, rng: np.random.Generator) -> None:
    """Whatever is in its row, even what would overflow."""
    data = clouds(rng, 12, float)
    kept = np.flatnonzero(rng.permutation(12) % 3 != 0)
    weight = np.zeros(12)
    weight[kept] = 1
    x = np.where(weight[:, None] == 1, data.x, 1e4)
    state = fnn.init(plain(road), jax.random.key(0))
    got = STEP(plain(road), state, (x, data.y, weight))
    same(got, STEP(plain(road), state, take(data, kept)), 1e-12)


@ROADS
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_an_integer_weight_is_so_many_examples(
    road: Any, dtype: Any, rng: np.random.Generator
) -> None:
    data = clouds(rng, 12, float)
    weight = np.array([1, 2, 3] * 4)
    state = fnn.init(plain(road), jax.random.key(0))
    got = STEP(plain(road), state, data._replace(weight=weight.astype(dtype)))
    many = take(data, np.repeat(np.arange(12), weight))
    same(got, STEP(plain(road), state, many), 1e-12)


@ROADS
@pytest.mark.usefixtures("x64")
def test_a_batch_of_weights_0_teaches_nothing(
    road: Any, rng: np.random.Generator
) -> None:
    """It can come up in an epoch of weighted data, where nothing is concrete."""
    data = clouds(rng, 12, float)._replace(weight=np.zeros(12))
    state = fnn.init(plain(road), jax.random.key(0))
    after, info = STEP(plain(road), state, data)
    assert float(info.loss) == 0
    same(after.params, state.params)


@pytest.mark.usefixtures("x64")
def test_only_ratios_of_weights_count(rng: np.random.Generator) -> None:
    data = clouds(rng, 12, float)
    weight = rng.uniform(0.5, 2, 12)
    state = fnn.init(PLAIN, jax.random.key(0))
    one, other = (
        STEP(PLAIN, state, data._replace(weight=factor * weight))
        for factor in (1, 1000)
    )
    same(one, other, 1e-12)
    same(
        STEP(PLAIN, state, data),
        STEP(PLAIN, state, data._replace(weight=np.full(12, 7.0))),
        1e-12,
    )


@ROADS
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("kind", [fnn.penalties.L1, fnn.penalties.L2])
def test_a_penalty_adds_to_loss_and_gradient(
    road: Any, kind: Any, rng: np.random.Generator
) -> None:
    data, penalty = clouds(rng, 12, float), kind(0.3)
    state = fnn.init(plain(road), jax.random.key(0))
    bare, bare_info = STEP(plain(road), state, data)
    after, info = STEP(plain(road, penalty=penalty), state, data)
    weights = [np.asarray(layer["w"], float) for layer in state.params if layer]
    added = {
        fnn.penalties.L1: sum(0.3 * np.abs(w).sum() for w in weights),
        fnn.penalties.L2: sum(0.15 * np.square(w).sum() for w in weights),
    }[kind]
    assert float(info.loss - bare_info.loss) == pytest.approx(added, rel=1e-12)
    slopes = [0.3 * (np.sign(w) if kind is fnn.penalties.L1 else w) for w in weights]
    with_it, without = gradient(state, after), gradient(state, bare)
    for index, slope in zip((0, 2), slopes, strict=True):
        got = with_it[index]["w"] - without[index]["w"]
        np.testing.assert_allclose(got, slope, rtol=1e-10, atol=1e-14)
        same(with_it[index]["b"], without[index]["b"], 1e-12)


@ROADS
@pytest.mark.usefixtures("x64")
def test_the_gradient_norm_is_reported_when_asked_for(
    road: Any, rng: np.random.Generator
) -> None:
    data = clouds(rng, 12, float)
    asked = plain(road, report=("gradient_norm",))
    state = fnn.init(asked, jax.random.key(0))
    after, info = STEP(asked, state, data)
    squares = [np.square(g).sum() for g in jax.tree.leaves(gradient(state, after))]
    assert info.gradient_norm is not None
    assert float(info.gradient_norm) == pytest.approx(np.sqrt(sum(squares)), rel=1e-12)
    silent, unasked = STEP(plain(road), state, data)
    assert unasked.gradient_norm is None
    same(silent, after, 1e-12)


def masks(state: fnn.TrainState, rows: int = 2) -> np.ndarray:
    """How many of the rows keep each of 200 inputs, out of the gradient of one step.

    At zero weights and with targets -1 it is the mean of the rows that Dropout lets
    through, which are 0 or 2 for inputs of 1.
    """
    recipe = fnn.Recipe(
        L.Sequential(L.Dropout(0.5), L.Dense(200, 1)),
        fnn.losses.HalfSquaredError(),
        fnn.optimizers.SGD(1.0),
    )
    fresh = fnn.init(recipe, state.key)
    params = jax.tree.map(jnp.zeros_like, fresh.params)
    fresh = fresh._replace(params=params, step=state.step)
    data = np.ones((rows, 200), np.float32), -np.ones((rows, 1), np.float32)
    after, _ = STEP(recipe, fresh, data)
    return rows * gradient(fresh, after)[1]["w"][:, 0] / 2


def test_randomness_is_a_function_of_key_step_and_example(seed: int) -> None:
    state = fnn.init(FULL, jax.random.key(seed))
    first = masks(state)
    # Two rows with masks of their own: both, one or neither keeps an input.
    np.testing.assert_array_equal(np.unique(first), [0, 1, 2])
    np.testing.assert_array_equal(first, masks(state))
    assert (first != masks(state._replace(step=jnp.int32(1)))).mean() > 0.3
    other = fnn.init(FULL, jax.random.key(seed + 1))
    assert (first != masks(other)).mean() > 0.3


def test_any_step_can_be_replayed_from_its_number(rng: np.random.Generator) -> None:
    data = clouds(rng)
    state = fnn.init(FULL, jax.random.key(1))
    for _ in range(3):
        state, _ = STEP(FULL, state, data)
    again = fnn.init(FULL, jax.random.key(1))._replace(
        params=state.params,
        stats=state.stats,
        opt_state=state.opt_state,
        step=jnp.int32(3),
    )
    same(STEP(FULL, again, data), STEP(FULL, state, data))


@pytest.mark.usefixtures("x64")
def test_an_epoch_is_its_steps(rng: np.random.Generator) -> None:
    """With everything a state can hold, and with examples that are left over."""
    data, key = clouds(rng, 50, float), jax.random.key(5)
    state = looped = fnn.init(FULL, key)
    for number in range(2):
        state, info = EPOCH(FULL, state, data, batch_size=16)
        losses = []
        for batch in batches(data, 16, key, number):
            looped, step_info = STEP(FULL, looped, batch)
            losses.append(step_info.loss)
        assert info.loss.shape == (3,)
        np.testing.assert_allclose(info.loss, losses, rtol=1e-10)
    same(state, looped, 1e-9)


def test_init_under_vmap_is_init_for_each_key(seed: int) -> None:
    keys = jax.random.split(jax.random.key(seed), 3)
    together = jax.vmap(lambda key: fnn.init(FULL, key))(keys)
    for index, key in enumerate(keys):
        member = jax.tree.map(lambda leaf, i=index: leaf[i], together)
        same(member, fnn.init(FULL, key), 1e-6)
    w = np.asarray(together.params[0]["w"])
    assert not np.allclose(w[0], w[1])
