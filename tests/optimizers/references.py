"""The rules of the optimizers in plain NumPy, written another way: as sums.

The formulas are those of errata G2 to G7. A rule takes one array, its gradients and
the learning rates of all updates, and gives the array after the last.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fnn import optimizers as O
from fnn.optimizers import Optimizer

STEPS = 20
Rule = Callable[..., np.ndarray]


def descend(p: np.ndarray, directions: Any, rates: Any, decay: float = 0.0) -> Any:
    for rate, direction in zip(rates, directions, strict=True):
        p = p - rate * (direction + decay * p)
    return p


def sums(values: np.ndarray, share: float) -> np.ndarray:
    """Of all values up to each, weighted with share^age."""
    ages = np.arange(len(values))[:, None] - np.arange(len(values))
    weights = np.where(ages >= 0, share ** np.maximum(ages, 0), 0.0)
    return np.tensordot(weights, values, 1)


def averages(values: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * sums(values, share)


def counted(values: np.ndarray) -> np.ndarray:
    """1, 2, ... with as many axes as the values."""
    return np.arange(1.0, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))


def momentum(p: Any, g: Any, rates: Any, momentum: float, nesterov: bool) -> Any:
    v = sums(g, momentum)
    return descend(p, g + momentum * v if nesterov else v, rates)


def velocity(p: Any, g: Any, rates: Any, momentum: float, nesterov: bool) -> Any:
    """The other form, of Keras and the notes: the rate goes into v."""
    v = np.zeros_like(p)
    for rate, slope in zip(rates, g, strict=True):
        v = momentum * v - rate * slope
        p = p + (momentum * v - rate * slope if nesterov else v)
    return p


def adam(
    p: Any, g: Any, rates: Any, b1: float, b2: float, epsilon: float, decay: float = 0
) -> Any:
    n = counted(g)
    m, v = averages(g, b1) / (1 - b1**n), averages(g**2, b2) / (1 - b2**n)
    return descend(p, m / (np.sqrt(v) + epsilon), rates, decay)


def amsgrad(
    p: Any, g: Any, rates: Any, b1: float, b2: float, epsilon: float, form: str
) -> Any:
    n = counted(g)
    m, v = averages(g, b1), averages(g**2, b2)
    if form == "corrected":
        m, v = m / (1 - b1**n), np.maximum.accumulate(v / (1 - b2**n))
    elif form == "raw":
        m, v = m / (1 - b1**n), np.maximum.accumulate(v) / (1 - b2**n)
    else:
        v = np.maximum.accumulate(v)
    return descend(p, m / (np.sqrt(v) + epsilon), rates)


def nadam(
    p: Any, g: Any, rates: Any, b1: float, b2: float, epsilon: float, psi: float | None
) -> Any:
    """A psi of None is the constant form."""
    n = counted(g)
    v = averages(g**2, b2) / (1 - b2**n)
    numbers = np.arange(1.0, len(g) + 2).reshape(-1, *n.shape[1:])
    share = 0 if psi is None else 0.96 ** (numbers * psi)
    mu = b1 * (1 - share / 2) * np.ones_like(numbers)
    product = np.cumprod(mu, 0)
    m = mu[1:] * averages(g, b1) / (1 - product[1:])
    m = m + (1 - mu[:-1]) * g / (1 - product[:-1])
    return descend(p, m / (np.sqrt(v) + epsilon), rates)


def size(square: np.ndarray, epsilon: float, inside: bool) -> np.ndarray:
    return np.sqrt(square + epsilon) if inside else np.sqrt(square) + epsilon


def adagrad(
    p: Any, g: Any, rates: Any, start: float, epsilon: float, inside: bool
) -> Any:
    return descend(p, g / size(start + np.cumsum(g**2, 0), epsilon, inside), rates)


def adadelta(p: Any, g: Any, rates: Any, share: float, epsilon: float) -> Any:
    v = averages(g**2, share)
    steps = np.zeros_like(g)
    for k in range(len(g)):
        u = averages(steps[:k] ** 2, share)[-1] if k else 0.0
        steps[k] = np.sqrt((u + epsilon) / (v[k] + epsilon)) * g[k]
    return descend(p, steps, rates)


def rmsprop(
    p: Any,
    g: Any,
    rates: Any,
    share: float,
    epsilon: float,
    momentum: float = 0.0,
    centered: bool = False,
    inside: bool = True,
    form: str = "velocity",
) -> Any:
    square = averages(g**2, share)
    if centered:
        square = square - averages(g, share) ** 2
    direction = g / size(square, epsilon, inside)
    if form == "trace":
        return descend(p, sums(direction, momentum), rates)
    steps = np.einsum("t,t...->t...", np.asarray(rates), direction)
    return p - sums(steps, momentum).sum(0)


def lion(p: Any, g: Any, rates: Any, b1: float, b2: float, decay: float) -> Any:
    before = np.concatenate([np.zeros_like(g[:1]), averages(g, b2)[:-1]])
    return descend(p, np.sign(b1 * before + (1 - b1) * g), rates, decay)


MOMENTS = {"b1": 0.8, "b2": 0.95, "epsilon": 1e-3}
Row = tuple[Callable[[Any], Optimizer], Rule, dict[str, Any]]
# An optimizer made with a learning rate, the rule that it must follow, its numbers.
RULES: dict[str, Row] = {
    "SGD": (O.SGD, descend, {}),
    "Momentum": (
        lambda rate: O.Momentum(rate, 0.8),
        momentum,
        {"momentum": 0.8, "nesterov": False},
    ),
    "Nesterov": (
        lambda rate: O.Momentum(rate, 0.8, nesterov=True),
        momentum,
        {"momentum": 0.8, "nesterov": True},
    ),
    "Adam": (lambda rate: O.Adam(rate, 0.8, 0.95, 1e-3), adam, MOMENTS),
    "AdamW": (
        lambda rate: O.AdamW(rate, 0.8, 0.95, 1e-3, 0.2),
        adam,
        {**MOMENTS, "decay": 0.2},
    ),
    **{
        f"AMSGrad, {form}": (
            lambda rate, form=form: O.AMSGrad(rate, 0.8, 0.95, 1e-3, form),
            amsgrad,
            {**MOMENTS, "form": form},
        )
        for form in ("corrected", "raw", "paper")
    },
    "NAdam, constant": (
        lambda rate: O.NAdam(rate, 0.8, 0.95, 1e-3),
        nadam,
        {**MOMENTS, "psi": None},
    ),
    "NAdam, schedule": (
        lambda rate: O.NAdam(rate, 0.8, 0.95, 1e-3, 0.3, "schedule"),
        nadam,
        {**MOMENTS, "psi": 0.3},
    ),
    "Adagrad": (
        lambda rate: O.Adagrad(rate, 0.2, 1e-3),
        adagrad,
        {"start": 0.2, "epsilon": 1e-3, "inside": True},
    ),
    "Adagrad, epsilon outside": (
        lambda rate: O.Adagrad(rate, 0.2, 1e-3, epsilon_inside=False),
        adagrad,
        {"start": 0.2, "epsilon": 1e-3, "inside": False},
    ),
    "Adadelta": (
        lambda rate: O.Adadelta(rate, 0.8, 1e-3),
        adadelta,
        {"share": 0.8, "epsilon": 1e-3},
    ),
    "RMSprop": (
        lambda rate: O.RMSprop(rate, 0.8, 1e-3, 0.6),
        rmsprop,
        {"share": 0.8, "epsilon": 1e-3, "momentum": 0.6},
    ),
    "RMSprop, torch": (
        lambda rate: O.RMSprop(
            rate, 0.8, 1e-3, 0.6, epsilon_inside=False, momentum_form="trace"
        ),
        rmsprop,
        {
            "share": 0.8,
            "epsilon": 1e-3,
            "momentum": 0.6,
            "inside": False,
            "form": "trace",
        },
    ),
    "RMSprop, centered": (
        lambda rate: O.RMSprop(rate, 0.8, 1e-3, 0.6, centered=True),
        rmsprop,
        {"share": 0.8, "epsilon": 1e-3, "momentum": 0.6, "centered": True},
    ),
    "Lion": (
        lambda rate: O.Lion(rate, 0.7, 0.9, 0.2),
        lion,
        {"b1": 0.7, "b2": 0.9, "decay": 0.2},
    ),
}


def expected(
    name: str, leaf: str, p: np.ndarray, gradients: np.ndarray, rates: Any
) -> np.ndarray:
    """One parameter after the rule of a row; only weights decay."""
    _, rule, numbers = RULES[name]
    kept = {k: v for k, v in numbers.items() if k != "decay" or leaf == "w"}
    if rule is lion:
        kept = {"decay": 0.0, **kept}
    return rule(p, gradients, rates, **kept)
