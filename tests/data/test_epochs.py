"""The shuffle: a permutation, uniform, and a pure function of (key, epoch)."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.data import epoch_indices, epochs, permutation

# Up to 2^14 examples the index is packed into the sorted word; beyond, it is not.
SIZES = [1, 2, 3, 1797, 2**14 - 1, 2**14, 2**14 + 1, 20_000]


@pytest.mark.parametrize("n", SIZES)
def test_a_permutation(n: int, seed: int) -> None:
    order = permutation(jax.random.key(seed), n)
    assert order.dtype == jnp.int32
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("packed_bits", [14, 0], ids=["packed", "two operands"])
def test_every_order_is_as_likely(
    packed_bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chi-square over the 120 orders of 5; fixed keys, so it never fails by chance."""
    monkeypatch.setattr(epochs, "_PACKED_BITS", packed_bits)
    keys = jax.random.split(jax.random.key(5), 24_000)
    orders = np.asarray(jax.vmap(lambda key: permutation(key, 5))(keys))
    places = {order: i for i, order in enumerate(itertools.permutations(range(5)))}
    counts = np.zeros(120)
    for order in orders.tolist():
        counts[places[tuple(order)]] += 1
    assert counts.min() > 0
    statistic = np.sum((counts - 200) ** 2 / 200)
    # 119 degrees of freedom: mean 119, deviation 15.4; below 1e-4 outside these bounds,
    # on both sides: too even is not random either.
    assert 70 < statistic < 185


@pytest.mark.parametrize("n", [1797, 20_000])
def test_places_say_nothing_about_each_other(n: int) -> None:
    """Rank correlations with the given order, and between epochs and keys."""
    orders = [
        np.asarray(epoch_indices(jax.random.key(key), epoch, n, n))[0]
        for key, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    for one, other in itertools.combinations([np.arange(n), *orders], 2):
        correlation = np.corrcoef(one, other)[0, 1]
        # Its deviation is 1 / sqrt(n - 1).
        assert abs(correlation) < 4 / np.sqrt(n)


@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (10, 10), (10, 1), (10, 5)])
def test_rows_of_an_epoch(n: int, batch_size: int, seed: int) -> None:
    rows = epoch_indices(jax.random.key(seed), 0, n, batch_size)
    assert rows.shape == (n // batch_size, batch_size)
    assert rows.dtype == jnp.int32
    taken = np.asarray(rows).ravel()
    assert len(set(taken.tolist())) == taken.size
    assert set(taken.tolist()) <= set(range(n))


def test_a_pure_function_of_key_and_epoch(seed: int) -> None:
    key = jax.random.key(seed)
    first = epoch_indices(key, 3, 100, 10)
    np.testing.assert_array_equal(first, epoch_indices(key, 3, 100, 10))
    raw = jax.random.key_data(key)
    np.testing.assert_array_equal(first, epoch_indices(raw, 3, 100, 10))
    for other in (
        epoch_indices(key, 4, 100, 10),
        epoch_indices(jax.random.key(seed + 1), 3, 100, 10),
    ):
        assert np.mean(np.asarray(first) == other) < 0.2


def test_other_epochs_leave_out_other_examples() -> None:
    key = jax.random.key(0)
    left_out = [
        set(range(10))
        - set(np.asarray(epoch_indices(key, epoch, 10, 8)).ravel().tolist())
        for epoch in range(40)
    ]
    assert {len(examples) for examples in left_out} == {2}
    assert set().union(*left_out) == set(range(10))


@pytest.mark.parametrize("n", [50, 2**14 + 50])
def test_traced_epochs_and_keys(n: int, seed: int) -> None:
    keys = jax.random.split(jax.random.key(seed), 3)
    numbers = jnp.arange(3)

    @jax.jit
    def together(keys: jax.Array, numbers: jax.Array) -> jax.Array:
        over_epochs = jax.vmap(epoch_indices, in_axes=(None, 0, None, None))
        over_keys = jax.vmap(over_epochs, in_axes=(0, None, None, None))
        return over_keys(keys, numbers, n, 20)

    got = together(keys, numbers)
    assert got.shape == (3, 3, n // 20, 20)
    for key, epoch in ((0, 0), (1, 2), (2, 1)):
        expected = epoch_indices(keys[key], epoch, n, 20)
        np.testing.assert_array_equal(got[key, epoch], expected)
