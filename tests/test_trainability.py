"""Prediction before training: depth < 6 xi_c tells which tanh networks will learn."""

import importlib.util
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import fnn

PATH = Path(__file__).parent.parent / "examples" / "trainability.py"


@pytest.fixture(scope="module")
def example() -> Any:
    """The example whose picture stands in the docs, at other sizes."""
    spec = importlib.util.spec_from_file_location("trainability", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_learns_is_predicted(example: Any) -> None:
    """20 weight variances x 20 depths up to 100, all trained in one program.

    It says that networks within the predicted depth rank above the others, no more. In
    so few steps and at such a width nothing deeper than 40 layers learns, wherever
    theory would allow it, so that the depth alone ranks them better still (0.997).
    """
    variances, depths, told, predicted = example.experiment(
        count=20, deepest=100, width=48, rows=50, steps=100
    )
    assert told.shape == (len(variances), len(depths)) == (20, 20)
    assert len(set(depths)) == 20
    # Some learn and some do not, so that there is something to predict.
    assert 0.3 < (told > example.LEARNED).mean() < 0.8
    assert example.area(depths, told, predicted) >= 0.90
    assert example.accuracies._cache_size() == 1


def test_the_layer_with_a_depth_is_a_stack_of_that_depth(example: Any) -> None:
    """The same outputs and gradients as `Repeat`; 0 in the layers beyond the depth."""
    block = fnn.layers.Sequential(fnn.layers.Dense(4, 4), fnn.layers.Tanh())
    deep = example.UpTo(block, 3, 5)
    params, _ = deep.init(jax.random.key(0))
    first = jax.tree.map(lambda leaf: leaf[:3], params)
    rng, key = np.random.default_rng(0), jax.random.key(1)
    x, y = rng.normal(size=(2, 6, 4)).astype(np.float32)
    loss, batch = fnn.losses.HalfSquaredError(), fnn.Batch(x, y)
    stack = fnn.layers.Repeat(block, 3)
    value, _, gradients = fnn.backprop(deep, loss, params, (), batch, key)
    expected, _, truth = fnn.backprop(stack, loss, first, ((), ()), batch, key)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for got, true in zip(*map(jax.tree.leaves, (gradients, truth)), strict=True):
        np.testing.assert_allclose(got[:3], true, rtol=1e-5, atol=1e-7)
        assert (np.asarray(got)[3:] == 0).all()
