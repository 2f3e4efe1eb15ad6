"""Correlations under rectifiers, and the slope that keeps inputs apart."""

import pytest

from fnn import theory as T


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(1, 0.31830989), (10, 0.87153552), (50, 0.98786194), (150, 0.99830771)],
)
def test_relu_makes_inputs_alike(depth: int, expected: float) -> None:
    """C9."""
    result = T.leaky_relu_correlation(0.0, depth=depth)
    assert result == pytest.approx(expected, abs=6e-9)


@pytest.mark.parametrize(
    ("depth", "slope"),
    [
        (20, 0.18138028),
        (50, 0.43052295),
        (100, 0.57043953),
        (150, 0.63762721),
        (1000, 0.84435011),
        (10_000, 0.94813434),
    ],
)
def test_slopes_of_plain_networks(depth: int, slope: float) -> None:
    """C10: eta = 0.9."""
    result = T.leaky_relu_slope(depth)
    assert result == pytest.approx(slope, abs=6e-9)
    reached = T.leaky_relu_correlation(0.0, result, depth)
    assert reached == pytest.approx(0.9, abs=1e-9)


def test_ends() -> None:
    # 1 / pi after one layer of ReLU is little enough.
    assert T.leaky_relu_slope(1) == 0
    assert T.leaky_relu_slope(1, eta=0.31) > 0
    assert T.leaky_relu_correlation(1.0, 0.3, 100) == 1
    assert T.leaky_relu_correlation(-0.4, 1.0, 100) == -0.4
    # Slope a and 1 / a are mirror images.
    left, right = (T.leaky_relu_correlation(0.2, a) for a in (0.25, 4.0))
    assert left == pytest.approx(right, rel=1e-14)


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="c must be at least -1"):
        T.leaky_relu_correlation(-2.0)
    with pytest.raises(ValueError, match="slope must be at least 0"):
        T.leaky_relu_correlation(0.0, -1.0)
    with pytest.raises(ValueError, match="depth must be at least 1"):
        T.leaky_relu_slope(0)
    with pytest.raises(ValueError, match="eta must be above 0 and below 1"):
        T.leaky_relu_slope(10, eta=1.0)
