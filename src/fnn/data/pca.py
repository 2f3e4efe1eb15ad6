"""Principal components: fewer inputs, or uncorrelated ones."""

from typing import Any, Self

import numpy as np

from fnn._core.component import Component, static
from fnn._core.feature_checks import check_components, check_rows


class PCA(Component):
    """Coordinates along the directions in which training data vary most.

        z = (x - mean) V,    divided by the deviation of each z with `whiten`

    with the directions V (n, k) from the singular value decomposition U S V^T of the
    centered training data, largest first; the deviation of column j is S_j / sqrt(B),
    biased as in `Standardize`. Whitened coordinates are uncorrelated and of deviation
    1, which conditions the first layer best. Of each direction and its opposite the
    one is taken whose largest entry is positive. `Standardize` first where features
    have different units.

    Fit it on the training data alone and apply it to all.

    Attributes:
        mean: (n,) of the training data.
        components: (n, k), a direction of length 1 in each column.
        deviation: (k,) of the training data along them; 1 where they do not vary.
        explained: (k,) share of the variance of all n features.
        whiten: whether to divide by the deviation.

    Source: K. Pearson, 1901; H. Hotelling, 1933.

    Example:
        >>> train = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], np.float32)
        >>> pca = PCA.fit(train, 1)
        >>> pca(train).round(3).tolist(), pca.explained.tolist()
        ([[-5.0], [0.0], [5.0]], [1.0])
    """

    mean: Any
    components: Any
    deviation: Any
    explained: Any
    whiten: bool = static(default=False)

    @classmethod
    def fit(cls, x: np.ndarray, n: int | None = None, whiten: bool = False) -> Self:
        """Take the directions from training data.

        Args:
            x: (B, n) training inputs.
            n: number of components k, at most min(B, n); that many if not given.
            whiten: whether to divide by the deviation.

        Raises:
            TypeError: x is not a floating array.
            ValueError: x is not (B, n), or has fewer components than asked for.
        """
        check_rows(x)
        count = min(x.shape) if n is None else n
        check_components(count, x.shape)
        wide = np.asarray(x, np.float64)
        mean = wide.mean(axis=0)
        _, values, rows = np.linalg.svd(wide - mean, full_matrices=False)
        # What is left of zero after rounding, as in np.linalg.matrix_rank; in the
        # precision of x, in which its mean is known.
        noise = values.max() * max(x.shape) * np.finfo(x.dtype).eps
        values = np.where(values > noise, values, 0.0)
        largest = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
        directions = (rows * np.where(largest < 0, -1.0, 1.0)[:, None]).T[:, :count]
        deviation = values / np.sqrt(len(x))
        total = np.square(values).sum()
        shares = np.square(values) / (total if total > 0 else 1.0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        arrays = (mean, directions, deviation[:count], shares[:count])
        return cls(*(array.astype(x.dtype) for array in arrays), whiten=whiten)

    def __call__(self, x: Any) -> Any:
        """The coordinates (..., k) of x of shape (..., n)."""
        rest = (1,) * (x.ndim - 1)
        z = (x - self.mean.reshape(*rest, -1)) @ self.components
        return z / self.deviation.reshape(*rest, -1) if self.whiten else z
