"""Whether probabilities mean what they say."""

import jax
import jax.numpy as jnp

from fnn._core.checks import check_size
from fnn._core.metric_checks import check_confidences, check_decisions
from fnn.metrics.base import floating


def brier_score(
    prediction: jax.Array, target: jax.Array, logits: bool = True
) -> jax.Array:
    """The mean squared distance of probabilities p from what happened.

        K outputs:   mean_b sum_k (p_bk - y_bk)^2      from 0 to 2
        one output:  mean_b (p_b - y_b)^2              from 0 to 1

    the first with one-hot y. Two classes as two outputs thus count twice what one
    output counts, as in the paper.

    Args:
        prediction: (B, K) scores, or (B, 1) for a yes-or-no answer.
        target: (B,) integer labels, or (B, K) rows; (B, 1) of 0 and 1 for one output.
        logits: whether the scores are logits, or else probabilities. Static.

    Returns:
        A scalar; 0 is perfect.

    Raises:
        ValueError: the shapes do not fit, or concrete probabilities are not in [0, 1].

    Source: G. Brier, Verification of forecasts expressed in terms of probability, 1950.

    Example:
        >>> probabilities = jnp.array([[0.5, 0.5], [1.0, 0.0]])
        >>> float(brier_score(probabilities, jnp.array([0, 0]), logits=False))
        0.25
    """
    check_decisions(prediction, target)
    p = _probabilities(prediction, logits)
    if target.ndim == 1:
        target = jax.nn.one_hot(target, p.shape[1], dtype=p.dtype)
    return jnp.mean(jnp.sum(jnp.square(p - jnp.asarray(target, p.dtype)), axis=1))


def expected_calibration_error(
    prediction: jax.Array, target: jax.Array, bins: int = 15, logits: bool = True
) -> jax.Array:
    """How far confidence and accuracy are apart, on average over bins of confidence.

        sum_m (n_m / B) |accuracy_m - mean confidence_m|

    over bins m of equal width, (m - 1) / M < confidence <= m / M. The confidence is the
    probability of the class decided for: the highest, and for one output p or 1 - p,
    whichever is larger. An AUC says nothing about this: it sees the order alone.

    Args:
        prediction: (B, K) scores, or (B, 1) for a yes-or-no answer.
        target: (B,) integer labels, or (B, K) rows whose highest entry is the class;
            (B, 1) of 0 and 1 for one output.
        bins: the number M of bins. Static.
        logits: whether the scores are logits, or else probabilities. Static.

    Returns:
        A scalar in [0, 1]; 0 is calibrated.

    Raises:
        ValueError: the shapes do not fit, or concrete probabilities are not in [0, 1].

    Source: M. Naeini et al., 2015; C. Guo et al., On calibration of modern neural
    networks, 2017.

    Example:
        >>> sure = jnp.array([[0.75, 0.25]] * 4)
        >>> labels = jnp.array([0, 0, 1, 1])
        >>> float(expected_calibration_error(sure, labels, logits=False))
        0.25
    """
    check_size("bins", bins)
    check_decisions(prediction, target)
    p = _probabilities(prediction, logits)
    if p.shape[1] == 1:
        confidence = jnp.maximum(p, 1 - p)[:, 0]
        right = ((p > 0.5) == target.astype(bool))[:, 0]
    else:
        confidence = jnp.max(p, axis=1)
        labels = jnp.argmax(target, axis=1) if target.ndim == 2 else target
        decided = jnp.argmax(p, axis=1).astype(jnp.int32)
        right = decided == labels.astype(jnp.int32)
    place = jnp.ceil(confidence * bins).astype(jnp.int32) - 1
    gaps = jnp.zeros(bins, p.dtype).at[jnp.clip(place, 0, bins - 1)]
    gaps = gaps.add(right.astype(p.dtype) - confidence)
    return jnp.sum(jnp.abs(gaps)) / len(p)


def temperature(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """The temperature T at which logits / T give the best probabilities.

    T minimizes the mean cross-entropy of softmax(z / T), or sigmoid(z / T) for one
    output. With u = 1 / T this is convex, and its slope

        mean_b sum_k z_bk (p_bk(u) - y_bk)        with rows y that sum to 1

    grows with u, so 60 bisections of log T find its root. One number that is fitted on
    validation data and leaves every decision as it is: T above 1 makes a network less
    sure that is surer than it is right.

    Args:
        prediction: (B, K) logits, or (B, 1) for a yes-or-no answer.
        target: (B,) integer labels, or (B, K) rows; (B, 1) of 0 and 1 for one output.

    Returns:
        A scalar in [0.001, 1000]. An end says that there is no minimum inside: no T is
        too low where every answer is right, none too high where chance does better.

    Raises:
        ValueError: the shapes do not fit.

    Source: C. Guo et al., On calibration of modern neural networks, 2017.

    Example:
        >>> logits = jnp.array([[4.0, 0.0]] * 4)  # sure to 98 %, right in 3 of 4
        >>> t = temperature(logits, jnp.array([0, 0, 0, 1]))
        >>> round(float(jax.nn.softmax(logits / t)[0, 0]), 3)
        0.75
    """
    check_decisions(prediction, target)
    z = floating(prediction)
    if target.ndim == 1:
        target = jax.nn.one_hot(target, z.shape[1], dtype=z.dtype)
    y = jnp.asarray(target, z.dtype)
    if z.shape[1] > 1:
        # The slope is the same, and sums of smaller numbers round less.
        z = z - jnp.max(z, axis=1, keepdims=True)

    def halve(_: int, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = (low + high) / 2
        p = _probabilities(z * jnp.exp(-middle), logits=True)
        # Too sure at this temperature: the right one is higher.
        sure = jnp.sum(z * (p - y)) > 0
        return jnp.where(sure, middle, low), jnp.where(sure, high, middle)

    end = jnp.log(jnp.asarray(1e3, z.dtype))
    low, high = jax.lax.fori_loop(0, 60, halve, (-end, end))
    return jnp.exp((low + high) / 2)


def _probabilities(prediction: jax.Array, logits: bool) -> jax.Array:
    check_confidences(prediction, logits)
    prediction = floating(prediction)
    if not logits:
        return prediction
    one = prediction.shape[1] == 1
    return jax.nn.sigmoid(prediction) if one else jax.nn.softmax(prediction)
