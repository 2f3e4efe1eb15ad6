"""The temperature against a fine grid, and where it is known."""

from typing import Any

import jax
import numpy as np
import pytest

from fnn.metrics import expected_calibration_error, temperature

ROWS = 400
FIT = jax.jit(temperature)


def loss(z: np.ndarray, y: np.ndarray, t: float) -> float:
    """The mean cross-entropy in NumPy: softmax for rows, sigmoid for one output."""
    if z.shape[1] == 1:
        z, y = np.concatenate([0 * z, z], axis=1), np.concatenate([1 - y, y], axis=1)
    u = z / t
    u = u - u.max(axis=1, keepdims=True)
    log_p = u - np.log(np.exp(u).sum(axis=1, keepdims=True))
    return float(-(y * log_p).sum(axis=1).mean())


def drawn(rng: np.random.Generator, outputs: int, t: float) -> tuple[Any, Any]:
    """Logits that are too large by the factor t: labels drawn at that temperature."""
    z = 3 * rng.normal(size=(ROWS, outputs))
    two = np.concatenate([0 * z, z], axis=1) if outputs == 1 else z
    p = np.exp(two / t)
    p /= p.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < rng.uniform(size=(ROWS, 1))).sum(axis=1)
    return z, labels[:, None] if outputs == 1 else labels


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_against_a_grid(outputs: int, rng: np.random.Generator) -> None:
    for t in (0.4, 1.0, 3.0):
        z, labels = drawn(rng, outputs, t)
        y = labels if outputs == 1 else np.eye(outputs)[labels]
        found = float(FIT(z, labels))
        grid = found * np.geomspace(1 / 1.1, 1.1, 401)
        losses = [loss(z, y, point) for point in grid]
        assert abs(int(np.argmin(losses)) - 200) <= 1
        # Nothing far away is better either.
        wide = min(loss(z, y, point) for point in np.geomspace(1e-2, 1e2, 400))
        assert loss(z, y, found) <= wide + 1e-12
        assert found == pytest.approx(t, rel=0.5)


@pytest.mark.usefixtures("x64")
def test_where_it_is_known(rng: np.random.Generator) -> None:
    """Three of four right at a margin of m: the logit of 3/4 is log 3."""
    z = np.tile([[4.0, 0.0]], (8, 1))
    labels = np.array([0, 0, 0, 1] * 2)
    known = 4 / np.log(3)
    np.testing.assert_allclose(FIT(z, labels), known, rtol=1e-12)
    # Rows for labels, one output for two, a shift, a scale.
    np.testing.assert_allclose(FIT(z, np.eye(2)[labels]), known, rtol=1e-12)
    one = FIT(z[:, :1], 1 - labels[:, None])
    np.testing.assert_allclose(one, known, rtol=1e-12)
    np.testing.assert_allclose(FIT(z + 1e3, labels), known, rtol=1e-9)
    np.testing.assert_allclose(FIT(10 * z, labels), 10 * known, rtol=1e-12)


def test_float32_agrees_with_float64(rng: np.random.Generator) -> None:
    z, labels = drawn(rng, 5, 2.0)
    narrow = float(FIT(z.astype(np.float32), labels))
    with jax.enable_x64(True):
        assert narrow == pytest.approx(float(FIT(z, labels)), rel=1e-4)


@pytest.mark.parametrize(("sign", "end"), [(1, 1e-3), (-1, 1e3)])
def test_no_minimum_inside(sign: int, end: float) -> None:
    """All right: the surer the better. All wrong: the less sure."""
    z = sign * 3 * np.eye(4, dtype=np.float32)
    np.testing.assert_allclose(FIT(z, np.arange(4)), end, rtol=1e-5)


def test_it_calibrates(rng: np.random.Generator) -> None:
    z, labels = drawn(rng, 5, 4.0)
    z = z.astype(np.float32)
    before = float(expected_calibration_error(z, labels))  # pyright: ignore
    after = float(expected_calibration_error(z / FIT(z, labels), labels))
    assert after < before / 2


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="prediction must be"):
        temperature(np.ones(4), np.ones(4))  # pyright: ignore[reportArgumentType]
