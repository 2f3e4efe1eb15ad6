"""Each of the notes' ten signs, in a run that shows it and in runs that do not."""

from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn.health import Criteria, criteria

L = fnn.layers
STEPS, LAYERS = 8, 3


def measured(**changes: Any) -> tuple[np.ndarray, fnn.Statistics]:
    """Losses and statistics of a sound run, with some columns changed."""
    ones = np.ones((STEPS, LAYERS))
    columns = dict.fromkeys(fnn.Statistics._fields, ones)
    columns |= {"update": 1e-3 * ones} | changes
    losses = columns.pop("losses", np.linspace(2, 1, STEPS))
    return np.asarray(losses), fnn.Statistics(**columns)


def column(layer: int, values: Any, others: float = 1.0) -> np.ndarray:
    """(STEPS, LAYERS) with these values over the steps in one layer."""
    told = np.full((STEPS, LAYERS), others)
    told[:, layer] = values
    return told


def losses(**changes: float) -> np.ndarray:
    told = np.linspace(2, 1, STEPS)
    for step, value in changes.items():
        told[int(step.removeprefix("at_"))] = value
    return told


# What is just enough for a sign, and what is just not.
SHOWN: dict[str, Any] = {
    "early_layers_still": {"update": column(0, 0.9e-6, 1e-3)},
    "weights_shrink": {"weight": column(1, np.linspace(1, 0.49, STEPS))},
    "learns_slowly": {"losses": np.linspace(2, 1.99, STEPS)},
    "weights_zero": {"weight": column(2, [1, 1, 1, 0, 1, 1, 1, 1])},
    "poor_loss": {"losses": losses(at_7=2.01)},
    "loss_jumps": {"losses": losses(at_3=21.0)},
    "loss_not_finite": {"losses": losses(at_4=np.nan)},
    "weights_grow": {"weight": column(1, np.geomspace(1, 8.1, STEPS))},
    "weights_not_finite": {"weight": column(1, [1, 1, 1, np.inf, 1, 1, 1, 1])},
    "derivatives_rise": {"delta": column(0, np.geomspace(1, 10.1, STEPS), 0.1)},
}
NOT_SHOWN: dict[str, Any] = {
    "early_layers_still": {"update": column(0, 1.1e-6, 1e-3)},
    "weights_shrink": {"weight": column(1, np.linspace(1, 0.51, STEPS))},
    "learns_slowly": {"losses": np.linspace(2, 1.97, STEPS)},
    "weights_zero": {"weight": column(2, [1, 1, 1, 1e-30, 1, 1, 1, 1])},
    "poor_loss": {"losses": losses(at_7=1.99)},
    "loss_jumps": {"losses": losses(at_3=17.0)},
    "loss_not_finite": {"losses": losses(at_4=1e300)},
    "weights_grow": {"weight": column(1, np.geomspace(1, 7.9, STEPS))},
    "weights_not_finite": {"weight": column(1, [1, 1, 1, 7, 1, 1, 1, 1])},
    # A run in which delta grows ten times over, but not at every step.
    "derivatives_rise": {"delta": column(0, [1, 3, 2, 4, 6, 8, 11, 12], 0.1)},
}


def seen(signs: Criteria) -> set[str]:
    return set(signs.vanishing + signs.exploding)


def test_a_sound_run_shows_none() -> None:
    assert seen(criteria(*measured())) == set()


@pytest.mark.parametrize("sign", Criteria._fields)
def test_a_sign_is_seen_where_it_is_and_only_there(sign: str) -> None:
    told = criteria(*measured(**SHOWN[sign]))
    # A loss that rises does not fall by 1 % either.
    implied = {"learns_slowly"} if sign == "poor_loss" else set()
    assert seen(told) == {sign} | implied
    assert all(isinstance(value, bool) for value in told)
    assert sign not in seen(criteria(*measured(**NOT_SHOWN[sign])))


def test_signs_have_their_sides() -> None:
    signs = Criteria(*[True] * 10)
    assert len(signs.vanishing) == 4
    assert len(signs.exploding) == 6


def test_weights_drawn_as_zeros_are_compared_with_nothing() -> None:
    """A last layer of zeros is common; it moves by any factor in its first step."""
    weight = column(2, [0, *[1e-3] * (STEPS - 1)])
    assert seen(criteria(*measured(weight=weight))) == {"weights_zero"}


def test_one_step_and_one_layer_are_enough() -> None:
    ones = np.ones((1, 1))
    told = fnn.Statistics(*[ones] * 8)
    assert seen(criteria(np.ones(1), told)) == {"learns_slowly"}


# Planted in real training. The rest of each run is as it comes.
def recipe(model: L.Layer, optimizer: Any) -> fnn.Recipe:
    loss = fnn.losses.SoftmaxCrossEntropy()
    return fnn.Recipe(model, loss, optimizer, gradient=fnn.backprop)


DEEP = (64, *[32] * 12, 10)
RUNS: dict[str, tuple[fnn.Recipe, set[str]]] = {
    "sound": (recipe(L.mlp((64, 32, 10)), fnn.optimizers.Adam(3e-3)), set()),
    "deep sigmoid": (
        recipe(L.mlp(DEEP, L.Sigmoid()), fnn.optimizers.SGD(0.1)),
        {"early_layers_still"},
    ),
    "small steps": (
        recipe(L.mlp((64, 32, 10)), fnn.optimizers.SGD(1e-6)),
        {"learns_slowly"},
    ),
    "decay": (
        recipe(
            L.mlp((64, 32, 10)),
            fnn.optimizers.Chain(
                fnn.optimizers.SGD(0.1), fnn.optimizers.DecoupledWeightDecay(0.1)
            ),
        ),
        {"weights_shrink"},
    ),
    "large steps": (
        recipe(L.mlp((64, 32, 10)), fnn.optimizers.SGD(1e4)),
        {"learns_slowly", "poor_loss", "loss_jumps", "weights_grow"},
    ),
    "overflow": (
        recipe(L.mlp((64, 32, 10)), fnn.optimizers.SGD(1e30)),
        {"loss_not_finite", "weights_not_finite"},
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_training_shows_them(name: str) -> None:
    made, expected = RUNS[name]
    data = fnn.data.digits()
    batch = (data.x[:64] / 16, data.y[:64])
    report = fnn.diagnose(made, fnn.init(made, jax.random.key(0)), batch)
    assert expected <= seen(report.criteria)
    if name == "sound":
        assert seen(report.criteria) == set()
