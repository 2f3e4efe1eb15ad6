"""Cross-validation: complete, disjoint, of equal shares."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.model_selection import KFold

import fnn
from fnn.data import Fold, k_fold, stratified_k_fold, take


def check_folds(folds: list[Fold], rows: int, n_splits: int) -> None:
    assert len(folds) == n_splits
    tests = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tests), np.arange(rows))
    for fold in folds:
        both = np.concatenate(fold)
        np.testing.assert_array_equal(np.sort(both), np.arange(rows))
        assert all((np.diff(part) > 0).all() for part in fold)
    sizes = [len(fold.test) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


SIZES = [(2, 2), (10, 3), (10, 10), (97, 5), (100, 5)]


@pytest.mark.parametrize(("rows", "n_splits"), SIZES)
def test_k_fold(rows: int, n_splits: int, seed: int) -> None:
    folds = k_fold(rows, n_splits, seed)
    check_folds(folds, rows, n_splits)
    # The cut of scikit-learn, given the same permutation.
    order = np.random.default_rng(seed).permutation(rows)
    theirs = KFold(n_splits).split(np.zeros(rows))
    for fold, (train, test) in zip(folds, theirs, strict=True):
        np.testing.assert_array_equal(fold.test, np.sort(order[test]))
        np.testing.assert_array_equal(fold.train, np.sort(order[train]))


@pytest.mark.parametrize("n_splits", [2, 3, 5, 10])
@pytest.mark.parametrize(
    "sizes", [(50, 50), (100, 7, 1), (33, 33, 34, 5, 90), (3, 3, 3, 3), (20,)]
)
def test_stratified_k_fold(
    sizes: tuple[int, ...], n_splits: int, rng: np.random.Generator
) -> None:
    """Counts are the ideal share, rounded down or up, for every class and fold."""
    names = rng.permutation(np.arange(-3, 30))[: len(sizes)]
    labels = rng.permutation(np.repeat(names, sizes))
    folds = stratified_k_fold(labels, n_splits, int(rng.integers(1000)))
    check_folds(folds, len(labels), n_splits)
    for name, size in zip(names, sizes, strict=True):
        for fold in folds:
            count = np.sum(labels[fold.test] == name)
            assert abs(count - size / n_splits) < 1


@pytest.mark.parametrize(
    "cut",
    [lambda seed: k_fold(60, 4, seed), lambda seed: stratified_k_fold(Y, 4, seed)],
)
def test_a_seed_is_a_cut(cut: Any) -> None:
    one, same, other = (np.stack([f.test for f in cut(seed)]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


Y = np.arange(60) % 3


def test_stratified_folds_have_no_order() -> None:
    """Every example is in the first fold for some seed, whatever its place."""
    seen = {
        row for s in range(60) for row in stratified_k_fold(Y, 4, s)[0].test.tolist()
    }
    assert seen == set(range(60))


def test_folds_of_labels_on_a_device() -> None:
    for one, other in zip(
        stratified_k_fold(jnp.asarray(Y), 3), stratified_k_fold(Y, 3), strict=True
    ):
        np.testing.assert_array_equal(one.test, other.test)


def test_a_mapped_cross_validation(rng: np.random.Generator) -> None:
    """All folds trained in one program."""
    x = rng.normal(size=(60, 2)).astype(np.float32)
    data = fnn.Batch(x, (x[:, :1] > 0).astype(np.int32))
    recipe = fnn.classic.logistic_regression(2)
    state = fnn.init(recipe, jax.random.key(0))
    folds = jax.tree.map(lambda *rows: np.stack(rows), *k_fold(60, 5))
    data = jax.tree.map(jnp.asarray, data)

    def one(fold: Fold) -> jax.Array:
        def body(state: Any, _: Any) -> Any:
            return fnn.train_step(recipe, state, take(data, fold.train))[0], None

        trained, _ = jax.lax.scan(body, state, length=200)
        held_out = take(data, fold.test)
        outputs = fnn.predict(recipe, trained, held_out.x)
        return fnn.metrics.binary_accuracy(outputs, held_out.y)

    accuracies = jax.jit(jax.vmap(one))(folds)
    assert accuracies.shape == (5,)
    assert float(accuracies.mean()) > 0.8


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: k_fold(10, 1), ValueError, "n_splits must be at least 2, got 1"),
        (lambda: k_fold(10, 11), ValueError, "number of examples, 10, got 11"),
        (lambda: k_fold("ten"), TypeError, "rows must be an integer"),  # pyright: ignore
        (lambda: stratified_k_fold([0, 1]), TypeError, "labels must be a NumPy"),
        (lambda: stratified_k_fold(Y * 1.0), TypeError, "labels must be class numbers"),
        (lambda: stratified_k_fold(Y, 61), ValueError, "number of examples, 60"),
    ],
)
def test_mistakes(call: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
