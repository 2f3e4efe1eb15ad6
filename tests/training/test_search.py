"""Searches: which points, which scores, who goes on, and what the winner is."""

from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn._core import keys
from fnn.training.points import random_points

TRAIN, TEST = fnn.data.stratified_split(fnn.data.digits())
KEY = jax.random.key(0)
RATES = fnn.LogUniform(1e-6, 1.0)


def build(rate: float, width: int = 8) -> fnn.Recipe:
    model = fnn.layers.mlp((64, width, 10))
    return fnn.Recipe(model, fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD(rate))


def alone(point: dict[str, Any], epochs: int) -> float:
    """The validation loss of one point by `fnn.fit`."""
    recipe = build(**point)
    state = fnn.init(recipe, KEY)
    _, history = fnn.fit(recipe, state, TRAIN, epochs=epochs, validation=TEST)
    return history.validation["loss"][-1]


def test_a_grid_is_every_combination_and_its_scores_are_those_of_fit() -> None:
    values = {"rate": (1e-3, 1e-1), "width": (4, 8)}
    found = fnn.grid(build, values, KEY, TRAIN, TEST, epochs=2)
    assert found.points == [
        {"rate": rate, "width": width} for rate in (1e-3, 1e-1) for width in (4, 8)
    ]
    expected = [alone(point, 2) for point in found.points]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-5)
    assert found.best == np.argmin(expected)
    assert found.epochs.tolist() == [2] * 4
    loss = fnn.evaluate(found.recipes[found.best], found.state, TEST)["loss"]
    np.testing.assert_allclose(loss, found.scores[found.best], rtol=1e-5)


def test_a_metric_can_be_maximized() -> None:
    found = fnn.grid(
        build,
        {"rate": (1e-5, 1e-1)},
        KEY,
        TRAIN,
        TEST,
        epochs=1,
        metrics=(fnn.metrics.accuracy,),
        monitor="accuracy",
        maximize=True,
    )
    assert found.best == 1
    assert found.scores[1] > found.scores[0]


def test_random_points_are_spread_as_asked() -> None:
    values = {"rate": RATES, "width": (4, 8), "share": fnn.Uniform(2.0, 3.0)}
    points = random_points(values, KEY, 400)
    logs = np.log10([point["rate"] for point in points])
    assert -6 <= logs.min() < -5.9 < -0.1 < logs.max() <= 0
    # Means of 400 uniform draws, within four standard errors.
    assert abs(logs.mean() + 3) < 4 * 6 / np.sqrt(12 * 400)
    assert abs(np.mean([p["share"] for p in points]) - 2.5) < 4 / np.sqrt(12 * 400)
    assert abs(np.mean([p["width"] == 4 for p in points]) - 0.5) < 4 * 0.5 / 20
    assert random_points(values, KEY, 3) == points[:3]


def test_points_share_no_random_numbers_with_the_runs() -> None:
    used = [keys.for_init(KEY)]
    for number in range(4):
        used.append(keys.for_step(KEY, jax.numpy.asarray(number)))
        used += [keys.for_shuffle(KEY, number), keys.for_point(KEY, number)]
    assert len({jax.random.key_data(key).tobytes() for key in used}) == 13


def test_random_search_finds_what_a_fit_confirms() -> None:
    found = fnn.random_search(
        build, {"rate": RATES}, KEY, TRAIN, TEST, runs=6, epochs=1
    )
    expected = [alone(point, 1) for point in found.points]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-4)
    assert found.best == np.nanargmin(expected)


def test_halving_gives_the_best_runs_more_epochs() -> None:
    found = fnn.successive_halving(
        build, {"rate": RATES}, KEY, TRAIN, TEST, runs=9, epochs=9
    )
    assert sorted(found.epochs.tolist()) == [1] * 6 + [3, 3, 9]
    # Who goes on is decided after one epoch, who wins after three.
    after_one = np.array([alone(point, 1) for point in found.points])
    rank = np.argsort(after_one)
    assert set(np.flatnonzero(found.epochs > 1)) == set(rank[:3])
    assert found.best == np.argmax(found.epochs)
    # Going on from where a run stood is one long run.
    np.testing.assert_allclose(
        found.scores[found.best], alone(found.points[found.best], 9), rtol=1e-4
    )
    assert int(found.state.step) == 9 * (len(TRAIN.x) // 32)


def test_optuna_proposes_and_fnn_answers() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=0)
    )
    values = {"rate": RATES, "width": [4, 8]}
    found = fnn.optuna_search(
        study,
        build,
        values,
        KEY,
        TRAIN,
        TEST,
        runs=6,
        together=4,
        epochs=1,
        metrics=(fnn.metrics.accuracy,),
        monitor="accuracy",
    )
    assert [trial.params for trial in study.trials] == found.points
    assert study.best_trial.number == found.best
    np.testing.assert_allclose(study.best_value, found.scores[found.best])
