"""The closed loop on injected faults: named, remedied, confirmed, and no alarms.

What is measured here stands in docs/health.md.
"""

import dataclasses
import math
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

import fnn
from fnn.health.remedies import found
from fnn.optimizers import ArrayOptimizer
from fnn.training.learning_rate import with_rate
from tests.health.faults import BATCH_SIZE, EPOCHS, FAULTS, Run, twins

TWINS = twins()
HEALTHY_SEEDS = 6


class Outcome(NamedTuple):
    cure: fnn.health.Cure
    twin: float

    @property
    def unit(self) -> float:
        """What a squared error is measured in: the targets' own units."""
        scale = self.cure.targets
        return 1.0 if scale is None else float(scale.deviation[0]) ** 2

    def reaches(self, loss: float) -> bool:
        """Whether a loss is that of the healthy twin, to 10 %."""
        return loss / self.unit <= 1.1 * self.twin


def cured(run: Run) -> fnn.health.Cure:
    return fnn.cure(*run, epochs=EPOCHS, batch_size=BATCH_SIZE)


@pytest.fixture(scope="module")
def outcomes(quickly_compiled: None) -> dict[str, Outcome]:
    del quickly_compiled
    losses = {name: cured(twin.run()).loss_before for name, twin in TWINS.items()}
    return {
        name: Outcome(cured(fault.inject(TWINS[fault.twin].run())), losses[fault.twin])
        for name, fault in FAULTS.items()
    }


def test_there_are_many_faults_and_every_one_is_real(
    outcomes: dict[str, Outcome],
) -> None:
    assert len(outcomes) >= 40
    harmless = [
        name
        for name, outcome in outcomes.items()
        if outcome.reaches(outcome.cure.loss_before)
    ]
    assert harmless == []


def test_the_first_cause_is_the_right_one(outcomes: dict[str, Outcome]) -> None:
    wrong = {
        name: [cause.name for cause in outcome.cure.causes]
        for name, outcome in outcomes.items()
        if [cause.name for cause in outcome.cure.causes][:1] != [FAULTS[name].cause]
    }
    assert len(wrong) <= 0.1 * len(outcomes), wrong


def test_remedies_reach_the_healthy_twin(outcomes: dict[str, Outcome]) -> None:
    short = {
        name: (outcome.cure.loss_after / outcome.unit, outcome.twin)
        for name, outcome in outcomes.items()
        if not outcome.reaches(outcome.cure.loss_after)
    }
    assert len(short) <= 0.05 * len(outcomes), short


def test_what_is_confirmed_is_so(outcomes: dict[str, Outcome]) -> None:
    for name, (cure, _) in outcomes.items():
        assert cure.confirmed == bool(cure), name
        if cure.confirmed:
            assert cure.after.verdict == "healthy", name
            assert any(trial.kept for trial in cure.trials), name
            assert not cure.loss_after > cure.loss_before, name


def test_healthy_networks_raise_no_alarm() -> None:
    """Other weights and learning rates of every twin: at least 40 that train."""
    alarms, runs = {}, 0
    for name, twin in TWINS.items():
        for seed in range(1, HEALTHY_SEEDS + 1):
            state, data = twin.run(seed)[1:]
            optimizer = _slower(twin.recipe.optimizer, 2.0 ** (seed % 3 - 1))
            recipe = dataclasses.replace(twin.recipe, optimizer=optimizer)
            cure = cured(Run(recipe, state, data))
            runs += 1
            first = cure.before.losses[0]
            assert cure.loss_before < 0.75 * first, (name, seed, cure.loss_before)
            if cure.causes or not cure.confirmed or cure.recipe != recipe:
                alarms[name, seed] = str(cure)
    assert runs >= 40
    assert alarms == {}


def _slower(optimizer: Any, factor: float) -> Any:
    """The same optimizer with its learning rate divided."""
    (part,) = found(optimizer, ArrayOptimizer)
    return with_rate(optimizer, part.learning_rate / factor)


def test_two_faults_are_cured_one_after_the_other() -> None:
    recipe, _, data = TWINS["digits"].run()
    recipe = dataclasses.replace(recipe, optimizer=fnn.optimizers.Adam(1e-7))
    data = data._replace(x=1000 * data.x)
    state = fnn.init(recipe, jax.random.key(0))
    cure = cured(Run(recipe, state, data))
    # Unscaled inputs hide the rate, so their remedy alone may or may not help.
    assert [trial.cause.name for trial in cure.trials] == [
        "unscaled_inputs",
        "learning_rate_low",
    ]
    assert cure.confirmed
    # Applied to new inputs, and the recipe as it is: the same network.
    assert cure.inputs is not None
    np.testing.assert_array_equal(cure.inputs(data.x), cure.data.x)
    np.testing.assert_allclose(
        fnn.evaluate(cure.recipe, cure.state, cure.data)["loss"], cure.loss_after, 1e-5
    )


def test_targets_can_be_taken_back(outcomes: dict[str, Outcome]) -> None:
    cure = outcomes["targets x 1000"].cure
    scale = cure.targets
    assert scale is not None
    given = FAULTS["targets x 1000"].inject(TWINS["sine"].run()).data.y
    prediction = np.asarray(fnn.predict(cure.recipe, cure.state, cure.data.x))
    back = prediction * scale.deviation + scale.mean
    loss = float(np.mean(np.square(back - given)))
    assert math.isclose(loss, cure.loss_after, rel_tol=1e-3)


def test_the_text_tells_the_loop(outcomes: dict[str, Outcome]) -> None:
    text = str(outcomes["deep sigmoid"].cure)
    assert "Sigmoid multiplies delta by 0.2" in text
    assert "take ReLU with He's weights" in text
    assert "confirmed: healthy" in text
    healthy = str(cured(TWINS["digits"].run()))
    assert "nothing to cure" in healthy
