"""Batch, layer and root mean square normalization."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.batch_axis import BATCH, batch_sum
from fnn._core.checks import check_size
from fnn._core.component import number, static
from fnn._core.layer_checks import check_batch_axis, check_input
from fnn._core.trees import like
from fnn.layers.base import Layer, Tree


class _Normalization(Layer):
    """gamma x_hat + beta over n features; subclasses say what x_hat is."""

    n: int = static()
    epsilon: Any = number(default=1e-5, above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(f"{type(self).__name__}.n", self.n)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        del key
        dtype = jnp.result_type(float)
        return {"gamma": jnp.ones(self.n, dtype), "beta": jnp.zeros(self.n, dtype)}, ()


class BatchNorm(_Normalization):
    """y = gamma x_hat + beta, x_hat = (x - mean) / sqrt(variance + epsilon).

    In training, mean and (biased) variance are those of the batch, feature by
    feature, and the running ones move by (1 - keep) towards them; in inference the
    running ones are used (errata H4). Put it between a `Dense(bias=False)` and its
    activation. Every example of a batch counts once, whatever its weight.

    Parameters: {"gamma": (n,), "beta": (n,)}. Statistics: {"mean": (n,),
    "variance": (n,)}.

    Derivation. mean and variance depend on every example b of the batch of B. With
    s = 1 / sqrt(variance + epsilon),

        dC/dbeta  = sum_b dy_b
        dC/dgamma = sum_b dy_b x_hat_b
        dC/dx_b   = gamma s (dy_b - dC/dbeta / B - x_hat_b dC/dgamma / B):

    the gradient, less its part along a shift and along a scaling of the batch, which
    normalization undoes. Source: Ioffe and Szegedy, 2015.

    Args:
        n: number of features.
        epsilon: added to the variance.
        keep: share of the running statistics that survives a step.

    Raises:
        ValueError: training outside an axis named "batch", or on a batch of one.

    Example:
        >>> layer = BatchNorm(2)
        >>> params, stats = layer.init(jax.random.key(0))
        >>> run = lambda x: layer.forward(params, stats, x, jax.random.key(0), True)[0]
        >>> y = jax.vmap(run, axis_name="batch")(jnp.array([[0.0, 1.0], [2.0, 5.0]]))
        >>> y.round(3).tolist()
        [[-1.0, -1.0], [1.0, 1.0]]
    """

    cancels_bias = True
    keep: Any = number(default=0.9, at_least=0, below=1)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        params, _ = super().init(key)
        dtype = params["gamma"].dtype
        return params, {
            "mean": jnp.zeros(self.n, dtype),
            "variance": jnp.ones(self.n, dtype),
        }

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key
        check_input(self, self.n, x)
        if train:
            check_batch_axis("BatchNorm", BATCH)
            mean = lax.pmean(x, BATCH)
            centered = x - mean
            variance = lax.pmean(jnp.square(centered), BATCH)
            keep = like(self.keep, x)
            stats = {
                "mean": keep * stats["mean"] + (1 - keep) * mean,
                "variance": keep * stats["variance"] + (1 - keep) * variance,
            }
        else:
            centered = x - stats["mean"]
            variance = stats["variance"]
        s = lax.rsqrt(variance + like(self.epsilon, x))
        x_hat = centered * s
        return params["gamma"] * x_hat + params["beta"], stats, (x_hat, s)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        x_hat, s = tape
        dbeta = batch_sum(dy)
        dgamma = batch_sum(dy * x_hat)
        size = lax.axis_size(BATCH)
        dx = params["gamma"] * s * (dy - dbeta / size - x_hat * (dgamma / size))
        return dx, {"gamma": dgamma, "beta": dbeta}


class LayerNorm(_Normalization):
    """y = gamma x_hat + beta, x_hat = (x - mean) / sqrt(variance + epsilon).

    mean and (biased) variance are those of one example over its n features, in
    training and inference alike.

    Parameters: {"gamma": (n,), "beta": (n,)}.

    Derivation. With g = gamma dy, s = 1 / sqrt(variance + epsilon) and means over
    the features of one example,

        dC/dx = s (g - mean(g) - x_hat mean(g x_hat))

    and dC/dgamma = sum_b dy_b x_hat_b, dC/dbeta = sum_b dy_b.
    Source: Ba, Kiros and Hinton, 2016.

    Args:
        n: number of features.
        epsilon: added to the variance.

    Example:
        >>> layer = LayerNorm(4)
        >>> params, stats = layer.init(jax.random.key(0))
        >>> x = jnp.array([1.0, 1.0, 3.0, 3.0])
        >>> y, _, _ = layer.forward(params, stats, x, jax.random.key(0), train=True)
        >>> y.round(3).tolist()
        [-1.0, -1.0, 1.0, 1.0]
    """

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        check_input(self, self.n, x)
        centered = x - jnp.mean(x)
        s = lax.rsqrt(jnp.mean(jnp.square(centered)) + like(self.epsilon, x))
        x_hat = centered * s
        return params["gamma"] * x_hat + params["beta"], stats, (x_hat, s)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        x_hat, s = tape
        g = params["gamma"] * dy
        dx = s * (g - jnp.mean(g) - x_hat * jnp.mean(g * x_hat))
        return dx, {"gamma": batch_sum(dy * x_hat), "beta": batch_sum(dy)}


class RMSNorm(_Normalization):
    """y = gamma x_hat, x_hat = x / sqrt(mean(x^2) + epsilon).

    The mean is that of one example over its n features, in training and inference
    alike. A LayerNorm that does not subtract the mean, and has no shift.

    Parameters: {"gamma": (n,)}.

    Derivation. With g = gamma dy, s = 1 / sqrt(mean(x^2) + epsilon) and
    ds/dx_j = -s^3 x_j / n, means over the features of one example,

        dC/dx_j = s g_j + sum_i g_i x_i ds/dx_j = s (g_j - x_hat_j mean(g x_hat))

    and dC/dgamma = sum_b dy_b x_hat_b. Source: Zhang and Sennrich, 2019.

    Args:
        n: number of features.
        epsilon: added to the mean square.

    Example:
        >>> layer = RMSNorm(2)
        >>> params, stats = layer.init(jax.random.key(0))
        >>> x = jnp.array([3.0, -3.0])
        >>> y, _, _ = layer.forward(params, stats, x, jax.random.key(0), train=True)
        >>> y.round(3).tolist()
        [1.0, -1.0]
    """

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        params, stats = super().init(key)
        return {"gamma": params["gamma"]}, stats

    def forward(
        self, params: Tree, stats: Tree, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Tree, Tree]:
        del key, train
        check_input(self, self.n, x)
        s = lax.rsqrt(jnp.mean(jnp.square(x)) + like(self.epsilon, x))
        x_hat = x * s
        return params["gamma"] * x_hat, stats, (x_hat, s)

    def backward(
        self, params: Tree, tape: Tree, dy: jax.Array
    ) -> tuple[jax.Array, Tree]:
        x_hat, s = tape
        g = params["gamma"] * dy
        dx = s * (g - x_hat * jnp.mean(g * x_hat))
        return dx, {"gamma": batch_sum(dy * x_hat)}
