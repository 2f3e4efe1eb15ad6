"""float32 against mpmath: how many units in the last place (ULP) a loss is off.

Values should be within 4 ULP and hand-derived gradients within 8 of the exact result
for the same float32 arguments; what is not stands in EXCEPTIONS with the reason.
Results near or below the least normal float32 may be 0: XLA flushes smaller ones. A
result beyond the largest float32 is infinite.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import fnn

S = fnn.losses
mp: Any = mpmath.mp
TINY = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)

MAGNITUDES = np.concatenate(
    [np.geomspace(1e-30, 1e30, 61), np.geomspace(0.01, 100, 41)]
)
EXTREMES = [0.0, -0.0, 1000.0, -1000.0, 1e30, -1e30]
GRID = np.concatenate([MAGNITUDES, -MAGNITUDES, EXTREMES]).astype(np.float32)


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(50):
        yield


def softplus(z: Any) -> Any:
    return mp.log1p(mp.exp(z)) if z < 0 else z + mp.log1p(mp.exp(-z))


def sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z)) if z > 0 else mp.exp(z) / (1 + mp.exp(z))


def sign(x: Any) -> Any:
    return mp.sign(x)


def focal(z: Any, gamma: Any) -> Any:
    return sigmoid(z) ** gamma * softplus(z)


def focal_slope(z: Any, gamma: Any) -> Any:
    fall = gamma * sigmoid(-z) * softplus(z)
    return sigmoid(z) ** gamma * (fall + sigmoid(z))


def robust(alpha: float) -> tuple[Any, Any]:
    """Barron's loss and its slope for scale 1."""
    b = mp.mpf(abs(alpha - 2))

    def value(x: Any) -> Any:
        if alpha == 2:
            return x * x / 2
        if alpha == 0:
            return mp.log1p(x * x / 2)
        if np.isinf(alpha):
            return -mp.expm1(-x * x / 2)
        return b / alpha * mp.expm1(mp.mpf(alpha) / 2 * mp.log1p(x * x / b))

    def slope(x: Any) -> Any:
        if alpha == 2:
            return x
        if np.isinf(alpha):
            return x * mp.exp(-x * x / 2)
        return x * (x * x / b + 1) ** (mp.mpf(alpha) / 2 - 1)

    return value, slope


# What most keep to, value and gradient.
USUAL = (4, 8)

# A loss of one output: loss, target, value and slope in that output.
SCALARS: dict[str, tuple[Any, float, Callable[..., Any], Callable[..., Any]]] = {
    "SigmoidCrossEntropy, no": (S.SigmoidCrossEntropy(), 0, softplus, sigmoid),
    "SigmoidCrossEntropy, yes": (
        S.SigmoidCrossEntropy(3.0),
        1,
        lambda z: 3 * softplus(-z),
        lambda z: -3 * sigmoid(-z),
    ),
    "SigmoidFocal, no": (
        S.SigmoidFocal(2.0),
        0,
        lambda z: focal(z, 2),
        lambda z: focal_slope(z, 2),
    ),
    "SigmoidFocal, yes": (
        S.SigmoidFocal(2.0),
        1,
        lambda z: focal(-z, 2),
        lambda z: -focal_slope(-z, 2),
    ),
    "MeanSquaredError": (S.MeanSquaredError(), 0, lambda r: r * r, lambda r: 2 * r),
    "HalfSquaredError": (S.HalfSquaredError(), 0, lambda r: r * r / 2, lambda r: r),
    "MeanAbsoluteError": (S.MeanAbsoluteError(), 0, abs, sign),
    "Huber": (
        S.Huber(0.75),
        0,
        lambda r: r * r / 2 if abs(r) < 0.75 else 0.75 * abs(r) - mp.mpf(0.28125),
        lambda r: max(min(r, mp.mpf(0.75)), -mp.mpf(0.75)),
    ),
    "Hinge": (S.Hinge(), 1, lambda f: max(0, 1 - f), lambda f: -1 if f < 1 else 0),
    "SquaredHinge": (
        S.SquaredHinge(),
        -1,
        lambda f: max(0, 1 + f) ** 2,
        lambda f: 2 * max(0, 1 + f),
    ),
    **{
        f"GeneralRobust, {alpha}": (S.GeneralRobust(alpha), 0, *robust(alpha))
        for alpha in (2.0, 1.5, 1.0, 0.0, -2.0, -np.inf)
    },
}


