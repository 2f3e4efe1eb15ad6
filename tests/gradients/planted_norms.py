"""Wrong backward rules of normalization layers."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from fnn import layers as L
from tests.catalogue import ROWS, WIDTH
from tests.gradients.planted import Planted, own, rule, term


def batch_norm(formula: Callable[..., Any]) -> Any:
    """A BatchNorm with dx = formula(gamma s, dy, x_hat, mean(dy), mean(dy x_hat))."""

    def wrong(params: Any, tape: Any, dy: Any, dx: Any, dparams: Any) -> Any:
        x_hat, s = tape
        b, g = dparams["beta"] / ROWS, dparams["gamma"] / ROWS
        return formula(params["gamma"] * s, dy, x_hat, b, g), dparams

    return rule(L.BatchNorm, wrong, WIDTH)


def layer_norm(base: Any, formula: Callable[..., Any]) -> Any:
    """A LayerNorm or RMSNorm with dx = formula(gamma dy, s, x_hat, dy)."""

    def wrong(params: Any, tape: Any, dy: Any, dx: Any, dparams: Any) -> Any:
        x_hat, s = tape
        return formula(params["gamma"] * dy, s, x_hat, dy), dparams

    return rule(base, wrong, WIDTH)


class LayerNormWithoutGamma(L.LayerNorm):
    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return super().backward({**params, "gamma": params["gamma"] ** 0}, tape, dy)


NORMS: dict[str, Planted] = {
    "BatchNorm: statistics constant": Planted(
        batch_norm(lambda scale, dy, x_hat, b, g: scale * dy), "input"
    ),
    "BatchNorm: term of the mean missing": Planted(
        batch_norm(lambda scale, dy, x_hat, b, g: scale * (dy - x_hat * g)), "input"
    ),
    "BatchNorm: term of the variance missing": Planted(
        batch_norm(lambda scale, dy, x_hat, b, g: scale * (dy - b)), "input"
    ),
    "BatchNorm: sum, not mean": Planted(
        batch_norm(
            lambda scale, dy, x_hat, b, g: scale * (dy - ROWS * (b + x_hat * g))
        ),
        "input",
    ),
    "BatchNorm: means over B - 1": Planted(
        batch_norm(
            lambda scale, dy, x_hat, b, g: (
                scale * (dy - (b + x_hat * g) * ROWS / (ROWS - 1))
            )
        ),
        "input",
    ),
    "BatchNorm: gamma missing": Planted(
        rule(
            L.BatchNorm,
            lambda p, t, dy, dx, dp: (dx / p["gamma"], dp),
            WIDTH,
        ),
        "input",
    ),
    "BatchNorm: gamma's gradient of the output": Planted(
        rule(
            L.BatchNorm,
            lambda p, t, dy, dx, dp: (
                dx,
                {**dp, "gamma": p["gamma"] * dp["gamma"] + p["beta"] * dp["beta"]},
            ),
            WIDTH,
        ),
        "gamma",
    ),
    "BatchNorm: gamma and beta swapped": Planted(
        rule(
            L.BatchNorm,
            lambda p, t, dy, dx, dp: (dx, {"gamma": dp["beta"], "beta": dp["gamma"]}),
            WIDTH,
        ),
        "beta gamma",
    ),
    "BatchNorm: beta's gradient a mean": Planted(
        term(L.BatchNorm, "beta", lambda g: g / ROWS, WIDTH), "beta", 1 / ROWS
    ),
    "LayerNorm: gamma missing": Planted(LayerNormWithoutGamma(WIDTH), "input"),
    "LayerNorm: gamma not summed": Planted(
        rule(
            L.LayerNorm,
            lambda p, t, dy, dx, dp: (dx, {**dp, "gamma": own(dy * t[0])}),
            WIDTH,
        ),
        "gamma",
    ),
    "LayerNorm: term of the mean missing": Planted(
        layer_norm(
            L.LayerNorm,
            lambda g, s, x_hat, dy: s * (g - x_hat * jnp.mean(g * x_hat)),
        ),
        "input",
    ),
    "LayerNorm: term of the variance missing": Planted(
        layer_norm(L.LayerNorm, lambda g, s, x_hat, dy: s * (g - jnp.mean(g))), "input"
    ),
    "RMSNorm: scale constant": Planted(
        layer_norm(L.RMSNorm, lambda g, s, x_hat, dy: s * g), "input"
    ),
    "RMSNorm: a LayerNorm's dx": Planted(
        layer_norm(
            L.RMSNorm,
            lambda g, s, x_hat, dy: s * (g - jnp.mean(g) - x_hat * jnp.mean(g * x_hat)),
        ),
        "input",
    ),
    "RMSNorm: gamma outside the mean": Planted(
        layer_norm(
            L.RMSNorm,
            lambda g, s, x_hat, dy: s * (g - x_hat * jnp.mean(dy * x_hat)),
        ),
        "input",
    ),
}
