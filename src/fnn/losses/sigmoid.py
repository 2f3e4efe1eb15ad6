"""Cross-entropies of yes-or-no answers, in nats, on logits.

Written with softplus(z) = log(1 + exp(z)) = -log(1 - s) and softplus(-z) = -log s for
s = sigmoid(z). The two are never subtracted: nothing overflows, no log is of 0, and a
confident right answer keeps a loss and a gradient where s rounds to 0 or 1.
"""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.component import number
from fnn._core.data_checks import check_probabilities
from fnn._core.layer_checks import check_same_shape
from fnn._core.trees import like
from fnn.losses.base import Loss, fade


class SigmoidCrossEntropy(Loss):
    """sum_k -(w y_k log s_k + (1 - y_k) log(1 - s_k)), s = sigmoid(z), for logits z.

    K yes-or-no answers (errata A9, F6), summed: K times the mean of PyTorch and Keras.
    Gradient: (1 - y) s - w y (1 - s), which is s - y for w = 1.

    The target has the logits' shape and holds 0 and 1, or probabilities.

    Args:
        positive_weight: the weight w of the answer yes, PyTorch's `pos_weight`: the
            number of no over the number of yes makes both count the same. An array
            (K,) weighs each answer.

    Example:
        >>> loss = SigmoidCrossEntropy()
        >>> z, y = jnp.array([0.0, -20.0]), jnp.array([1.0, 1.0])
        >>> round(float(loss.value(z, y)), 4), loss.gradient(z, y).tolist()
        (20.6931, [-0.5, -1.0])
        >>> SigmoidCrossEntropy(positive_weight=3.0).gradient(z, y).tolist()
        [-1.5, -3.0]
    """

    positive_weight: Any = number(default=1.0, above=0)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        no, yes = _shares(prediction, target, self.positive_weight)
        z = prediction
        return jnp.sum(no * jax.nn.softplus(z) + yes * jax.nn.softplus(-z))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        no, yes = _shares(prediction, target, self.positive_weight)
        return no * jax.nn.sigmoid(prediction) - yes * jax.nn.sigmoid(-prediction)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_probabilities(targets)


class SigmoidFocal(Loss):
    """sum_k -(w y (1-s)^gamma log s + (1-y) s^gamma log(1-s)), s = sigmoid(z).

    A cross-entropy in which answers that are right already count less: gamma = 0 is
    `SigmoidCrossEntropy`, and the sum is over the K answers as there. Lin et al. 2017,
    "Focal Loss for Dense Object Detection".

    Gradient: f(z) = s^gamma softplus(z) is the loss of a no, and f(-z) of a yes; with
    ds/dz = s (1 - s),

        f'(z) = s^gamma (gamma (1 - s) softplus(z) + s),

    dl/dz = (1 - y) f'(z) - w y f'(-z).

    The target has the logits' shape and holds 0 and 1, or probabilities.

    Args:
        gamma: how fast right answers fade.
        positive_weight: the weight w of the answer yes. The paper's alpha = 0.25 is
            1/3 here, and the loss the paper's divided by 0.75.

    Example:
        >>> loss = SigmoidFocal(gamma=1.0)
        >>> z, y = jnp.array([0.0]), jnp.array([1.0])
        >>> round(float(loss.value(z, y)), 4), round(loss.gradient(z, y).item(), 4)
        (0.3466, -0.4233)
    """

    gamma: Any = number(default=2.0, at_least=0)
    positive_weight: Any = number(default=1.0, above=0)

    def value(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        no, yes = _shares(prediction, target, self.positive_weight)
        return jnp.sum(no * self._loss(prediction) + yes * self._loss(-prediction))

    def gradient(self, prediction: jax.Array, target: jax.Array) -> jax.Array:
        no, yes = _shares(prediction, target, self.positive_weight)
        return no * self._slope(prediction) - yes * self._slope(-prediction)

    def check_targets(self, prediction: Any, targets: Any) -> None:
        super().check_targets(prediction, targets)
        check_probabilities(targets)

    def _loss(self, z: jax.Array) -> jax.Array:
        return fade(jax.nn.sigmoid(z), self.gamma) * jax.nn.softplus(z)

    def _slope(self, z: jax.Array) -> jax.Array:
        fall = like(self.gamma, z) * jax.nn.sigmoid(-z) * jax.nn.softplus(z)
        s = jax.nn.sigmoid(z)
        return fade(s, self.gamma) * (fall + s)


def _shares(z: jax.Array, target: jax.Array, weight: Any) -> tuple[Any, Any]:
    """How much of each answer is a no, and a weighted yes."""
    check_same_shape(z, target)
    y = target.astype(z.dtype)
    return 1 - y, like(weight, z) * y
