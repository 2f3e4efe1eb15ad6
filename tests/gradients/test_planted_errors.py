"""A check must be able to fail: each planted error is caught by the checks themselves.

Every error below is one that somebody deriving backpropagation by hand has made. The
checks are those of `test_roads.py`, unchanged.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import fnn
from fnn.layers import (
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    ReLU,
    Repeat,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    batch_sum,
    outer_sum,
)
from fnn.losses import (
    HalfSquaredError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from tests.catalogue import LOSSES, ROWS, WIDTH
from tests.gradients.witnesses import check_backward, check_roads

pytestmark = pytest.mark.usefixtures("x64")


def dense(change: Callable[..., Any]) -> type[Dense]:
    """Dense whose backward is `change(params, x, delta, *right answer)`."""

    class Wrong(Dense):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            right = super().backward(params, tape, dy)
            return change(params, tape, dy, *right)

    return Wrong


def only_own_example(params: Any, x: Any, delta: Any, dx: Any, dparams: Any) -> Any:
    first = lax.all_gather((x, delta), "batch")
    own = jnp.outer(first[0][0], first[1][0])
    return dx, {**dparams, "w": own}


DENSE = {
    "sign of dw": lambda p, x, d, dx, dp: (dx, {**dp, "w": -dp["w"]}),
    "factor 2 in dw": lambda p, x, d, dx, dp: (dx, {**dp, "w": 2 * dp["w"]}),
    "factor 1 + 1e-9 in dw": lambda p, x, d, dx, dp: (
        dx,
        {**dp, "w": (1 + 1e-9) * dp["w"]},
    ),
    "bias gradient missing": lambda p, x, d, dx, dp: (dx, {**dp, "b": 0 * dp["b"]}),
    "bias gradient a mean": lambda p, x, d, dx, dp: (dx, {**dp, "b": dp["b"] / ROWS}),
    "dw transposed": lambda p, x, d, dx, dp: (dx, {**dp, "w": dp["w"].T}),
    "weight transposed in dx": lambda p, x, d, dx, dp: (p["w"] @ d[::-1], dp),
    "weight not transposed in dx": lambda p, x, d, dx, dp: (d @ p["w"], dp),
    "batch sum missing in dw": only_own_example,
    "dx is delta": lambda p, x, d, dx, dp: (d, dp),
    "dx sign": lambda p, x, d, dx, dp: (-dx, dp),
    "dw from the output": lambda p, x, d, dx, dp: (
        dx,
        {**dp, "w": outer_sum(x @ p["w"], d)},
    ),
}


class TanhSlopeOfInput(Tanh):
    def derivative(self, a: jax.Array) -> jax.Array:
        return 1 - jnp.square(jnp.arctanh(a))


class TanhNotSquared(Tanh):
    def derivative(self, a: jax.Array) -> jax.Array:
        return 1 - a


class SigmoidWithoutBeta(Sigmoid):
    """Errata A3: y (1 - y) is the slope for beta = 1 alone."""

    def derivative(self, a: jax.Array) -> jax.Array:
        return a * (1 - a)


class SigmoidSign(Sigmoid):
    """Errata A7: the notes' 1 / (1 + exp(z)) has the slope -a (1 - a)."""

    def derivative(self, a: jax.Array) -> jax.Array:
        return -super().derivative(a)


class ReLUMaskInverted(ReLU):
    def derivative(self, a: jax.Array) -> jax.Array:
        return (a <= 0).astype(a.dtype)


class ReLUMaskMissing(ReLU):
    def derivative(self, a: jax.Array) -> jax.Array:
        return jnp.ones_like(a)


class ReLUMaskOfTheGradient(ReLU):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return jnp.where(dy > 0, dy, 0), ()


class SoftmaxElementwise(Softmax):
    """Errata B6: the elementwise product fails for softmax."""

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return dy * tape * (1 - tape), ()


class SoftmaxTermMissing(Softmax):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return dy * tape, ()


