"""How well scores rank the positives above the negatives: ROC curve and its area."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.metric_checks import check_average, check_scores
from fnn.metrics.base import floating


class RocCurve(NamedTuple):
    """The points of a ROC curve, from the strictest threshold to none.

    Attributes:
        false_positive_rate: (B + 1,) from 0 to 1.
        true_positive_rate: (B + 1,) from 0 to 1.
        threshold: (B + 1,) infinity, then falling; scores of at least this say yes.
    """

    false_positive_rate: jax.Array
    true_positive_rate: jax.Array
    threshold: jax.Array


def roc_curve(prediction: jax.Array, target: jax.Array) -> RocCurve:
    """True against false positive rate for every threshold on a score.

    One point for each distinct score, and the origin (errata J1). Its size is fixed,
    so that it can be compiled: tied scores repeat their point, which draws the same
    line and encloses the same area. `np.unique(points, axis=0)` leaves each once.

    Args:
        prediction: (B,) or (B, 1) scores: logits or probabilities, any increasing map
            of them gives the same curve (J2).
        target: 0 and 1, of the same shape.

    Returns:
        A `RocCurve`. Without a positive or without a negative the rate that is a share
        of them is NaN; both are if a traced score is NaN, where a concrete one raises.

    Raises:
        ValueError: the shapes do not fit, or concrete targets are not 0 and 1.

    Example:
        >>> scores = jnp.array([0.9, 0.6, 0.6, 0.2])
        >>> curve = roc_curve(scores, jnp.array([1, 1, 0, 0]))
        >>> curve.true_positive_rate.tolist(), curve.false_positive_rate.tolist()
        ([0.0, 0.5, 1.0, 1.0, 1.0], [0.0, 0.0, 0.5, 0.5, 1.0])
    """
    check_scores(prediction, target, one=True)
    score = floating(prediction).reshape(-1)
    ranked = _rank(score, target.reshape(-1).astype(bool))

    def rate(below: jax.Array) -> jax.Array:
        """The share with a score of at least each threshold, highest threshold first.

        `below[i]` counts those under the i-th lowest rank.
        """
        above = (below[-1] - below[ranked.first])[::-1]
        above = jnp.concatenate([jnp.zeros(1, jnp.int32), above])
        return above.astype(score.dtype) / _total(ranked, below)

    infinity = jnp.full(1, jnp.inf, score.dtype)
    threshold = jnp.concatenate([infinity, ranked.score[::-1]])
    return RocCurve(rate(ranked.negatives), rate(ranked.positives), threshold)


def roc_auc(
    prediction: jax.Array, target: jax.Array, average: str = "macro"
) -> jax.Array:
    """The chance that a random positive scores above a random negative, ties half.

        AUC = (sum over positives of their mid-rank - P (P + 1) / 2) / (P N)

    with P positives and N negatives: the statistic of Mann and Whitney, which is the
    area under the ROC curve (errata J1). One sort, O(B log B).

    Args:
        prediction: (B,) or (B, 1) scores; or (B, K) for K yes-or-no answers, as for
            one class against the rest with probabilities and one-hot targets.
        target: 0 and 1, of the same shape.
        average: "macro", the mean of the columns; "micro", of all entries as one
            column; "none", a value for each column. Static.

    Returns:
        A scalar in [0, 1], or (K,); NaN without a positive or without a negative, or
        if a traced score is NaN, where a concrete one raises.

    Raises:
        ValueError: the shapes do not fit, or concrete targets are not 0 and 1.

    Source: H. Mann and D. Whitney, 1947; J. Hanley and B. McNeil, 1982.

    Example:
        >>> scores = jnp.array([0.9, 0.6, 0.6, 0.2])
        >>> float(roc_auc(scores, jnp.array([1, 1, 0, 0])))
        0.875
    """
    check_average(average)
    check_scores(prediction, target)
    rows = prediction.size if average == "micro" else len(prediction)
    score = floating(prediction).reshape(rows, -1)
    positive = target.astype(bool).reshape(score.shape)
    values = jax.vmap(_area, in_axes=1)(score, positive)
    return values if average == "none" else jnp.mean(values)


class _Ranked(NamedTuple):
    """Scores in rising order and, for each, the range of ranks that it ties with."""

    score: jax.Array
    positive: jax.Array
    first: jax.Array
    last: jax.Array
    negatives: jax.Array
    positives: jax.Array


def _rank(score: jax.Array, positive: jax.Array) -> _Ranked:
    order = jnp.argsort(score)
    score, positive = score[order], positive[order]
    first, last = (jnp.searchsorted(score, score, side=s) for s in ("left", "right"))
    return _Ranked(score, positive, first, last, _below(~positive), _below(positive))


def _below(chosen: jax.Array) -> jax.Array:
    """How many are chosen among the first 0, 1, ..., B: integers, so exact."""
    counts = jnp.cumsum(chosen, dtype=jnp.int32)
    return jnp.concatenate([jnp.zeros(1, jnp.int32), counts])


def _total(ranked: _Ranked, below: jax.Array) -> jax.Array:
    """All that `below` counts; NaN if a score, sorted last, is NaN and has no rank."""
    total = below[-1].astype(ranked.score.dtype)
    return jnp.where(jnp.isnan(ranked.score[-1]), jnp.nan, total)


def _area(score: jax.Array, positive: jax.Array) -> jax.Array:
    ranked = _rank(score, positive)
    # A positive's mid-rank among negatives: those below it and half of those it ties.
    twice = ranked.negatives[ranked.first] + ranked.negatives[ranked.last]
    total = _total(ranked, ranked.negatives)
    shares = jnp.where(ranked.positive, twice.astype(score.dtype) / (2 * total), 0)
    return jnp.sum(shares) / _total(ranked, ranked.positives)
