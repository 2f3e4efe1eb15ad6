"""Causes that lie in the layers of the model: each a function of a case, or None."""

import dataclasses
import math

import numpy as np

from fnn.health.case import Case, Cause, Change, of_recipe
from fnn.health.remedies import (
    ACTIVATIONS,
    add_residual,
    change,
    found,
    initializers_for,
    redraw_for_activation,
    remove_normalization,
    remove_output_activation,
    replace_activation,
)
from fnn.layers import (
    BatchNorm,
    Dropout,
    Identity,
    LeakyReLU,
    ReLU,
    Residual,
    ReZero,
    Sequential,
    Softmax,
)
from fnn.losses import (
    SigmoidCrossEntropy,
    SigmoidFocal,
    SoftmaxCrossEntropy,
    SoftmaxFocal,
)
from fnn.theory import normalized_gain, phase, weight_variance_of

_LOGITS = (SoftmaxCrossEntropy, SoftmaxFocal, SigmoidCrossEntropy, SigmoidFocal)
_WEAK_GAIN = 0.75
_MANY, _DRIFT = 50, 20.0
_DEAD = 0.8
_DROPPED = 0.7
_NORM_RISE = 30.0


def output_activation(case: Case) -> Cause | None:
    """A softmax or activation before a loss that takes logits."""
    model = case.recipe.model
    if not isinstance(case.recipe.loss, _LOGITS) or not isinstance(model, Sequential):
        return None
    last = model.layers[-1]
    if not isinstance(last, (*ACTIVATIONS, Softmax)) or isinstance(last, Identity):
        return None
    name = type(case.recipe.loss).__name__
    return Cause(
        "output_activation",
        f"the model ends with {type(last).__name__}, and {name} takes logits: it "
        "applies its own",
        "end with the Dense",
        of_recipe(model=remove_output_activation(model)),
    )


def batch_norm(case: Case) -> Cause | None:
    """Batch normalization in a deep chain without skips: deltas explode at first."""
    model = case.recipe.model
    count = sum(isinstance(place.layer, BatchNorm) for place in case.layers)
    activations = found(model, ACTIVATIONS)
    if not count or not activations or found(model, (Residual, ReZero)):
        return None
    theory = math.sqrt(normalized_gain(activations[0]))
    gain = case.report.gain
    if not (gain > 1 + (theory - 1) / 2 and gain**count > _NORM_RISE):
        return None
    return Cause(
        "batch_norm",
        f"{count} batch normalizations without a skip multiply delta by {gain:.3g} a "
        f"layer toward the input (theory {theory:.3g}), {gain**count:.3g} in all",
        "leave them out and draw the weights by the activation's own initializer",
        of_recipe(model=redraw_for_activation(remove_normalization(model))),
    )


def activation(case: Case) -> Cause | None:
    """A saturating activation whose deltas vanish whatever the weights are."""
    kinds = found(case.recipe.model, ACTIVATIONS)
    if case.report.verdict not in ("vanishing", "zero") or not kinds:
        return None
    weight, bias = initializers_for(kinds[0])
    at_best = phase(
        kinds[0], weight_variance_of(weight, 1), float(bias.variance((1, 1)))
    )
    gain = math.sqrt(at_best.chi_1)
    if gain > _WEAK_GAIN:
        return None
    model = replace_activation(case.recipe.model, ReLU())
    return Cause(
        "activation",
        f"{type(kinds[0]).__name__} multiplies delta by {gain:.3g} a layer at best, "
        f"through {len(case.rows) - 1} hidden layers",
        "take ReLU with He's weights",
        of_recipe(model=redraw_for_activation(model)),
    )


def dead_units(case: Case) -> Cause | None:
    """Rectifiers that are 0 on every example."""
    dead = np.asarray(case.report.statistics.dead, float)
    # Where the pass overflows, dead units are what overflow made of them.
    if case.report.verdict == "nonfinite" or not (dead > _DEAD).any():
        return None
    row = int(np.nanargmax(dead))

    def leaky(part: object) -> object:
        return LeakyReLU() if isinstance(part, ReLU) else part

    model = redraw_for_activation(change(case.recipe.model, leaky))
    return Cause(
        "dead_units",
        f"{dead[row]:.0%} of the units after {case.report.names[row]} are 0 on every "
        "example, and have no gradient",
        "take LeakyReLU and draw the weights again, biases at 0",
        of_recipe(model=model),
    )


def dropout(case: Case) -> Cause | None:
    """A dropout that drops most of the signal."""
    rates = [float(part.rate) for part in found(case.recipe.model, Dropout)]
    if not rates or max(rates) <= _DROPPED:
        return None

    def milder(part: object) -> object:
        too_much = isinstance(part, Dropout) and part.rate > _DROPPED
        return dataclasses.replace(part, rate=0.1) if too_much else part  # pyright: ignore

    return Cause(
        "dropout",
        f"dropout drops {max(rates):.0%} of the units",
        "drop 10 %",
        of_recipe(model=change(case.recipe.model, milder)),
    )


def depth(case: Case) -> Cause | None:
    """Deltas that vanish or explode though activation and weights are right."""
    verdict, gain = case.report.verdict, case.report.gain
    ratio, hidden = case.report.ratio, len(case.rows) - 1
    # Over many layers even a gain close to 1 leaves the first ones behind.
    drifts = hidden >= _MANY and not 1 / _DRIFT < ratio < _DRIFT
    off = verdict in ("vanishing", "exploding") or (verdict == "healthy" and drifts)
    if not off or found(case.recipe.model, (Residual, ReZero)):
        return None

    def treat(case: Case) -> Change:
        model = add_residual(case.recipe.model)
        return Change(dataclasses.replace(case.recipe, model=model))

    return Cause(
        "depth",
        f"delta goes x {gain:.3g} a layer, x {ratio:.3g} through {hidden} layers",
        "lead a skip around every block, scaled by 1 / sqrt(blocks)",
        treat,
    )
