"""Whether two models differ by more than the luck of the folds."""

from typing import Any

import jax
import numpy as np
from jax.scipy.special import betainc


def corrected_t_test(differences: Any, test_share: float) -> float:
    """The two-sided p-value of the corrected resampled t-test.

    For the differences d_1 .. d_J of two models' scores on J folds,

        t = mean(d) / sqrt((1 / J + n_test / n_train) var(d)),

    with J - 1 in the divisor of the variance and J - 1 degrees of freedom. The folds'
    training parts overlap, so their scores are not independent; without n_test /
    n_train the variance comes out too small and chance too often significant. The
    p-value is the incomplete beta function I_{v / (v + t^2)}(v / 2, 1 / 2), v = J - 1.

    Source: Nadeau and Bengio, "Inference for the Generalization Error", 2003.

    Args:
        differences: (J,), one for each fold, at least 2.
        test_share: n_test / n_train; 1 / (J - 1) for J folds.

    Returns:
        The p-value: 1 if no fold differs, 0 if all differ by exactly as much.

    Example:
        >>> round(corrected_t_test([0.02, 0.01, 0.03, 0.00, 0.02], 1 / 4), 4)
        0.1046
    """
    d = np.asarray(differences, np.float64)
    mean, freedom = d.mean(), len(d) - 1
    if mean == 0:
        return 1.0
    variance = (1 / len(d) + test_share) * d.var(ddof=1)
    # v / (v + t^2), without dividing by a variance that may be 0.
    x = freedom * variance / (freedom * variance + mean**2)
    with jax.enable_x64(True):
        return float(betainc(freedom / 2, 0.5, x))
