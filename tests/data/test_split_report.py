"""Whether two parts of a data set are alike."""

import numpy as np
import pytest

import fnn
from fnn.data import split_report


def test_by_hand() -> None:
    train = fnn.Batch(np.array([[1.0, 7.0], [3.0, 7.0]]), np.array([5, 2]))
    test = fnn.Batch(np.array([[2.0, 7.0], [4.0, 9.0]] * 2), np.array([2, 2, 2, 9]))
    report = split_report(train, test)
    assert report.classes is not None
    assert report.classes.tolist() == [2, 5, 9]
    np.testing.assert_allclose(report.train_shares, [0.5, 0.5, 0.0])  # pyright: ignore
    np.testing.assert_allclose(report.test_shares, [0.75, 0.0, 0.25])  # pyright: ignore
    # Means 2 and 3, deviation 1; then 7 and 8, and no deviation at all.
    np.testing.assert_allclose(report.drift, [1.0, 1.0])
    assert report.noise == pytest.approx(np.sqrt(1 / 2 + 1 / 4))


def test_chance_drifts_by_its_noise(rng: np.random.Generator) -> None:
    """Many features, split at random: their drifts are normal with that deviation."""
    x = rng.normal(3, 2, (300, 2000)).astype(np.float32)
    report = split_report((x[:200], x[:200, :1]), (x[200:], x[200:, :1]))
    assert report.drift.std() == pytest.approx(report.noise, rel=0.1)
    assert report.classes is report.train_shares is report.test_shares is None


def test_a_part_that_was_selected_shows() -> None:
    data = fnn.data.digits()
    order = np.argsort(data.x.mean(axis=1))
    light, dark = (fnn.data.take(data, rows) for rows in (order[:900], order[900:]))
    selected = split_report(light, dark)
    fair = split_report(*fnn.data.stratified_split(data))
    assert np.abs(selected.drift).max() > 10 * selected.noise
    assert np.abs(fair.drift).max() < 4.5 * fair.noise


def test_mistakes() -> None:
    x, y = np.ones((4, 3)), np.zeros(4, int)
    with pytest.raises(ValueError, match=r"test.x must have the 3 features of train.x"):
        split_report((x, y), (x[:, :2], y))
    with pytest.raises(TypeError, match=r"data must be an fnn.Batch or a tuple"):
        split_report(x, (x, y))
