"""Cross-entropies over K classes, in nats, on logits: no log is of 0.

Written with p = softmax(z), whose complement 1 - p and logarithm are computed from the
powers of the classes that are not the target. Neither is rounded to 0 where p rounds
to 1: a confident right answer keeps a loss and a gradient, to full precision.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.component import number
from fnn._core.trees import like
from fnn.losses.base import Loss, check_classes, fade, row, times


class SoftmaxCrossEntropy(Loss):
    """-sum_k y_k log p_k with p = softmax(z), for logits z of shape (K,), K classes.

    The target is an integer label, or a row y of K probabilities.
    Gradient: p sum_k y_k - y, which is p - y when y sums to 1 (errata F8); computed as
    p (sum_k y_k - y) - y (1 - p), where nothing cancels for a label.

    `label_smoothing` s trains towards (1 - s) y + s / K (Szegedy et al. 2016,
    "Rethinking the Inception Architecture for Computer Vision", section 7).

    A label outside 0 .. K-1 raises where it is concrete; inside a compiled step it
    makes the loss NaN. A class ruled out by a logit of -inf may not be a target.

    Classes of unequal size: weigh the batch by `fnn.data.example_weights`; see `Loss`.

    Args:
        label_smoothing: the share s of every target that is spread over all classes.

    Example:
        >>> loss = SoftmaxCrossEntropy()
        >>> z = jnp.array([0.0, 0.0, 0.0, 0.0])
        >>> round(float(loss.value(z, jnp.array(1))), 4)
        1.3863
        >>> loss.gradient(z, jnp.array(1)).tolist()
        [0.25, -0.75, 0.25, 0.25]
        >>> SoftmaxCrossEntropy(label_smoothing=0.5).gradient(z, jnp.array(1)).tolist()
        [0.125, -0.375, 0.125, 0.125]
    """

    label_smoothing: Any = number(default=0.0, at_least=0, below=1)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = self._smooth(row(prediction, target))
        log_p, _, _ = _softmax(prediction, target)
        return -jnp.sum(times(y, log_p))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = self._smooth(row(prediction, target))
        _, p, complement = _softmax(prediction, target)
        return p * (jnp.sum(y) - y) - y * complement

    def check_targets(self, prediction: Any, targets: Any) -> None:
        check_classes(self, prediction, targets)

    def _smooth(self, y: jax.Array) -> jax.Array:
        s = like(self.label_smoothing, y)
        return (1 - s) * y + s / y.size


class SoftmaxFocal(Loss):
    """-sum_k y_k (1 - p_k)^gamma log p_k with p = softmax(z), for logits z.

    A cross-entropy in which answers that are right already count less: gamma = 0 is
    `SoftmaxCrossEntropy`. The target is an integer label, or a row y of probabilities.
    Lin et al. 2017, "Focal Loss for Dense Object Detection"; its alpha is a weight of
    classes, given to the batch by `fnn.data.example_weights`; see `Loss`.

    Gradient: with dp_k/dz_j = p_k (delta_kj - p_j) and, q = 1 - p,

        m_k = y_k p_k d/dp_k(-q_k^gamma log p_k)
            = y_k q_k^gamma (gamma p_k log p_k / q_k - 1),

    dl/dz_j = m_j - p_j sum_k m_k = m_j q_j - p_j sum_{k != j} m_k.

    Args:
        gamma: how fast right answers fade.

    Example:
        >>> loss = SoftmaxFocal(gamma=1.0)
        >>> z = jnp.array([0.0, 0.0])
        >>> round(float(loss.value(z, jnp.array(1))), 4)
        0.3466
        >>> [round(g, 4) for g in loss.gradient(z, jnp.array(1)).tolist()]
        [0.4233, -0.4233]
    """

    gamma: Any = number(default=2.0, at_least=0)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = row(prediction, target)
        log_p, _, q = _softmax(prediction, target)
        return -jnp.sum(fade(q, self.gamma) * times(y, log_p))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = row(prediction, target)
        log_p, p, q = _softmax(prediction, target)
        gamma = like(self.gamma, q)
        certain = q == 0
        # log p / (1 - p) is -1 in the limit; p log p is 0 in the other.
        ratio = jnp.where(certain, -1, times(p, log_p) / jnp.where(certain, 1, q))
        m = times(y, fade(q, self.gamma) * (gamma * ratio - 1))
        return m * q - p * (jnp.sum(m) - m)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        check_classes(self, prediction, targets)


def _softmax(z: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(log p, p, 1 - p) of p = softmax(z), exact where the target's class is certain.

    Where another class is certain its 1 - p cancels. The losses weigh it with that
    class's share of the target and add it to a greater term.
    """
    is_label = _is_label(z, target)
    own = jnp.sum(jnp.where(is_label, z, 0))
    largest, fixed = lax.stop_gradient((jnp.max(z), own))
    # Derivatives flow as if the label's logit were the largest one: by its own power,
    # a constant then, nothing cancels in them.
    shifted = z - (largest + (own - fixed))
    powers = jnp.exp(shifted)
    # Of a sum of powers near 1 the part beside 1 would be rounded away.
    others = jnp.sum(jnp.where(is_label, 0, powers))
    rest = others + jnp.expm1(fixed - largest)
    total = 1 + rest
    p = powers / total
    complement = jnp.where(is_label & (p > 0.5), others / total, 1 - p)
    return shifted - jnp.log1p(rest), p, complement


def _is_label(z: jax.Array, target: jax.Array) -> jax.Array:
    """The class of a label, or the most probable one of a row, among those of z."""
    label = target if target.ndim == 0 else jnp.argmax(target)
    return jnp.arange(z.shape[-1], dtype=jnp.int32) == label.astype(jnp.int32)