# (value, gradient) in ULP where they are more, and why. Measured on a CPU.
EXCEPTIONS: dict[str, tuple[float, float]] = {
    # exp(-u^2 / 2) of a rounded u^2 is off by as many units as u^2: its condition
    # number. Measured 36.7 at u = 12.6, where it falls below the normal numbers.
    "GeneralRobust, -inf": (4, 50),
}
# Softmax rounds z - max(z), and exp turns half a unit there into |z - max(z)| / 2
# units of p, which (1 - p)^2 log p of the focal loss takes three times. The bounds
# grow by so much a logit of distance; measured in `test_several_logits`: 27.5 and
# 27.5 ULP, at distances of up to 87.
PER_LOGIT = {"SoftmaxCrossEntropy": 0.5, "SoftmaxFocal": 1.5}


def ulps(got: np.ndarray, exact: list[Any]) -> np.ndarray:
    """Distances in units of the last place of the correctly rounded result."""
    off = []
    for g, e in zip(np.asarray(got, np.float32).ravel(), exact, strict=True):
        e = mp.mpf(e)
        assert not np.isnan(g), f"NaN for {mp.nstr(e, 8)}"
        if abs(e) > LARGEST:
            assert np.isinf(g) or abs(g) > 0.999 * LARGEST
            assert np.sign(g) == sign(e)
            off.append(0.0)
            continue
        assert not np.isinf(g), f"infinite for {mp.nstr(e, 8)}"
        unit = float(np.spacing(np.float32(max(abs(float(e)), TINY))))
        flushed = g == 0 and abs(e) < 4 * TINY
        off.append(0.0 if flushed else float(abs(mp.mpf(float(g)) - e) / unit))
    return np.array(off)


def batched(loss: Any) -> tuple[Any, Any]:
    return jax.jit(jax.vmap(loss.value)), jax.jit(jax.vmap(loss.gradient))


@pytest.mark.parametrize("name", SCALARS)
def test_one_output(name: str) -> None:
    loss, target, value, slope = SCALARS[name]
    z = jnp.asarray(GRID)[:, None]
    y = jnp.full_like(z, target)
    worst = []
    for function, formula in zip(batched(loss), (value, slope), strict=True):
        exact = [formula(mp.mpf(float(x))) for x in GRID]
        worst.append(off := ulps(function(z, y), exact))
        at = int(off.argmax())
        print(f"{name}: {off[at]:.1f} ULP at {GRID[at]}")
    for off, bound in zip(worst, EXCEPTIONS.get(name, USUAL), strict=True):
        assert off.max() <= bound, f"{off.max()} at {GRID[off.argmax()]}"


# From 0 to 1, as close to both as float32 comes.
CLOSE = np.geomspace(1e-7, 0.5, 40)
SHARES = np.array([*np.geomspace(1e-30, 0.5, 61), *(1 - CLOSE), 0, 1], np.float32)

PROBABILITY: dict[str, tuple[Any, float, Any, Any]] = {
    "BinaryCrossEntropy, yes": (S.BinaryCrossEntropy(), 1, mp.log, lambda p: 1 / p),
    "BinaryCrossEntropy, no": (
        S.BinaryCrossEntropy(),
        0,
        lambda p: mp.log1p(-p),
        lambda p: -1 / (1 - p),
    ),
    "CategoricalCrossEntropy": (
        S.CategoricalCrossEntropy(),
        1,
        mp.log,
        lambda p: 1 / p,
    ),
}


