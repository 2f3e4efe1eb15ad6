"""The walk along a model: names, order and trees, through containers in containers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.gradients.walk import gather, places, rebuild

L = fnn.layers
N = 3


def dense() -> L.Layer:
    return L.Dense(N, N)


MODELS: dict[str, L.Layer] = {
    "one layer": dense(),
    "flat": L.Sequential(dense(), L.Tanh(), dense()),
    "nothing": L.Sequential(),
    "stack": L.Repeat(L.Sequential(dense(), L.Tanh()), 3),
    "stack of stacks": L.Repeat(
        L.Sequential(dense(), L.Repeat(L.Sequential(L.Tanh(), dense()), 2), L.ReLU()), 3
    ),
    "stack in stack in stack": L.Repeat(L.Repeat(L.Repeat(dense(), 2), 3), 2),
    "residual": L.Sequential(
        L.Repeat(L.Residual(L.Sequential(dense(), L.Residual(dense()))), 2), dense()
    ),
    "rezero": L.Repeat(L.ReZero(L.Repeat(L.Sequential(dense(), L.Tanh()), 2)), 3),
    "checkpoint": L.Sequential(
        L.Checkpoint(L.Sequential(dense(), L.Tanh())),
        L.Repeat(L.Checkpoint(L.Repeat(dense(), 2)), 2),
    ),
    "statistics": L.Repeat(
        L.ReZero(L.Sequential(L.BatchNorm(N), dense(), L.Dropout(0.1))), 2
    ),
    "tied": L.Sequential(L.Tied(L.Sequential(dense(), L.Tanh()), 4), dense()),
}


def by_hand(model: L.Layer, params: Any) -> list[tuple[str, Any]]:
    """(name, the layer's own parameters), one application after another."""
    match model:
        case L.Sequential(layers=layers):
            return [
                (f"{index} {name}", leaf)
                for index, layer in enumerate(layers)
                for name, leaf in by_hand(layer, params[index])
            ]
        case L.Repeat():
            return [
                (f"Repeat[{turn}] / {name}", leaf)
                for turn in range(model.n)
                for name, leaf in by_hand(
                    model.layer,
                    jax.tree.map(lambda leaf, turn=turn: leaf[turn], params),
                )
            ]
        case L.ReZero():
            inner = by_hand(model.layer, params["layer"])
        case L.Residual() | L.Checkpoint():
            inner = by_hand(model.layer, params)
        case _:
            return [(type(model).__name__, params)]
    return [(f"{type(model).__name__} / {name}", leaf) for name, leaf in inner]


def first_weight(params: Any, lead: tuple[int, ...]) -> jax.Array:
    """(w_00, sum of w): it tells each layer of a stack from the others."""
    if not (isinstance(params, dict) and "w" in params):
        return jnp.full((*lead, 2), -1.0)
    w = params["w"]
    return jnp.stack([w[..., 0, 0], w.sum((-2, -1))], axis=-1)


@pytest.mark.parametrize("name", MODELS)
def test_names_and_order(name: str) -> None:
    model = MODELS[name]
    params, stats = model.init(jax.random.key(0))
    expected = by_hand(model, params)
    found = places(model, params)
    assert [place.name for place in found] == [told for told, _ in expected]
    weights = ["Dense" in place.name.split(" / ")[-1] for place in found]
    assert [place.has_weights for place in found] == weights
    # The same layers along the statistics, whose trees have other forms.
    assert [place.layer for place in places(model, stats)] == [p.layer for p in found]
    measured = gather(model, params, first_weight, 2)
    by_layer = [first_weight(own, ()) for _, own in expected]
    assert measured.shape == (len(expected), 2)
    if by_layer:
        np.testing.assert_allclose(measured, jnp.stack(by_layer), rtol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_rebuilding_keeps_what_is_not_changed(name: str) -> None:
    model = MODELS[name]
    for tree in model.init(jax.random.key(0)):
        leads = []

        def keep(own: Any, lead: tuple[int, ...], leads: Any = leads) -> Any:
            leads.append(lead)
            return own

        same = rebuild(model, tree, keep)
        assert jax.tree.structure(same) == jax.tree.structure(tree)
        for one, other in zip(*map(jax.tree.leaves, (same, tree)), strict=True):
            assert one is other
        # Each layer once, with the sizes of all stacks around it.
        assert sum(int(np.prod(lead)) for lead in leads) == len(places(model, tree))


def test_names_say_the_way() -> None:
    model = MODELS["stack of stacks"]
    found = places(model, model.init(jax.random.key(0))[0])
    assert found[0].name == "Repeat[0] / 0 Dense"
    assert found[3].name == "Repeat[0] / 1 Repeat[1] / 0 Tanh"
    assert found[-1].name == "Repeat[2] / 2 ReLU"
    assert [place.is_activation for place in found[:3]] == [False, True, False]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_parameters_of_any_dtype_in_float64_mode(dtype: str) -> None:
    """Once gathering mixed them with zeros of the default dtype, which is an error."""
    with jax.enable_x64(True):
        model = MODELS["stack"]
        params, _ = model.init(jax.random.key(0))
        params = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
        assert gather(model, params, first_weight, 2).shape == (6, 2)
