"""Principal components against scikit-learn."""

from typing import Any

import jax
import numpy as np
import pytest
from sklearn.decomposition import PCA as TheirPCA

from fnn.data import PCA, Standardize


def cloud(rng: np.random.Generator, rows: int, features: int) -> np.ndarray:
    """Points in general position, off the origin."""
    return 5 + rng.normal(size=(rows, features)) @ rng.normal(size=(features, features))


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("n", [None, 1, 3])
@pytest.mark.parametrize("shape", [(60, 5), (4, 7)])
def test_against_scikit_learn(
    shape: tuple[int, int], n: int | None, whiten: bool, rng: np.random.Generator
) -> None:
    points = cloud(rng, shape[0] + 20, shape[1])
    train, test = points[: shape[0]], points[shape[0] :]
    count = min(shape) if n is None else n
    if shape == (4, 7):
        count = n = min(count, 3)  # four points span three directions
    ours = PCA.fit(train, n, whiten)
    theirs = TheirPCA(count, whiten=whiten, svd_solver="full").fit(train)
    signs = np.sign(np.sum(ours.components.T * theirs.components_, axis=1))
    # Their variance is that of a sample, ours that of the data.
    ratio = np.sqrt(shape[0] / (shape[0] - 1)) if whiten else 1.0
    expected = theirs.transform(test) * signs * ratio
    np.testing.assert_allclose(ours(test), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        ours.explained, theirs.explained_variance_ratio_, atol=1e-12
    )


def test_the_coordinates_are_uncorrelated(rng: np.random.Generator) -> None:
    x = cloud(rng, 200, 6)
    pca = PCA.fit(x)
    z, white = pca(x), PCA.fit(x, whiten=True)(x)
    covariance = z.T @ z / len(z)
    np.testing.assert_allclose(covariance, np.diag(pca.deviation**2), atol=1e-10)
    assert (np.diff(pca.deviation) <= 0).all()
    np.testing.assert_allclose(white.T @ white / len(x), np.eye(6), atol=1e-10)
    assert pca.explained.sum() == pytest.approx(1)
    # All components together lose nothing.
    np.testing.assert_allclose(z @ pca.components.T + pca.mean, x, atol=1e-10)


def test_directions_do_not_flip(rng: np.random.Generator) -> None:
    x = cloud(rng, 50, 4)
    components = PCA.fit(x).components
    largest = components[np.abs(components).argmax(axis=0), np.arange(4)]
    assert (largest > 0).all()
    mirrored = PCA.fit(2 * x.mean(axis=0) - x).components
    np.testing.assert_allclose(mirrored, components, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_directions_without_variance(dtype: Any, rng: np.random.Generator) -> None:
    """A copied column is no direction of its own: whitening must not blow it up."""
    x = rng.normal(1000, 1, (50, 2))
    x = np.concatenate([x, x[:, :1]], axis=1).astype(dtype)
    pca = PCA.fit(x, whiten=True)
    assert pca.deviation[2] == 1
    assert pca.explained[2] == 0
    z = pca(x)
    assert z.dtype == pca.components.dtype == dtype
    atol = 2e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(z[:, 2], np.zeros(50), atol=atol)
    np.testing.assert_allclose(z[:, :2].std(axis=0), np.ones(2), rtol=1e-3)
    nothing = PCA.fit(np.full((5, 2), 0.1, dtype), whiten=True)
    np.testing.assert_allclose(nothing(np.full((5, 2), 0.1, dtype)), 0, atol=1e-7)


def test_compiled_and_for_one_example(rng: np.random.Generator) -> None:
    x = cloud(rng, 30, 4).astype(np.float32)
    pca = PCA.fit(Standardize.fit(x)(x), 2, whiten=True)
    compiled = jax.jit(lambda pca, x: pca(x))(pca, x)
    np.testing.assert_allclose(compiled, pca(x), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(pca(x[0]), pca(x)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "n", "kind", "words"),
    [
        (np.ones((4, 3)), 4, ValueError, "n must be at most 3, the smaller of 4"),
        (np.ones((4, 3)), 0, ValueError, "n must be at least 1, got 0"),
        (np.ones((4, 3)), 0.9, TypeError, "n must be an integer, got 0.9"),
        (np.ones((4, 3), int), 1, TypeError, "x must be floating"),
        (np.ones((4, 3, 2)), 1, ValueError, r"x must have shape \(B, n\), got"),
        (np.full((4, 3), np.nan), 1, ValueError, "x must be finite"),
    ],
)
def test_mistakes(x: Any, n: Any, kind: Any, words: str) -> None:
    with pytest.raises(kind, match=words):
        PCA.fit(x, n)
