"""Smaller models of the same form."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import shrink
from fnn._core.component import static

L = fnn.layers

# A model and what half of it is.
HALVES: dict[str, tuple[L.Layer, L.Layer]] = {
    "mlp": (L.mlp((6, 8, 4, 3)), L.mlp((6, 4, 2, 3))),
    "all of an mlp": (
        L.mlp((6, 8, 4, 3), L.PReLU(), normalization=L.BatchNorm, dropout=0.2),
        L.mlp((6, 4, 2, 3), L.PReLU(), normalization=L.BatchNorm, dropout=0.2),
    ),
    "input as wide as what is hidden": (L.mlp((8, 8, 8)), L.mlp((8, 4, 8))),
    "no hidden layer": (L.Dense(6, 3), L.Dense(6, 3)),
    "nothing but activations": (
        L.Sequential(L.Tanh(), L.LayerNorm(8)),
        L.Sequential(L.Tanh(), L.LayerNorm(8)),
    ),
    "norms at both ends": (
        L.Sequential(L.RMSNorm(6), L.Dense(6, 8), L.Dense(8, 4), L.LayerNorm(4)),
        L.Sequential(L.RMSNorm(6), L.Dense(6, 4), L.Dense(4, 4), L.LayerNorm(4)),
    ),
    "maxout, no bias": (
        L.Sequential(L.Maxout(6, 8, 3), L.Dense(8, 8, bias=False), L.Dense(8, 2)),
        L.Sequential(L.Maxout(6, 4, 3), L.Dense(4, 4, bias=False), L.Dense(4, 2)),
    ),
    "a sequence in a sequence": (
        L.Sequential(L.Sequential(L.Dense(6, 8), L.Tanh()), L.mlp((8, 12, 4))),
        L.Sequential(L.Sequential(L.Dense(6, 4), L.Tanh()), L.mlp((4, 6, 4))),
    ),
    "residual among hidden layers": (
        L.Sequential(L.Dense(6, 8), L.Residual(L.mlp((8, 16, 8))), L.Dense(8, 2)),
        L.Sequential(L.Dense(6, 4), L.Residual(L.mlp((4, 8, 4))), L.Dense(4, 2)),
    ),
    "residual on the input and on the output": (
        L.Sequential(
            L.Residual(L.mlp((6, 8, 6))), L.Dense(6, 4), L.Residual(L.Dense(4, 4))
        ),
        L.Sequential(
            L.Residual(L.mlp((6, 4, 6))), L.Dense(6, 4), L.Residual(L.Dense(4, 4))
        ),
    ),
    "repeat": (
        L.Sequential(
            L.Dense(6, 8),
            L.Repeat(L.Sequential(L.Tanh(), L.Dense(8, 8), L.RMSNorm(8)), 8),
            L.Dense(8, 2),
        ),
        L.Sequential(
            L.Dense(6, 4),
            L.Repeat(L.Sequential(L.Tanh(), L.Dense(4, 4), L.RMSNorm(4)), 8),
            L.Dense(4, 2),
        ),
    ),
}


@pytest.mark.parametrize("name", HALVES)
def test_half(name: str) -> None:
    model, half = HALVES[name]
    smaller = shrink(model)
    assert smaller == half
    # It fits together: the shapes of a whole pass.
    x: Any = jnp.zeros((3, 8 if "wide" in name or "nothing" in name else 6))

    def outputs(model: L.Layer) -> Any:
        params, stats = model.init(jax.random.key(0))

        def one(x: jax.Array) -> jax.Array:
            return model.forward(params, stats, x, jax.random.key(0), train=False)[0]

        return jax.vmap(one)(x)

    before, after = (jax.eval_shape(lambda m=m: outputs(m)) for m in (model, smaller))
    assert before.shape == after.shape


@pytest.mark.parametrize(
    ("factor", "widths"), [(0.25, (2, 1)), (0.01, (1, 1)), (0.9, (7, 4))]
)
def test_factors(factor: float, widths: tuple[int, int]) -> None:
    assert shrink(L.mlp((6, 8, 4, 3)), factor) == L.mlp((6, *widths, 3))


class Grouped(L.ReLU):
    """Something whose size is not n_in and n_out."""

    groups: int = static(default=4)


class Around(L.Layer):
    """A layer around a layer of any widths."""

    layer: L.Layer

    def forward(self, params: Any, stats: Any, x: Any, key: Any, train: bool) -> Any:
        return self.layer.forward(params, stats, x, key, train)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        return self.layer.backward(params, tape, dy)


class Both(L.ReLU):
    """Layers inside, joined nobody knows how."""

    layers: tuple[L.Layer, ...]


def test_around_a_layer() -> None:
    """The widths of what is inside count, whatever stands around it."""
    model = L.Sequential(
        Around(L.mlp((6, 8, 4))), Around(L.Dense(4, 4)), Around(L.Dense(4, 2))
    )
    assert shrink(model) == L.Sequential(
        Around(L.mlp((6, 4, 2))), Around(L.Dense(2, 2)), Around(L.Dense(2, 2))
    )
    last = L.Sequential(L.Dense(6, 4), Around(L.Dense(4, 4)))
    assert shrink(last) == last
    assert shrink(Around(L.mlp((6, 8, 6)))) == Around(L.mlp((6, 4, 6)))


def test_what_is_not_known_is_named() -> None:
    model = L.Sequential(L.Dense(6, 8), L.Repeat(L.Sequential(Grouped()), 3))
    with pytest.raises(
        ValueError,
        match=r"model: layer 1: Repeat: layer 0: Grouped\(\) must .* got groups\. B",
    ):
        shrink(model)
    with pytest.raises(ValueError, match=r"model: layer 0: Both.*, got layers\. Build"):
        shrink(L.Sequential(Both((L.Dense(6, 8), L.Dense(8, 6))), L.Dense(6, 3)))


def test_mistakes() -> None:
    with pytest.raises(TypeError, match="model must be a layer"):
        shrink([L.Dense(6, 8)])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="factor must be above 0 and below 1, got 1"):
        shrink(L.mlp((6, 8, 3)), 1.0)
    with pytest.raises(TypeError, match="factor must be a number, got 'half'"):
        shrink(L.mlp((6, 8, 3)), "half")  # pyright: ignore[reportArgumentType]


def test_a_shrunk_model_learns() -> None:
    data = fnn.data.digits()
    data = data._replace(x=data.x / np.float32(16))
    model = shrink(L.mlp((64, 64, 10)))
    loss = fnn.losses.SoftmaxCrossEntropy()
    recipe = fnn.Recipe(model, loss, fnn.optimizers.Adam(1e-2))
    state = fnn.init(recipe, jax.random.key(0))
    assert fnn.parameter_count(state.params) == 65 * 32 + 33 * 10
    state, _ = fnn.fit(recipe, state, data, epochs=5)
    told = fnn.evaluate(recipe, state, data, (fnn.metrics.accuracy,))
    assert float(told["accuracy"]) > 0.9
