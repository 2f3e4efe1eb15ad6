"""Weights of classes, and sampling to given shares."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

import fnn
from fnn.data import Batch, class_weights, example_weights, resample


@pytest.mark.usefixtures("x64")
def test_class_weights(rng: np.random.Generator) -> None:
    labels = rng.permutation(np.repeat(np.arange(4), [50, 7, 1, 20]))
    weights = class_weights(labels)
    expected = [78 / (4 * n) for n in (50, 7, 1, 20)]
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    theirs = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)
    for made in (np.asarray, jnp.asarray):
        each = example_weights(made(labels), made(weights))
        theirs = compute_sample_weight("balanced", labels)
        np.testing.assert_allclose(each, theirs, rtol=1e-12)
        for k in range(4):
            assert each[labels == k].sum() == pytest.approx(78 / 4)


def test_class_weights_are_in_the_default_dtype() -> None:
    assert class_weights(np.array([0, 1, 1])).dtype == np.float32


def test_balanced_weights_balance_a_loss() -> None:
    """Copies of an example do not matter once classes are weighed."""
    recipe = fnn.classic.softmax_regression(2, 2)
    key = np.array([0, 1], np.uint32)
    x = np.array([[1.0, 2.0], [3.0, -1.0]], np.float32)
    updates = []
    for copies in (1, 9):
        labels = np.repeat([0, 1], [copies, 1])
        weight = example_weights(labels, class_weights(labels))
        state = fnn.init(recipe, key)  # pyright: ignore
        state, _ = fnn.train_step(recipe, state, Batch(x[labels], labels, weight))
        updates.append(state.params["w"])
    np.testing.assert_allclose(*updates, rtol=1e-6)


def numbered(sizes: tuple[int, ...], rng: np.random.Generator) -> Batch:
    """Examples whose only feature is their row number."""
    labels = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return Batch(np.arange(len(labels), dtype=np.float32)[:, None], labels)


@pytest.mark.parametrize("size", [None, 1, 10, 57, 500])
@pytest.mark.parametrize("shares", [None, (0.2, 0.3, 0.5), (1, 0, 0), (0.9, 0.1, 0)])
def test_resample(shares: Any, size: int | None, rng: np.random.Generator) -> None:
    data = numbered((40, 12, 5), rng)
    made = resample(data, shares, size, seed=3)
    total = 57 if size is None else size
    assert len(made.x) == len(made.y) == total
    rows = made.x[:, 0].astype(int)
    np.testing.assert_array_equal(made.y, data.y[rows])
    assert (np.diff(rows) >= 0).all()
    wanted = np.array(shares or (1 / 3, 1 / 3, 1 / 3)) * total
    counts = np.bincount(made.y, minlength=3)
    assert (np.abs(counts - wanted) < 1).all()
    # Within a class every example is taken as often as any other, up to one.
    times = np.bincount(rows, minlength=57)
    for k in range(3):
        assert np.ptp(times[data.y == k]) <= 1


def test_a_sample_is_a_function_of_its_seed(rng: np.random.Generator) -> None:
    data = numbered((40, 12, 5), rng)
    one, same, other = (resample(data, None, 30, seed).x for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    seen = {r for s in range(40) for r in resample(data, None, 30, s).x[:, 0].tolist()}
    assert seen == set(range(57))


def test_resampling_keeps_weights_and_absent_classes_out() -> None:
    weight = np.array([1.0, 2.0, 3.0])
    data = Batch(np.arange(3.0)[:, None], np.array([0, 2, 2]), weight)
    made = resample(data)
    assert set(made.y.tolist()) == {0, 2}
    np.testing.assert_array_equal(made.weight, made.x[:, 0] + 1)


DATA = Batch(np.ones((3, 1)), np.array([0, 2, 2]))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: class_weights(DATA.y), ValueError, "every class .* none of class 1"),
        (lambda: class_weights(DATA.y, 2), ValueError, "from 0 to 1, got 2 in row 1"),
        (lambda: class_weights(DATA.y - 1), ValueError, "got -1 in row 0"),
        (lambda: class_weights(DATA.y[:0]), ValueError, "at least one label"),
        (lambda: class_weights([0, 1]), TypeError, "labels must be a NumPy"),
        (lambda: example_weights(DATA.y, np.ones(2)), ValueError, "from 0 to 1, got 2"),
        (lambda: example_weights(DATA.y, [1.0]), TypeError, "weights must be a NumPy"),
        (lambda: example_weights(DATA.y, -np.ones(3)), ValueError, "at least 0, got"),
        (
            lambda: resample(DATA, (0.5, 0.5)),
            ValueError,
            "each of the 3 classes, got 2",
        ),
        (lambda: resample(DATA, (1, 1, 1)), ValueError, "sum to 1, got 3. Divide"),
        (lambda: resample(DATA, (0.5, 0.5, 0)), ValueError, "got 0.5 for class 1"),
        (lambda: resample(DATA, (1.5, 0, -0.5)), ValueError, "at least 0 for each"),
        (lambda: resample(DATA, None, 0), ValueError, "size must be at least 1"),
        (lambda: resample(DATA._replace(y=DATA.x[:, 0])), TypeError, "class numbers"),
    ],
)
def test_mistakes(call: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
