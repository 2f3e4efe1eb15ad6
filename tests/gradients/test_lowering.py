"""The hand-derived road costs what autodiff costs, read off the compiled programs.

At real sizes: at toy size buffers are shared and reused so that nothing shows.
"""

import re
from typing import Any

import jax
import numpy as np
import pytest

import fnn

L = fnn.layers

FLAT = {
    name: L.mlp((784, 512, 256, 10), activation)
    for name, activation in (("relu", L.ReLU()), ("tanh", L.Tanh()))
}


def programs(model: fnn.layers.Layer, rows: int, n: int) -> tuple[Any, Any]:
    """The two roads, lowered for a batch."""
    loss = fnn.losses.SoftmaxCrossEntropy()
    params, stats = model.init(jax.random.key(0))
    batch = fnn.Batch(np.zeros((rows, n), np.float32), np.zeros(rows, np.int32))
    key = jax.random.key(1)

    def lower(road: Any) -> Any:
        compute = jax.jit(lambda p, s, b, k: road(model, loss, p, s, b, k))
        return compute.lower(params, stats, batch, key)

    return lower(fnn.autodiff), lower(fnn.backprop)


def products(lowered: Any) -> list[str]:
    """The contracting dimensions of every matrix product."""
    pattern = r"stablehlo\.dot_general.*?contracting_dims = (\[.*?\] x \[.*?\])"
    return sorted(re.findall(pattern, lowered.as_text()))


@pytest.mark.parametrize("name", FLAT)
def test_flat_network_costs_the_same(name: str) -> None:
    auto, hand = programs(FLAT[name], 128, 784)
    assert len(products(auto)) == 8  # three forward, three for dW, two for dx
    assert products(hand) == products(auto)
    auto, hand = auto.compile(), hand.compile()
    for quantity in ("flops", "bytes accessed"):
        a, h = auto.cost_analysis()[quantity], hand.cost_analysis()[quantity]
        assert h <= 1.01 * a, f"{quantity}: {h} beside {a}"
    a, h = temporaries(auto), temporaries(hand)
    assert h <= a


@pytest.mark.parametrize(
    ("block", "share"),
    [
        (L.Sequential(L.Tanh(), L.Dense(64, 64)), 0.55),
        (L.Sequential(L.Dense(64, 64), L.Tanh()), 0.55),
        # Autodiff keeps one byte where ReLU was open, not a second array.
        (L.Sequential(L.ReLU(), L.Dense(64, 64)), 0.85),
    ],
    ids=["Tanh, Dense", "Dense, Tanh", "ReLU, Dense"],
)
def test_deep_stack_stores_each_distinct_array_once(
    block: L.Layer, share: float
) -> None:
    depth, rows, width = 150, 64, 64
    auto, hand = programs(L.Repeat(block, depth), rows, width)
    assert products(hand) == products(auto)
    one_stack = depth * rows * width * 4
    h, a = temporaries(hand.compile()), temporaries(auto.compile())
    assert h <= 1.1 * one_stack
    assert h <= share * a


def test_a_thousand_layers_take_half_the_memory_of_autodiff() -> None:
    block = L.Sequential(L.Tanh(), L.Dense(64, 64))
    auto, hand = programs(L.Repeat(block, 1000), 64, 64)
    assert products(hand) == products(auto)
    assert temporaries(hand.compile()) <= 0.55 * temporaries(auto.compile())


def temporaries(compiled: Any) -> int:
    return compiled.memory_analysis().temp_size_in_bytes
