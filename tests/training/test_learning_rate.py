"""The learning-rate finder."""

import jax
import numpy as np
import pytest

import fnn
from fnn.training.learning_rate import suggest, with_rate

O = fnn.optimizers  # noqa: E741


def test_the_suggestion_trains_and_the_state_stays() -> None:
    train, test = fnn.data.stratified_split(fnn.data.digits())
    loss = fnn.losses.SoftmaxCrossEntropy()
    recipe = fnn.Recipe(fnn.layers.mlp((64, 32, 10)), loss, O.Momentum())
    state = fnn.init(recipe, jax.random.key(0))
    before = jax.tree.map(np.array, state.params)
    found = fnn.find_learning_rate(recipe, state, train, steps=100)
    assert found.rates.shape == found.losses.shape == found.smoothed.shape == (100,)
    np.testing.assert_allclose(found.rates[[0, -1]], [1e-6, 10.0], rtol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, state.params, before)
    # The first loss is that of the untouched state on the first batch.
    first = next(fnn.data.batches(train, 32, state.key))
    _, info = fnn.train_step(recipe, state, first)
    np.testing.assert_allclose(found.losses[0], info.loss, rtol=1e-5)
    made = fnn.Recipe(recipe.model, loss, with_rate(recipe.optimizer, found.suggestion))
    state, _ = fnn.fit(made, state, train, epochs=5)
    told = fnn.evaluate(made, state, test, (fnn.metrics.accuracy,))
    assert float(told["accuracy"]) > 0.9


def test_a_tenth_of_the_rate_of_the_lowest_loss() -> None:
    rates = np.geomspace(1e-4, 1.0, 9)
    curve = np.array([2.0, 2.0, 1.9, 1.5, 0.8, 0.5, 0.6, 9.0, np.nan])
    assert suggest(rates, curve) == pytest.approx(rates[5] / 10)
    assert suggest(rates, np.full(9, np.nan)) == pytest.approx(rates[0] / 10)


def test_the_rate_is_found_inside_a_chain() -> None:
    chain = O.Chain(O.ClipByGlobalNorm(1.0), O.Adam(0.1))
    assert with_rate(chain, 0.5) == O.Chain(O.ClipByGlobalNorm(1.0), O.Adam(0.5))
    with pytest.raises(TypeError, match="must have a learning_rate"):
        with_rate(O.ClipByGlobalNorm(1.0), 0.5)


@pytest.mark.parametrize(
    ("lowest", "highest", "message"),
    [
        (1.0, 0.1, "lowest must be below 0.1, got 1."),
        (0.0, 0.1, "lowest must be above 0, got 0."),
        (0.1, np.inf, "highest must be above 0, got inf."),
        (0.1, np.nan, "highest must be above 0, got nan."),
    ],
)
def test_bad_bounds(lowest: float, highest: float, message: str) -> None:
    recipe = fnn.Recipe(fnn.layers.Dense(2, 1), fnn.losses.MeanSquaredError(), O.SGD())
    state = fnn.init(recipe, jax.random.key(0))
    data = (np.ones((4, 2), np.float32), np.ones((4, 1), np.float32))
    with pytest.raises(ValueError, match=message):
        fnn.find_learning_rate(recipe, state, data, lowest=lowest, highest=highest)
