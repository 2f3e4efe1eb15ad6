"""The notes' linear network: it does what is predicted, to the layer, in each format.

`fnn.theory` says where 1.5^L and 0.5^L leave a float format; here the whole network is
run by both roads, at the predicted depth and one layer before (errata I2 to I5).
"""

import functools
import itertools
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import theory as T
from fnn._core.trees import cast

L = fnn.layers
WIDTH = 3
GOLDEN = json.loads((Path(__file__).parent / "golden/powers.json").read_text())
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}
DTYPES = ["float16", "bfloat16", "float32"]
FACTORS = [1.5, 0.5]


def chain(depth: int, factor: float) -> L.Repeat:
    initializer = fnn.initializers.ScaledIdentity(factor)
    dense = L.Dense(WIDTH, WIDTH, bias=False, weight_initializer=initializer)
    return L.Repeat(dense, depth)


@functools.partial(jax.jit, static_argnums=(0, 1))
def passes(road: Any, depths: tuple[int, ...], params: Any, x: Any) -> Any:
    """For each chain its outputs, and the gradients of y^2 / 2 in its weights.

    The target is 0, so that delta at the output is y itself.
    """
    found, key, loss = [], jax.random.key(0), fnn.losses.HalfSquaredError()
    batch = fnn.Batch(x, jnp.zeros_like(x))
    for depth, own in zip(depths, params, strict=True):
        model = chain(depth, 1.0)
        y = model.forward(own, (), x[0], key, train=True)[0]
        _, _, gradients = road(model, loss, own, (), batch, key)
        found.append((y, jnp.diagonal(gradients["w"], axis1=1, axis2=2)))
    return found


def run(road: str, dtype: Any, *chains: tuple[int, float]) -> list[Any]:
    """Chains of (depth, factor): (y, gradients), all in one program.

    Every entry is a scalar chain of its own, for the weights are diagonal and x is 1.
    """
    params = [chain(*given).init(jax.random.key(0))[0] for given in chains]
    depths = tuple(depth for depth, _ in chains)
    x = jnp.ones((1, WIDTH), dtype)
    found = jax.device_get(passes(ROADS[road], depths, cast(params, dtype), x))
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype(dtype)}
    return jax.tree.map(lambda leaf: leaf.astype(np.float64), found)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.usefixtures("x64")
def test_the_notes_network(road: str) -> None:
    """L = 150: activations 1.5^150 = 2.6e26 and 0.5^150; gradients their squares."""
    chains = list(itertools.product((100, 150), FACTORS))
    # Rounded at each layer, and once in the golden value.
    for (depth, factor), (y, gradients) in zip(
        chains, run(road, "float64", *chains), strict=True
    ):
        bound = depth * np.finfo(np.float64).eps
        power = GOLDEN["powers"][f"{factor}^L"][str(depth)]
        np.testing.assert_allclose(y, power, rtol=bound)
        np.testing.assert_allclose(gradients, power**2 / factor, rtol=3 * bound)
        predicted = T.linear_chain(factor, depth, "float64")
        np.testing.assert_array_equal(y, predicted.output)
        np.testing.assert_allclose(gradients, predicted.weight_gradient, rtol=bound)


@pytest.mark.parametrize("road", ROADS)
def test_every_layer_gets_the_same_gradient(road: str) -> None:
    """While delta grows by 1.5 a layer toward the input, dC/dW does not (errata I5)."""
    ((y, gradients),) = run(road, "float32", (50, 1.5))
    assert gradients.shape == (50, WIDTH)
    np.testing.assert_allclose(gradients, np.full((50, WIDTH), 1.5**99), rtol=1e-5)
    np.testing.assert_allclose(y, np.full(WIDTH, 1.5**50), rtol=1e-5)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_leaves_its_format_at_the_predicted_layer(road: str, dtype: str) -> None:
    """And not one layer before: the gradients at half the depth of the activations."""
    if jax.default_backend() != "cpu":
        pytest.skip("other devices may keep subnormals")
    up, down = T.overflow_layer(1.5, dtype), T.vanishing_layer(0.5, dtype)
    assert up is not None
    assert down is not None
    half_up = T.linear_chain(1.5, up, dtype).gradient_overflow_layer
    half_down = T.linear_chain(0.5, down, dtype).gradient_vanishing_layer
    assert half_up is not None
    assert half_down is not None
    ends = {1.5: (up, half_up), 0.5: (down, half_down)}
    chains = [
        (end - before, factor)
        for factor, pair in ends.items()
        for end in pair
        for before in (1, 0)
    ]
    for (depth, factor), (y, gradients) in zip(
        chains, run(road, dtype, *chains), strict=True
    ):
        last, half = ends[factor]
        np.testing.assert_array_equal(y, T.linear_chain(factor, depth, dtype).output)
        left = np.isinf(y) if factor > 1 else y == 0
        assert left.all() == left.any() == (depth >= last)
        # An infinite delta times the zeros beside the diagonal is NaN one layer on.
        left = ~np.isfinite(gradients) if factor > 1 else gradients == 0
        assert left.all() == left.any() == (depth >= half)