def batch_norm(formula: Callable[..., Any]) -> Any:
    class Wrong(BatchNorm):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            _, dparams = super().backward(params, tape, dy)
            x_hat, s = tape
            b, g = dparams["beta"] / ROWS, dparams["gamma"] / ROWS
            return formula(params["gamma"] * s, dy, x_hat, b, g), dparams

    return Wrong(WIDTH)


class LayerNormWithoutGamma(LayerNorm):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return super().backward({**params, "gamma": params["gamma"] ** 0}, tape, dy)


class LayerNormGammaNotSummed(LayerNorm):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        dx, dparams = super().backward(params, tape, dy)
        own = lax.all_gather(dy * tape[0], "batch")[0]
        return dx, {**dparams, "gamma": own}


class DropoutScaleMissing(Dropout):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return jnp.where(tape, dy, 0), ()


class DropoutMaskMissing(Dropout):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return dy / (1 - self.rate), ()


class ResidualWithoutIdentity(Residual):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return self.layer.backward(params, tape, dy)


class SequentialForwardOrder(Sequential):
    def __init__(self, *args: Any, layers: tuple[Any, ...] = ()) -> None:
        super().__init__(*args, layers=layers)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        gradients = []
        for layer, p, t in zip(self.layers, params, tape, strict=True):
            dy, gradient = layer.backward(p, t, dy)
            gradients.append(gradient)
        return dy, tuple(gradients)


class RepeatForwardOrder(Repeat):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        flip = lambda tree: jax.tree.map(lambda leaf: leaf[::-1], tree)  # noqa: E731
        packed, y = tape
        dx, dparams = super().backward(flip(params), (flip(packed), y), dy)
        return dx, flip(dparams)


LAYER_ERRORS: dict[str, Callable[[], fnn.layers.Layer]] = {
    **{
        f"Dense: {name}": lambda change=change: dense(change)(WIDTH, WIDTH)
        for name, change in DENSE.items()
    },
    "Tanh: slope of the input": TanhSlopeOfInput,
    "Tanh: not squared": TanhNotSquared,
    "Sigmoid: without beta": lambda: SigmoidWithoutBeta(1.7),
    "Sigmoid: sign": SigmoidSign,
    "ReLU: mask inverted": ReLUMaskInverted,
    "ReLU: mask missing": ReLUMaskMissing,
    "ReLU: mask of the gradient": ReLUMaskOfTheGradient,
    "Softmax: elementwise": SoftmaxElementwise,
    "Softmax: a term missing": SoftmaxTermMissing,
    "BatchNorm: statistics constant": lambda: batch_norm(
        lambda scale, dy, x_hat, b, g: scale * dy
    ),
    "BatchNorm: term of the mean missing": lambda: batch_norm(
        lambda scale, dy, x_hat, b, g: scale * (dy - x_hat * g)
    ),
    "BatchNorm: term of the variance missing": lambda: batch_norm(
        lambda scale, dy, x_hat, b, g: scale * (dy - b)
    ),
    "BatchNorm: sum, not mean": lambda: batch_norm(
        lambda scale, dy, x_hat, b, g: scale * (dy - ROWS * b - ROWS * x_hat * g)
    ),
    "LayerNorm: gamma missing": lambda: LayerNormWithoutGamma(WIDTH),
    "LayerNorm: gamma not summed": lambda: LayerNormGammaNotSummed(WIDTH),
    "Dropout: scale missing": lambda: DropoutScaleMissing(0.4),
    "Dropout: mask missing": lambda: DropoutMaskMissing(0.4),
    "Residual: identity missing": lambda: ResidualWithoutIdentity(Dense(WIDTH, WIDTH)),
    "Sequential: forward order": lambda: SequentialForwardOrder(
        Dense(WIDTH, WIDTH), Tanh(), Dense(WIDTH, WIDTH), Sigmoid()
    ),
    "Repeat: forward order": lambda: RepeatForwardOrder(
        Sequential(Tanh(), Dense(WIDTH, WIDTH)), 3
    ),
}


