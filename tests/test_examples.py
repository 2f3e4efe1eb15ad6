"""The examples do what they say, small and short."""

import re
from typing import Any

import jax
import numpy as np
import pytest

import fnn
from examples import deep

DEPTH, STEPS = 50, 20


@pytest.fixture(scope="module")
def images() -> fnn.Batch:
    train, _ = deep.digits()
    return fnn.data.take(train, slice(deep.BATCH_SIZE))


@pytest.mark.parametrize("name", deep.START)
def test_every_activation_starts_critical_and_learns(name: str, images: Any) -> None:
    """50 layers: deltas keep their length within a tenth, and the loss falls."""
    recipe = deep.recipe_for(name, DEPTH, 64, STEPS)
    state = fnn.init(recipe, jax.random.key(0))
    report = fnn.diagnose(recipe, state, images, steps=STEPS)
    assert report.verdict == "healthy"
    assert report.gain == pytest.approx(1, abs=0.01)
    assert np.isfinite(report.losses).all()
    assert report.losses[-1] < 0.5 * report.losses[0]


def test_deep_runs_from_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    deep.main(["--layers", "20", "--epochs", "1", "--activation", "relu"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "20 layers of width 64, ReLU()"
    last = re.fullmatch(r"test accuracy: (\d\.\d{4})", printed[-1])
    assert last is not None
    assert float(last.group(1)) > 0.5
