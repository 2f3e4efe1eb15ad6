"""Nodes and weights for Gaussian expectations of functions with a kink at 0.

A uniform grid errs by 2e-5 for ReLU. Here every interval ends at the kink, and panels
of Gauss-Legendre nodes halve toward it, so a function may turn on any scale near 0:
tanh(sqrt(q) z) does so at z of about 1 / sqrt(q), for whatever q.
"""

import functools

import numpy as np

# Beyond this many deviations lies less than 1e-32 of a normal distribution.
_REACH = 12.0
_LEGENDRE = np.polynomial.legendre.leggauss(12)
_HALVINGS = 50
# On a plane there are as many nodes squared: fewer have to do.
_PLANE_REACH = 9
_PLANE_HALVINGS = 12


def line(center: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes z and weights with sum w f(z) = E f(z), z standard normal, kink at center.

    There are always equally many, so that what is compiled for them is used again.
    """
    steps = _REACH * 2.0 ** -np.arange(_HALVINGS)
    whole = np.arange(-_REACH, _REACH + 1)
    breaks = np.concatenate([whole, center - steps, [center], center + steps])
    z, w = _panels(np.sort(np.clip(breaks, -_REACH, _REACH)))
    return z, w * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def plane(correlation: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(z1, z2, w) with sum w f(z1, z2) = E f for symmetric f, kinks at z1 = 0, z2 = 0.

    z1 = r cos(t) and z2 = r cos(t - alpha), with cos(alpha) the correlation: in polar
    coordinates both kinks are at fixed angles, whatever r, even where the two
    variables all but coincide. Exchanging them reflects the plane at t = alpha / 2, so
    half of it is enough: f must be symmetric.
    """
    alpha = np.arccos(correlation)
    first, second = np.pi / 2, np.pi / 2 + alpha
    t, t_weight = _panels(
        np.concatenate(
            [
                _toward(alpha / 2, first),
                _toward((first + second) / 2, first)[::-1],
                _toward((first + second) / 2, second),
                _toward(alpha / 2 + np.pi, second)[::-1],
            ]
        )
    )
    r, r_weight = _radii()
    weight = (r_weight * r * np.exp(-r * r / 2))[:, None] * t_weight / np.pi
    z1, z2 = r[:, None] * np.cos(t), r[:, None] * np.cos(t - alpha)
    return z1.ravel(), z2.ravel(), weight.ravel()


@functools.cache
def _radii() -> tuple[np.ndarray, np.ndarray]:
    steps = 2.0 ** -np.arange(1, _PLANE_HALVINGS)
    return _panels(np.concatenate([[0.0], steps[::-1], np.arange(1, _PLANE_REACH + 1)]))


def _toward(start: float, kink: float) -> np.ndarray:
    """Breaks from start to the kink, each panel half as long as the one before."""
    shares = np.append(2.0 ** -np.arange(_PLANE_HALVINGS), 0.0)
    return kink + (start - kink) * shares


def _panels(breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on each interval between sorted breaks."""
    nodes, weights = _LEGENDRE
    half = np.diff(breaks)[:, None] / 2
    middle = (breaks[1:] + breaks[:-1])[:, None] / 2
    return (middle + half * nodes).ravel(), (half * weights).ravel()
