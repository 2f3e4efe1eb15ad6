"""Causes that lie in the optimizer and its numbers: functions of a case, or None."""

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from fnn.health.case import Case, Cause, Change, of_recipe
from fnn.health.remedies import change, found
from fnn.health.trial import short_run
from fnn.optimizers import ClipByGlobalNorm, ClipByValue
from fnn.training.base import init
from fnn.training.learning_rate import with_rate

_WILD, _TIMID = 0.3, 1e-4
_HELD_BACK = 1e3
_LONG_MEMORY = 0.99
_FAST_DECAY = 0.01
RATES = tuple(10.0 ** (step / 2) for step in range(-10, 2))


def penalty(case: Case) -> Cause | None:
    """A penalty that outweighs the loss."""
    part = case.recipe.penalty
    if part is None:
        return None
    total = float(case.report.losses[0])
    share = float(part.value(case.state.params))
    if not share > total - share:
        return None
    factor = 0.01 * max(total - share, 1e-30) / share
    return Cause(
        "penalty",
        f"the penalty is {share:.3g}, the loss {total - share:.3g}",
        "let the penalty be 1 % of the loss at first",
        of_recipe(penalty=jax.tree.map(lambda strength: strength * factor, part)),
    )


def weight_decay(case: Case) -> Cause | None:
    """Weights that shrink by percents in every step."""
    for part in found(case.recipe.optimizer, object):
        decay = getattr(part, "weight_decay", None)
        rate = getattr(part, "learning_rate", None)
        if not (_is_number(decay) and _is_number(rate)):
            continue
        if float(decay) * float(rate) <= _FAST_DECAY:  # pyright: ignore
            continue
        return Cause(
            "weight_decay",
            f"weights shrink by {float(decay) * float(rate):.2g} in each step",  # pyright: ignore
            "take a weight decay of 0.01",
            of_recipe(optimizer=_with(case.recipe.optimizer, "weight_decay", 0.01)),
        )
    return None


def clipping(case: Case) -> Cause | None:
    """A clip so far below the gradients that it holds training back."""
    clips = found(case.recipe.optimizer, (ClipByGlobalNorm, ClipByValue))
    gradient = np.asarray(case.report.statistics.gradient, float)
    for clip in clips:
        limit = float(getattr(clip, "max_norm", getattr(clip, "limit", math.nan)))
        if not gradient.max() > _HELD_BACK * limit:
            continue
        return Cause(
            "clipping",
            f"{type(clip).__name__} holds gradients to {limit:.3g}; those of one layer "
            f"have the root mean square {gradient.max():.3g}",
            "clip at 1",
            of_recipe(optimizer=change(case.recipe.optimizer, _clip_at_one)),
        )
    return None


def _clip_at_one(part: Any) -> Any:
    if isinstance(part, ClipByGlobalNorm):
        return ClipByGlobalNorm(1.0)
    return ClipByValue(1.0) if isinstance(part, ClipByValue) else part


def epsilon(case: Case) -> Cause | None:
    """An adaptive optimizer whose epsilon outweighs the gradients' size."""
    gradient = np.asarray(case.report.statistics.gradient, float)
    for part in found(case.recipe.optimizer, object):
        value = getattr(part, "epsilon", None)
        # Adadelta's epsilon is what its steps start from.
        adaptive = hasattr(part, "beta2") or hasattr(part, "centered")
        if not (adaptive and _is_number(value)):
            continue
        if not float(value) > 10 * gradient.max() > 0:  # pyright: ignore
            continue
        return Cause(
            "epsilon",
            f"{type(part).__name__}.epsilon is {float(value):.3g}, and no layer's "  # pyright: ignore
            f"gradient is larger than {gradient.max():.3g} (root mean square): steps "
            "are smaller by as much",
            "take epsilon 1e-8",
            of_recipe(optimizer=_with(case.recipe.optimizer, "epsilon", 1e-8)),
        )
    return None


def momentum(case: Case) -> Cause | None:
    """A momentum that remembers longer than training lasts."""
    for part in found(case.recipe.optimizer, object):
        for name in ("momentum", "beta1"):
            value = getattr(part, name, None)
            if not _is_number(value) or float(value) <= _LONG_MEMORY:  # pyright: ignore
                continue
            return Cause(
                "momentum",
                f"{type(part).__name__}.{name} is {float(value):.4g}: a gradient "  # pyright: ignore
                f"counts for {1 / (1 - float(value)):.3g} steps",  # pyright: ignore
                f"take {name} 0.9",
                of_recipe(optimizer=_with(case.recipe.optimizer, name, 0.9)),
            )
    return None


def learning_rate_high(case: Case) -> Cause | None:
    """Steps so large that the loss does not fall, though the first pass is sound."""
    losses, ratio = np.asarray(case.report.losses, float), case.update_ratio
    largest = float(np.nanmax(ratio)) if np.isfinite(ratio).any() else math.inf
    lost = not np.isfinite(losses).all() or case.report.verdict == "diverging"
    rises = bool(losses[-1] > losses[0]) and largest > _WILD / 10
    if not (lost or rises or largest > _WILD):
        return None
    return _learning_rate(
        "learning_rate_high",
        f"steps are {largest:.2g} of the weights and the loss goes from "
        f"{losses[0]:.3g} to {losses[-1]:.3g} in {len(losses)} steps",
        case,
    )


def learning_rate_low(case: Case) -> Cause | None:
    """Steps so small that the loss stays, though deltas are sound."""
    losses, ratio = np.asarray(case.report.losses, float), case.update_ratio
    still = losses[-1] > 0.98 * losses[0] and np.nanmax(ratio) < _TIMID
    if case.report.verdict != "healthy" or not still:
        return None
    return _learning_rate(
        "learning_rate_low",
        f"steps are {float(np.nanmax(ratio)):.2g} of the weights and the loss goes "
        f"from {losses[0]:.4g} to {losses[-1]:.4g} in {len(losses)} steps",
        case,
    )


def _learning_rate(name: str, evidence: str, case: Case) -> Cause | None:
    try:
        with_rate(case.recipe.optimizer, 0.0)
    except TypeError:
        return None
    words = f"train with {len(RATES)} learning rates and take the best"
    return Cause(name, evidence, words, best_learning_rate)


def best_learning_rate(case: Case) -> Change:
    """The remedy: of half decades from 1e-5 to 3, the rate with the lowest loss."""
    recipes = [
        dataclasses.replace(  # pyright: ignore
            case.recipe, optimizer=with_rate(case.recipe.optimizer, rate)
        )
        for rate in RATES
    ]
    state = init(case.recipe, case.state.key)
    losses = [
        short_run(recipe, state, case.data, case.epochs, case.batch_size).loss
        for recipe in recipes
    ]
    best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    return Change(recipes[best], words=f"learning rate {RATES[best]:.3g}")


def _with(optimizer: Any, name: str, value: float) -> Any:
    """The same optimizer with a number of that name changed wherever there is one."""

    def one(part: Any) -> Any:
        if not _is_number(getattr(part, name, None)):
            return part
        return dataclasses.replace(part, **{name: value})

    return change(optimizer, one)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | np.ndarray | jax.Array) and np.ndim(value) == 0
    )
