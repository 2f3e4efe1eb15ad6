"""Where linear chains leave a float format: predicted, and run on this device."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import initializers
from fnn import layers as L
from fnn import theory as T

GOLDEN = json.loads((Path(__file__).parent.parent / "golden/powers.json").read_text())
DTYPES = ["float16", "bfloat16", "float32", "float64"]
FACTORS = [1.5, 0.5, 0.7]


@pytest.mark.parametrize("dtype", DTYPES)
def test_golden_depths(dtype: str) -> None:
    """Powers rounded once; those of 1.5 in bfloat16, product by product, are one off.

    float16 keeps subnormals, so its zeros are those of IEEE; the others' are where
    the subnormals begin.
    """
    first = GOLDEN["first"][dtype]
    late = dtype == "bfloat16"
    assert T.overflow_layer(1.5, dtype) == first["1.5^L_overflows_at_L"] + late
    vanishing = "zero" if dtype == "float16" else "subnormal"
    assert T.vanishing_layer(0.5, dtype) == first[f"0.5^L_{vanishing}_at_L"]
    chain = T.linear_chain(1.5, 150, dtype)
    expected = first["1.5^(2L-1)_overflows_at_L"] + late
    assert chain.gradient_overflow_layer == expected


def _first(reached: np.ndarray) -> int | None:
    return int(np.argmax(reached)) + 1 if reached.any() else None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.usefixtures("x64")
def test_jax_does_what_is_predicted(dtype: str) -> None:
    """Products and matrix products, in one program, far beyond the last event."""
    if jax.default_backend() != "cpu":
        pytest.skip("other devices may keep subnormals")
    kind = jnp.dtype(dtype)
    depth = 2000 if dtype == "float64" else 300

    def chains(factors: Any) -> Any:
        def layer(carry: Any, _: None) -> tuple[Any, Any]:
            x, y = carry
            x = x * factors
            y = jax.vmap(lambda f, y: y @ f[None, None])(factors, y)
            return (x, y), (x, y[:, 0])

        start = jnp.ones(len(FACTORS), kind), jnp.ones((len(FACTORS), 1), kind)
        return jax.lax.scan(layer, start, None, length=depth)[1]

    for powers in jax.jit(chains)(jnp.asarray(FACTORS, kind)):
        values = np.asarray(powers).astype(np.float64)
        for index, factor in enumerate(FACTORS):
            up, down = T.overflow_layer(factor, dtype), T.vanishing_layer(factor, dtype)
            assert _first(np.isinf(values[:, index])) == up, factor
            assert _first(values[:, index] == 0) == down, factor
            for layer in (1, 10, 100, 127):
                output = T.linear_chain(factor, layer, dtype).output
                assert values[layer - 1, index] == output


def test_a_power_may_never_vanish() -> None:
    # In float16, 0.7 times the smallest number rounds to that number.
    assert T.vanishing_layer(0.7, "float16") is None
    assert T.linear_chain(0.7, 5000, "float16").output == 2.0**-24
    assert T.vanishing_layer(1.0) is None
    assert T.overflow_layer(1.0) is None
    assert T.overflow_layer(0.5) is None
    assert T.vanishing_layer(1.5) is None


def test_the_notes_example() -> None:
    """Errata I2 to I4: 150 layers of 1.5 I overflow nothing but the gradient."""
    for key, factor in (("1.5^L", 1.5), ("0.5^L", 0.5)):
        for depth in (100, 150):
            output = T.linear_chain(factor, depth, "float64").output
            expected = GOLDEN["powers"][key][str(depth)]
            assert output == pytest.approx(expected, rel=1e-13)
    chain = T.linear_chain(1.5, 150)
    assert chain.output == pytest.approx(2.5923e26, rel=1e-4)
    assert chain.weight_gradient == np.inf
    assert chain[2:] == (219, None, 110, None)
    chain = T.linear_chain(0.5, 100)
    assert chain.output == 0.5**100
    assert chain.weight_gradient == 0
    assert chain[2:] == (None, 127, None, 64)
    assert T.linear_chain(0.5, 150).output == 0


@pytest.mark.parametrize(("factor", "last"), [(1.5, 109), (0.5, 63)])
def test_the_networks_gradient_leaves_at_this_depth(factor: float, last: int) -> None:
    """Every layer's weights, not only the first one's (errata I5)."""
    for depth in (last, last + 1):
        weights = initializers.ScaledIdentity(factor)
        model = L.Repeat(L.Dense(1, 1, bias=False, weight_initializer=weights), depth)
        params, stats = model.init(jax.random.key(0))

        def loss(params: Any, model: Any = model, stats: Any = stats) -> Any:
            key = jax.random.key(0)
            y, _, _ = model.forward(params, stats, jnp.ones(1), key, train=False)
            return jnp.sum(y * y) / 2

        gradient = np.asarray(jax.jit(jax.grad(loss))(params)["w"]).ravel()
        expected = T.linear_chain(factor, depth).weight_gradient
        np.testing.assert_allclose(gradient, np.full(depth, expected), rtol=1e-5)
        assert (expected in (0, np.inf)) == (depth > last)


def test_dtypes_may_be_given_as_such() -> None:
    for dtype in (jnp.float16, np.dtype("float16"), np.float16, "float16"):
        assert T.overflow_layer(1.5, dtype) == 28


def test_what_they_refuse() -> None:
    with pytest.raises(ValueError, match="dtype must be 'float16' or"):
        T.overflow_layer(1.5, "int32")
    with pytest.raises(ValueError, match="factor must be above 0"):
        T.vanishing_layer(0.0)
    with pytest.raises(ValueError, match="depth must be at least 1"):
        T.linear_chain(1.5, 0)
