"""Networks without hidden layer: recipes for the linear classifiers."""

from typing import Any

from fnn.initializers import Zeros
from fnn.layers import Dense
from fnn.losses import Hinge, Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy
from fnn.optimizers import SGD
from fnn.penalties import L2
from fnn.training.base import Recipe


def logistic_regression(
    n_features: int, *, strength: Any = 0.0, optimizer: Any = None
) -> Recipe:
    """Logistic regression: one sigmoid unit without hidden layer.

    Minimizes mean_b log(1 + exp(z_b)) - y_b z_b + strength / 2 |w|^2 with
    z = w.x + b. The bias is not penalized. With B examples, scikit-learn's C is
    1 / (strength B).

    Args:
        n_features: number of inputs.
        strength: of the L2 penalty, at least 0; without one, separable data have no
            minimum and the weights grow for ever.
        optimizer: SGD at rate 0.1 if not given.

    Returns:
        A recipe for targets (B, 1) of 0 and 1, or probabilities. The problem is convex:
        the weights start at 0.

    Raises:
        TypeError: `n_features` is not an integer.
        ValueError: a number is out of its range.

    Example:
        >>> import fnn, jax, jax.numpy as jnp
        >>> recipe = logistic_regression(3, strength=0.01)
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> fnn.predict(recipe, state, jnp.ones((2, 3))).tolist()
        [[0.0], [0.0]]
    """
    return _recipe(n_features, 1, SigmoidCrossEntropy(), strength, optimizer)


def softmax_regression(
    n_features: int, classes: int, *, strength: Any = 0.0, optimizer: Any = None
) -> Recipe:
    """Softmax regression: K linear scores, without hidden layer.

    Minimizes mean_b -log softmax(z_b)_{y_b} + strength / 2 |W|^2 with z = x W + b; also
    called multinomial logistic regression.

    Args:
        n_features: number of inputs.
        classes: number of classes K.
        strength: of the L2 penalty, at least 0. Without one, adding the same vector to
            every column of W changes nothing, so the minimum is not a single point.
        optimizer: SGD at rate 0.1 if not given.

    Returns:
        A recipe for targets (B,) of labels 0 .. K-1, or (B, K) of probabilities.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a number is out of its range.

    Example:
        >>> recipe = softmax_regression(64, 10, strength=1e-4)
        >>> recipe.model.n_in, recipe.model.n_out
        (64, 10)
    """
    return _recipe(n_features, classes, SoftmaxCrossEntropy(), strength, optimizer)


def linear_svm(
    n_features: int, *, strength: Any = 1e-3, optimizer: Any = None
) -> Recipe:
    """The linear support vector machine with soft margin, in its primal form.

    Minimizes mean_b max(0, 1 - y_b f_b) + strength / 2 |w|^2 with f = w.x + b. The bias
    is not penalized. With B examples, the C of Cortes and Vapnik is 1 / (strength B).
    The loss has kinks, so a constant rate ends near the minimum, not at it: use a
    schedule that falls.

    Source: C. Cortes and V. Vapnik, Support-vector networks, 1995.

    Args:
        n_features: number of inputs.
        strength: of the L2 penalty, at least 0: what makes the margin wide.
        optimizer: SGD at rate 0.1 if not given.

    Returns:
        A recipe for targets (B, 1) of -1 and 1.

    Raises:
        TypeError: `n_features` is not an integer.
        ValueError: a number is out of its range.

    Example:
        >>> import jax.numpy as jnp
        >>> recipe = linear_svm(3)
        >>> float(recipe.loss.value(jnp.array([0.25]), jnp.array([1.0])))
        0.75
    """
    return _recipe(n_features, 1, Hinge(), strength, optimizer)


def _recipe(n_in: int, n_out: int, loss: Loss, strength: Any, optimizer: Any) -> Recipe:
    model = Dense(n_in, n_out, weight_initializer=Zeros())
    optimizer = SGD(0.1) if optimizer is None else optimizer
    return Recipe(model, loss, optimizer, L2(strength))
