"""Bias and variance, measured over many networks trained at once."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fnn._core.checks import check_batch_size, check_size
from fnn.data import Batch, take
from fnn.training.base import Recipe, TrainState, check_data, init, predict
from fnn.training.epoch import train_epoch


class BiasVariance(NamedTuple):
    """How an expected error comes about: loss = bias + variance, exactly.

    Attributes:
        loss: expected error of a network trained on a bootstrap sample, over the
            examples and the fits; the noise of the targets is part of it.
        bias: error of the main prediction, which is the mean for values and the most
            frequent class for labels.
        variance: what deviations from the main prediction add. For labels they add on
            examples where it is right and subtract where it is wrong and they are
            right (Domingos), so it can be negative.
    """

    loss: jax.Array
    bias: jax.Array
    variance: jax.Array


def bias_variance(
    recipe: Recipe,
    key: jax.Array,
    data: Any,
    test: Any,
    *,
    fits: int = 20,
    epochs: int = 10,
    batch_size: int = 32,
) -> BiasVariance:
    """Train many networks on bootstrap samples, in one `vmap`, and decompose the error.

    With p_m(x) the prediction of fit m of M and p(x) the main one, means over x and m,
    and of values over the outputs too:

        values:  loss = mean (p_m - y)^2,  bias = mean (p - y)^2,
                 variance = mean (p_m - p)^2
        labels:  loss = mean [p_m != y],   bias = mean [p != y],
                 variance = mean [p = y][p_m != p] - mean [p != y][p_m = y]

    Sources: Geman, Bienenstock and Doursat, 1992; Domingos, 2000.

    Args:
        recipe: what to train and how; every fit draws its own initial weights.
        key: for weights, samples and orders.
        data: (x, y), of which each fit gets as many examples, drawn with replacement.
        test: (x, y) to predict; weights do not count here. Integer targets (B,) are
            labels, others are values.
        fits: number of networks M.
        epochs: passes of each over its sample.
        batch_size: examples in a step.

    Returns:
        Three scalars.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes, values or numbers do not fit.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(1e-2))
        >>> found = bias_variance(recipe, jax.random.key(0), train, test, fits=4)
        >>> bool(abs(found.loss - found.bias - found.variance) < 1e-6)
        True
    """
    check_size("fits", fits, at_least=2)
    check_size("epochs", epochs)
    state = init(recipe, key)
    data, test = (check_data(recipe, state, part) for part in (data, test))
    rows = len(data.x)
    check_batch_size(batch_size, rows)
    data, x = jax.tree.map(jnp.asarray, (data, test.x))

    def fit(key: jax.Array) -> jax.Array:
        weight_key, sample_key = jax.random.split(key)
        sample = take(data, jax.random.randint(sample_key, (rows,), 0, rows))

        def epoch(state: TrainState, _: None) -> tuple[TrainState, None]:
            return train_epoch(recipe, state, Batch(*sample), batch_size)[0], None

        state, _ = jax.lax.scan(epoch, init(recipe, weight_key), length=epochs)
        return predict(recipe, state, x)

    predictions = jax.jit(jax.vmap(fit))(jax.random.split(key, fits))
    y = jnp.asarray(test.y)
    if jnp.issubdtype(y.dtype, jnp.integer) and y.ndim == 1:
        return of_labels(jnp.argmax(predictions, axis=2), y, predictions.shape[2])
    return of_values(predictions, y)


def of_values(predictions: jax.Array, y: jax.Array) -> BiasVariance:
    """The decomposition of the squared error; predictions (M, B, K), y (B, K)."""
    main = jnp.mean(predictions, axis=0)
    y = y.astype(predictions.dtype)
    return BiasVariance(
        jnp.mean(jnp.square(predictions - y[None])),
        jnp.mean(jnp.square(main - y)),
        jnp.mean(jnp.square(predictions - main[None])),
    )


def of_labels(predictions: jax.Array, y: jax.Array, classes: int) -> BiasVariance:
    """The decomposition of the 0-1 loss; predictions (M, B) labels, y (B,)."""
    votes = jax.nn.one_hot(predictions, classes).sum(axis=0)
    main = jnp.argmax(votes, axis=1).astype(predictions.dtype)
    y = y.astype(predictions.dtype)
    biased = main != y
    deviate = jnp.mean((predictions != main[None]).astype(jnp.float32), axis=0)
    right = jnp.mean((predictions == y[None]).astype(jnp.float32), axis=0)
    return BiasVariance(
        jnp.mean(1 - right),
        jnp.mean(biased.astype(jnp.float32)),
        jnp.mean(jnp.where(biased, -right, deviate)),
    )
