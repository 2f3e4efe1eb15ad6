"""How accurate activations are in float32, against mpmath, where a network may look.

Errors are in units in the last place (ULP) of the true result: a value may be off by
VALUE, a slope by SLOPE. EXCEPTIONS lists everything that is worse, and why. Autodiff
of the functions is JAX's matter, but must be finite, and right beside the largest
slope.

XLA flushes subnormal numbers to zero: a true result below the smallest normal number
may come out as 0, and a subnormal input may count as 0.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

import fnn
from fnn.layers import gelu

L = fnn.layers
VALUE, SLOPE = 4.0, 8.0
EPSILON, TINY, HUGE = 2.0**-23, 2.0**-126, float(np.finfo(np.float32).max)
BITS = 160

Function = Callable[[Any], Any]


class Case(NamedTuple):
    """A layer, its function and slope in mpmath, and where the slope crosses zero."""

    layer: L.Layer
    value: Function
    slope: Function
    crossing: tuple[float, float] | None = None


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def swish(beta: float) -> tuple[Function, Function]:
    return (
        lambda z: z * sigmoid(beta * z),
        lambda z: sigmoid(beta * z) * (1 + beta * z * sigmoid(-beta * z)),
    )


def rectifier(right: Any, left: Any) -> tuple[Function, Function]:
    return (
        lambda z: right * z if z > 0 else left * z,
        lambda z: mp.mpf(right) if z > 0 else mp.mpf(left),
    )


def elu(scale: Any, alpha: Any) -> tuple[Function, Function]:
    return (
        lambda z: scale * (z if z > 0 else alpha * mp.expm1(z)),
        lambda z: scale * (mp.mpf(1) if z > 0 else alpha * mp.exp(z)),
    )


def normal_cdf(z: Any) -> Any:
    return mp.erfc(-z / mp.sqrt(2)) / 2


def normal_density(z: Any) -> Any:
    return mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)


def gelu_exponent(z: Any) -> Any:
    return 2 * mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)


def gelu_tanh_slope(z: Any) -> Any:
    s, s_left = sigmoid(gelu_exponent(z)), sigmoid(-gelu_exponent(z))
    growth = 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * z**2)
    return s * (1 + z * growth * s_left)


# Numbers of layers that float32 holds exactly, so that both sides mean the same.
CASES: dict[str, Case] = {
    "ReLU": Case(L.ReLU(), *rectifier(1, 0)),
    "LeakyReLU": Case(L.LeakyReLU(2.0**-6), *rectifier(1, 2.0**-6)),
    "PReLU": Case(L.PReLU(), *rectifier(1, 0.25)),
    "ELU": Case(L.ELU(), *elu(1, 1)),
    "SELU": Case(
        L.SELU(),
        *elu(
            mp.mpf("1.0507009873554804934193349852946"),
            mp.mpf("1.6732632423543772848170429916717"),
        ),
    ),
    "Sigmoid": Case(L.Sigmoid(), sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "Tanh": Case(L.Tanh(), mp.tanh, lambda z: mp.sech(z) ** 2),
    "Softplus": Case(L.Softplus(), lambda z: mp.log1p(mp.exp(z)), sigmoid),
    "Swish": Case(L.Swish(), *swish(1), (-1.9, -0.8)),
    "Swish, beta 1.5": Case(L.Swish(1.5), *swish(1.5), (-1.9 / 1.5, -0.8 / 1.5)),
    "LearnedSwish": Case(L.LearnedSwish(), *swish(1), (-1.9, -0.8)),
    "GELU": Case(
        L.GELU(),
        lambda z: z * normal_cdf(z),
        lambda z: normal_cdf(z) + z * normal_density(z),
        (-1.3, -0.4),
    ),
    "GELUTanh": Case(
        L.GELUTanh(),
        lambda z: z * sigmoid(gelu_exponent(z)),
        gelu_tanh_slope,
        (-1.3, -0.4),
    ),
}


class Limit(NamedTuple):
    """How wrong an exception may be, what was measured, in which unit, and why."""

    limit: float
    measured: float
    unit: str
    reason: str


ULP, LARGEST = "ULP", "ULP of the largest slope"
OUTPUT = (
    "the slope is had from the output on purpose, so that a deep stack stores one "
    "array a layer; at saturation the output does not tell how small the slope is: "
    "relative to itself all is lost (1.7e7 ULP), to a sum of gradients nothing"
)
PRODUCT = "beta z, up to 88, is rounded before its exponential is taken"
CUBIC = (
    "the exponent, a cubic up to 88, is rounded; the tail of an approximation whose "
    "absolute error is 5e-4 is not worth a compensated one"
)
# Slopes at a zero crossing are held to CROSSING ULP of the largest slope instead.
EXCEPTIONS: dict[tuple[str, str], Limit] = {
    ("Tanh", "slope"): Limit(4.0, 2.92, LARGEST, OUTPUT),
    ("Sigmoid", "slope"): Limit(3.0, 2.14, LARGEST, OUTPUT),
    ("ELU", "slope"): Limit(1.0, 0.35, LARGEST, OUTPUT),
    ("SELU", "slope"): Limit(1.0, 0.50, LARGEST, OUTPUT),
    ("Swish, beta 1.5", "value"): Limit(64.0, 51.9, ULP, PRODUCT),
    ("Swish, beta 1.5", "slope"): Limit(64.0, 38.4, ULP, PRODUCT),
    ("GELUTanh", "value"): Limit(150.0, 71.3, ULP, CUBIC),
    ("GELUTanh", "slope"): Limit(150.0, 85.5, ULP, CUBIC),
}
CROSSING = 2.0
AUTODIFF = 5.0


def points() -> np.ndarray:
    """Of both signs, from the smallest numbers to the largest."""
    positive = np.concatenate(
        [
            [0.0, 1e-45, 1e-40, TINY, 1.5 * TINY, 1e30, HUGE],
            np.geomspace(1e-30, 1e-5, 10),
            np.geomspace(1e-4, 1e3, 70),
            np.linspace(0.02, 20, 70),
            np.linspace(12.5, 14.5, 20),
            np.linspace(80, 110, 20),
        ]
    )
    return np.concatenate([positive, -positive]).astype(np.float32)


POINTS = points()


@functools.cache
def computed() -> dict[str, dict[str, np.ndarray]]:
    """Value, slope by hand and slope by autodiff at all points, in one program."""

    def ask(layer: L.Layer, z: jax.Array) -> dict[str, jax.Array]:
        params, stats = layer.init(jax.random.key(0))

        def run(z: jax.Array) -> tuple[Any, Any]:
            y, _, tape = layer.forward(params, stats, z, jax.random.key(0), train=True)
            return y, tape

        def by_hand(z: jax.Array) -> jax.Array:
            return layer.backward(params, run(z)[1], jnp.ones_like(z))[0]

        _, autodiff = jax.jvp(lambda z: run(z)[0], (z,), (jnp.ones_like(z),))
        slope = jax.vmap(by_hand, axis_name="batch")(z[None])[0]
        return {"value": run(z)[0], "slope": slope, "autodiff": autodiff}

    everything = jax.jit(
        lambda z: {name: ask(case.layer, z) for name, case in CASES.items()}
    )
    return jax.tree.map(np.asarray, everything(jnp.asarray(POINTS)))


@functools.cache
def true(name: str, what: str) -> list[list[Any]]:
    """The true results at each point; two are right where the input is flushed."""
    function = CASES[name].value if what == "value" else CASES[name].slope
    with mp.workprec(BITS):
        return [
            [function(mp.mpf(z)), *([function(mp.mpf(0))] if 0 < abs(z) < TINY else [])]
            for z in POINTS.tolist()
        ]


def error(got: float, truth: Any, unit: float | None = None) -> float:
    """In ULP of the truth, or in EPSILON times `unit`; NaN counts as infinite."""
    if abs(truth) > HUGE * (1 + EPSILON / 4):
        return 0.0 if np.isinf(got) and (got > 0) == (truth > 0) else float("inf")
    if not np.isfinite(got):
        return float("inf")
    with mp.workprec(BITS):
        distance = float(abs(mp.mpf(got) - truth))
    if distance <= TINY / 2 or (got == 0 and abs(truth) < TINY):
        return 0.0
    if unit is not None:
        return distance / (EPSILON * unit)
    return distance / np.ldexp(1.0, np.frexp(max(abs(float(truth)), TINY))[1] - 24)


def worst(
    name: str,
    what: str,
    unit: float | None = None,
    where: Callable[[float], bool] = lambda z: True,
) -> tuple[float, float]:
    """The largest error and the point it is at."""
    truths = true(name, "value" if what == "value" else "slope")
    return max(
        (min(error(got, truth, unit) for truth in right), z)
        for z, got, right in zip(
            POINTS.tolist(), computed()[name][what].tolist(), truths, strict=True
        )
        if where(z)
    )


def at_crossing(case: Case) -> Callable[[float], bool]:
    low, high = case.crossing or (1.0, -1.0)
    return lambda z: low < z < high


def largest(name: str) -> float:
    return float(max(abs(right[0]) for right in true(name, "slope")))


@pytest.mark.parametrize("what", ["value", "slope"])
@pytest.mark.parametrize("name", CASES)
def test_accurate_to_the_last_places(name: str, what: str) -> None:
    crossing = at_crossing(CASES[name])
    away = (lambda z: True) if what == "value" else (lambda z: not crossing(z))
    standard = {"value": VALUE, "slope": SLOPE}[what]
    plain, at = worst(name, what, where=away)
    exception = EXCEPTIONS.get((name, what))
    if exception is None:
        assert plain <= standard, f"{plain:.3g} ULP at {at!r}"
        return
    # An exception that is none any more must leave the table.
    assert plain > standard
    if exception.unit == LARGEST:
        plain, at = worst(name, what, largest(name))
    assert plain <= exception.limit, f"{plain:.3g} at {at!r}"


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].crossing])
def test_slope_at_its_zero_crossing(name: str) -> None:
    """A difference of two rounded terms cannot be accurate relative to itself."""
    off, at = worst(name, "slope", largest(name), at_crossing(CASES[name]))
    assert off <= CROSSING, f"{off:.3g} ULP of the largest slope at {at!r}"


@pytest.mark.parametrize("name", CASES)
def test_autodiff_is_finite_and_right_beside_the_largest_slope(name: str) -> None:
    off, at = worst(name, "autodiff", largest(name))
    assert off <= AUTODIFF, f"{off:.3g} ULP of the largest slope at {at!r}"


def test_the_series_of_gelu_is_that_of_the_function() -> None:
    """Chebyshev coefficients of (1 + t) Q(t) / phi(t), once more, in 160 bits."""
    nodes = 64
    with mp.workprec(BITS):
        angles = [mp.pi * (k + mp.mpf(1) / 2) / nodes for k in range(nodes)]
        values = []
        for angle in angles:
            t = 4 * (1 + mp.cos(angle)) / (1 - mp.cos(angle))
            values.append((1 + t) * normal_cdf(-t) / normal_density(t))
        for order, used in enumerate(gelu._MILLS):
            terms = (v * mp.cos(order * a) for v, a in zip(values, angles, strict=True))
            coefficient = mp.fsum(terms) * (1 if order == 0 else 2) / nodes
            assert used == pytest.approx(float(coefficient), rel=1e-14)