@pytest.mark.parametrize("name", PROBABILITY)
def test_probabilities(name: str) -> None:
    """Outside the floor exact, below it on the tangent."""
    loss, target, log, slope = PROBABILITY[name]
    floor = mp.mpf(float(np.float32(1e-12)))

    def value(p: Any) -> Any:
        size = 1 - p if target == 0 else p
        return -(log(p) if size >= floor else mp.log(floor) - 1 + size / floor)

    def gradient(p: Any) -> Any:
        size = 1 - p if target == 0 else p
        return (
            -slope(p) if size >= floor else (1 / floor if target == 0 else -1 / floor)
        )

    p = jnp.asarray(SHARES)[:, None]
    y = jnp.full_like(p, target)
    worst = []
    for function, formula in zip(batched(loss), (value, gradient), strict=True):
        worst.append(ulps(function(p, y), [formula(mp.mpf(float(x))) for x in SHARES]))
        at = int(worst[-1].argmax())
        print(f"{name}: {worst[-1][at]:.1f} ULP at {SHARES[at]}")
    for off, bound in zip(worst, USUAL, strict=True):
        assert off.max() <= bound, f"{off.max()} at {SHARES[off.argmax()]}"


def softmax(z: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """(log p, p, 1 - p), none by a difference that cancels."""
    powers = [mp.exp(x - max(z)) for x in z]
    total = mp.fsum(powers)
    p = [power / total for power in powers]
    rest = [mp.fsum(powers[:k] + powers[k + 1 :]) / total for k in range(len(z))]
    log_p = [
        mp.log1p(-rest[k]) if rest[k] < 0.5 else z[k] - max(z) - mp.log(total)
        for k in range(len(z))
    ]
    return log_p, p, rest


def cross_entropy(z: list[Any], label: int) -> tuple[Any, list[Any]]:
    log_p, p, rest = softmax(z)
    return -log_p[label], [-rest[k] if k == label else p[k] for k in range(len(z))]


def softmax_focal(z: list[Any], label: int) -> tuple[Any, list[Any]]:
    log_p, p, rest = softmax(z)
    ratio = p[label] * log_p[label] / rest[label] if rest[label] else -1
    m = rest[label] ** 2 * (2 * ratio - 1)
    gradient = [m * rest[k] if k == label else -m * p[k] for k in range(len(z))]
    return -(rest[label] ** 2) * log_p[label], gradient


SOFTMAX = {
    "SoftmaxCrossEntropy": (S.SoftmaxCrossEntropy(), cross_entropy),
    "SoftmaxFocal": (S.SoftmaxFocal(), softmax_focal),
}


def check_rows(name: str, rows: np.ndarray, per_logit: float) -> None:
    loss, formula = SOFTMAX[name]
    spread = np.minimum(np.ptp(rows, axis=1), 90)
    worst = np.zeros(2)
    for label in range(rows.shape[1]):
        labels = jnp.full(len(rows), label)
        value, gradient = (f(jnp.asarray(rows), labels) for f in batched(loss))
        exact = [formula([mp.mpf(float(x)) for x in z], label) for z in rows]
        off_v = ulps(value, [v for v, _ in exact])
        off_g = ulps(gradient, [g for _, gs in exact for g in gs])
        off_g = off_g.reshape(rows.shape).max(axis=1)
        for at, (off, bound) in enumerate(zip((off_v, off_g), USUAL, strict=True)):
            worst[at] = max(worst[at], off.max())
            over = off - bound - per_logit * spread
            row = int(over.argmax())
            assert over[row] <= 0, f"{off[row]} for {rows[row]}, label {label}"
    print(f"{name}: {worst[0]:.1f} and {worst[1]:.1f} ULP")


@pytest.mark.parametrize("name", SOFTMAX)
def test_one_logit_beside_zeros(name: str) -> None:
    """Here z - max(z) is exact, and so the usual bounds hold at any distance."""
    check_rows(name, np.stack([GRID, 0 * GRID], axis=1), per_logit=0)


@pytest.mark.parametrize("name", SOFTMAX)
def test_several_logits(name: str) -> None:
    rng = np.random.default_rng(0)
    rows = rng.choice(GRID[np.abs(GRID) <= 100], (60, 3))
    wide = rng.choice(GRID, (20, 3))
    check_rows(name, np.concatenate([rows, wide]), PER_LOGIT[name])
