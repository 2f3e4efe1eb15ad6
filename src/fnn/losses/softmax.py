"""Cross-entropies over K classes, in nats, on logits: no log is of 0.

Written with p = softmax(z), whose complement 1 - p and logarithm are computed from the
powers of the classes that are not the target. Neither is rounded to 0 where p rounds
to 1: a confident right answer keeps a loss and a gradient, to full precision.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.component import number
from fnn._core.trees import like
from fnn.losses.base import (
    Loss,
    check_classes,
    fade,
    is_class,
    is_label,
    label_mask,
    row,
    times,
)


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
        label_smoothing: the share s of every target that is spread over all classes;
            None for the targets as they are. A number, 0 too, may change from step to
            step without a new program.

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

    label_smoothing: Any = number(default=None, at_least=0, below=1)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        softmax = _softmax(prediction, target)
        if self._takes_label(target):
            return softmax.label_loss * _nan_unless_class(prediction, target)
        y = self._smooth(row(prediction, target))
        return -jnp.sum(times(y, softmax.log_p))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        softmax = _softmax(prediction, target)
        if self._takes_label(target):
            return softmax.label_slope * _nan_unless_class(prediction, target)
        y = self._smooth(row(prediction, target))
        return softmax.p * (jnp.sum(y) - y) - y * softmax.complement

    def check_targets(self, prediction: Any, targets: Any) -> None:
        check_classes(self, prediction, targets)

    def _takes_label(self, target: jax.Array) -> bool:
        """Whether y is 1 at one class and 0 elsewhere: no sums over y are left."""
        return self.label_smoothing is None and is_label(target)

    def _smooth(self, y: jax.Array) -> jax.Array:
        if self.label_smoothing is None:
            return y
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
        softmax = _softmax(prediction, target)
        return -jnp.sum(fade(softmax.complement, self.gamma) * times(y, softmax.log_p))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        y = row(prediction, target)
        softmax = _softmax(prediction, target)
        log_p, p, q = softmax.log_p, softmax.p, softmax.complement
        gamma = like(self.gamma, q)
        certain = q == 0
        # log p / (1 - p) is -1 in the limit; p log p is 0 in the other.
        ratio = jnp.where(certain, -1, times(p, log_p) / jnp.where(certain, 1, q))
        m = times(y, fade(q, self.gamma) * (gamma * ratio - 1))
        return m * q - p * (jnp.sum(m) - m)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        check_classes(self, prediction, targets)


class _Softmax(NamedTuple):
    """p = softmax(z) of K classes, to be read in the form that does not cancel.

    Attributes:
        own_class: (K,) True at the target's class.
        shifted: (K,) z less the largest logit.
        own_shifted: its entry of the target's class.
        powers: (K,) exp(shifted), the largest of which is 1.
        rest: the sum of all powers, less 1.
    """

    own_class: jax.Array
    shifted: jax.Array
    own_shifted: jax.Array
    powers: jax.Array
    rest: jax.Array

    @property
    def log_p(self) -> jax.Array:
        return self.shifted - jnp.log1p(self.rest)

    @property
    def p(self) -> jax.Array:
        return self.powers / (1 + self.rest)

    @property
    def complement(self) -> jax.Array:
        """1 - p."""
        others = jnp.sum(jnp.where(self.own_class, 0, self.powers))
        likely = self.own_class & (self.p > 0.5)
        return jnp.where(likely, others / (1 + self.rest), 1 - self.p)

    @property
    def label_loss(self) -> jax.Array:
        """-log p of the target's class, a scalar."""
        return jnp.log1p(self.rest) - self.own_shifted

    @property
    def label_slope(self) -> jax.Array:
        """p - 1 at the target's class, where it is made of the others; p elsewhere."""
        less_others = (self.powers - 1) - self.rest
        return jnp.where(self.own_class, less_others, self.powers) / (1 + self.rest)


def _softmax(z: jax.Array, target: jax.Array) -> _Softmax:
    """The softmax of z, exact where the target's class is certain.

    Where another class is certain its 1 - p cancels. The losses weigh it with that
    class's share of the target and add it to a greater term.
    """
    # Of a row the most probable class stands for the label.
    own_class = label_mask(z, target if is_label(target) else jnp.argmax(target))
    own = jnp.sum(jnp.where(own_class, z, 0))
    largest, fixed, fixed_own = lax.stop_gradient((jnp.max(z), z, own))
    # Derivatives flow as if the label's logit were the largest one: its own power is
    # a constant then, and nothing cancels in them.
    shifted = jnp.where(own_class, fixed, z - (own - fixed_own)) - largest
    powers = jnp.exp(shifted)
    # Of a sum of powers near 1 the part beside 1 would be rounded away. Where the
    # target's class is not the largest another one adds a whole 1.
    rest = jnp.sum(powers - own_class.astype(z.dtype))
    return _Softmax(own_class, shifted, fixed_own - largest, powers, rest)


def _nan_unless_class(z: jax.Array, label: jax.Array) -> jax.Array:
    """A factor of the loss of a label: 1, or NaN if that is no class.

    A factor, for `jax.grad` would take the slope of the loss as 0 where it is replaced.
    """
    return jnp.where(is_class(z, label), 1, jnp.nan).astype(z.dtype)