@pytest.mark.parametrize("name", LAYER_ERRORS)
def test_a_wrong_layer_is_caught(name: str, rng: np.random.Generator) -> None:
    with pytest.raises(AssertionError, match="relative difference"):
        check_backward(LAYER_ERRORS[name](), rng, WIDTH, ROWS)


def wrong_loss(base: type, gradient: Callable[..., Any]) -> Any:
    class Wrong(base):
        def gradient(self, prediction: Any, target: Any) -> Any:
            return gradient(prediction, target, super().gradient(prediction, target))

    return Wrong()


LOSS_ERRORS: dict[str, tuple[str, Callable[[], Any]]] = {
    "y - a, the notes' sign (A8)": (
        "HalfSquaredError",
        lambda: wrong_loss(HalfSquaredError, lambda p, y, right: y - p),
    ),
    "factor 2 in the half squared error": (
        "HalfSquaredError",
        lambda: wrong_loss(HalfSquaredError, lambda p, y, right: 2 * right),
    ),
    "no 1/K in the mean": (
        "MeanSquaredError",
        lambda: wrong_loss(MeanSquaredError, lambda p, y, right: right * p.size),
    ),
    "both logs of the prediction (A9)": (
        "SigmoidCrossEntropy",
        lambda: wrong_loss(
            SigmoidCrossEntropy, lambda p, y, right: jax.nn.sigmoid(p) - 1
        ),
    ),
    "slope of the sigmoid once more": (
        "SigmoidCrossEntropy",
        lambda: wrong_loss(
            SigmoidCrossEntropy,
            lambda p, y, right: right * jax.nn.sigmoid(p) * jax.nn.sigmoid(-p),
        ),
    ),
    "the target's one missing": (
        "SoftmaxCrossEntropy:rows",
        lambda: wrong_loss(SoftmaxCrossEntropy, lambda p, y, right: jax.nn.softmax(p)),
    ),
    "only the true class": (
        "SoftmaxCrossEntropy:rows",
        lambda: wrong_loss(SoftmaxCrossEntropy, lambda p, y, right: y * right),
    ),
}


@pytest.mark.parametrize("name", LOSS_ERRORS)
def test_a_wrong_loss_is_caught(name: str, rng: np.random.Generator) -> None:
    row, build = LOSS_ERRORS[name]
    losses = {"loss": (build(), LOSSES[row][1](rng))}
    with pytest.raises(AssertionError, match=r"backprop and autodiff.* difference"):
        check_roads(Tanh(), losses, rng, WIDTH, ROWS)


def test_a_missing_batch_sum_of_a_vector_is_caught(rng: np.random.Generator) -> None:
    """Without its sum the gradient has a row for each example, which `vmap` refuses."""

    class Wrong(Dense):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            dx, dparams = super().backward(params, tape, dy)
            return dx, {**dparams, "b": dy}

    with pytest.raises(ValueError, match="out_axes"):
        check_backward(Wrong(WIDTH, WIDTH), rng, WIDTH, ROWS)


def test_a_batch_sum_too_many_is_caught(rng: np.random.Generator) -> None:
    class Wrong(Dense):
        def backward(self, params: Any, tape: Any, dy: Any) -> Any:
            dx, dparams = super().backward(params, tape, dy)
            return dx, {**dparams, "b": batch_sum(dparams["b"])}

    with pytest.raises(AssertionError, match="relative difference"):
        check_backward(Wrong(WIDTH, WIDTH), rng, WIDTH, ROWS)


def test_a_wrong_penalty_is_caught(rng: np.random.Generator) -> None:
    class Wrong(fnn.penalties.L2):
        def gradient(self, params: Any) -> Any:
            return jax.tree.map(lambda g: 2 * g, super().gradient(params))

    losses = {"loss": (HalfSquaredError(), LOSSES["HalfSquaredError"][1](rng))}
    with pytest.raises(AssertionError, match="backprop and autodiff"):
        check_roads(Tanh(), losses, rng, WIDTH, ROWS, penalty=Wrong(0.1))
