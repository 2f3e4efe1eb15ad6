"""No right network is accused: 1,000 random ones in float64, and the same in float32.

What a network is made of is data here, so that a few programs hold them all: three
skeletons of other widths and depths, and in each a stack of up to four layers out of
all of the catalogue, one of its losses and an elastic net of random strengths. The
structures (skeleton, layers in their order, loss, penalty or none) are drawn; the test
counts that at least 900 of 1,000 differ, and all 1,000 differ in weights and data.

The rows are those of `fnn.compare_gradients`, from the same functions; the program
differs from the one a user's network would get, in that all layers are computed.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.gradients import compare as referee
from fnn.gradients.terms import layer_terms, loss_terms, penalty_terms
from fnn.layers import Dense, Identity, Layer, Repeat, Residual, Sequential, Tanh
from tests.catalogue import LAYERS, LOSSES, ROWS, WIDTH
from tests.gradients.networks import Choice
from tests.gradients.witnesses import Mixture

pytestmark = pytest.mark.usefixtures("x64")

NETWORKS = 1000
PLAIN = [name for name in LAYERS if not name.startswith(("Repeat", "mlp"))]


def chosen_layers() -> Choice:
    # More of Identity: stacks of all depths up to the largest.
    parts = [LAYERS[name]() for name in PLAIN] + [Identity()] * 6
    return Choice(tuple(parts))


SKELETONS: tuple[tuple[int, Layer], ...] = (
    (3, Sequential(Dense(3, WIDTH), Repeat(chosen_layers(), 4), Dense(WIDTH, WIDTH))),
    (
        7,
        Sequential(
            Dense(7, 5, bias=False),
            Tanh(),
            Residual(Dense(5, 5)),
            Dense(5, WIDTH),
            Repeat(chosen_layers(), 2),
        ),
    ),
    (WIDTH, Sequential(Repeat(chosen_layers(), 3), Dense(WIDTH, WIDTH))),
)
PARTS = tuple(build() for build, _ in LOSSES.values())


def draw(index: int) -> Any:
    """(params, stats, x, loss's weights, penalty's strengths) of the networks."""
    inputs, model = SKELETONS[index]
    count = len(range(index, NETWORKS, len(SKELETONS)))
    rng = np.random.default_rng(index)
    params, stats = model.init(jax.random.key(index))

    def noisy(p: Any) -> Any:
        return np.asarray(p) + 0.4 * rng.normal(size=(count, *p.shape))

    def some(path: Any, leaf: Any) -> Any:
        if getattr(path[-1], "key", None) == "chosen":
            return rng.integers(0, len(PLAIN) + 6, (count, *leaf.shape))
        return np.broadcast_to(np.asarray(leaf), (count, *leaf.shape))

    strengths = rng.uniform(size=(count, 2)) * rng.integers(0, 2, (count, 2))
    return (
        jax.tree.map(noisy, params),
        jax.tree_util.tree_map_with_path(some, stats),
        rng.normal(size=(count, ROWS, inputs)),
        np.eye(len(PARTS))[rng.integers(0, len(PARTS), count)],
        strengths,
    )


def questions(index: int, tree: Any, targets: Any, weight: Any, key: Any) -> Any:
    """Both roads' gradients and the terms of one network."""
    _, model = SKELETONS[index]
    params, stats, x, loss_weights, strengths = tree
    loss, batch = Mixture(PARTS, loss_weights), fnn.Batch(x, targets, weight)
    penalty = fnn.penalties.ElasticNet(strengths[0], strengths[1])
    auto, hand = (
        road(model, loss, params, stats, batch, key, penalty)[2]
        for road in (fnn.autodiff, fnn.backprop)
    )
    prediction, terms = layer_terms(model, params, stats, x, key)
    terms |= loss_terms(loss, prediction, targets, key)
    return auto, hand, terms | penalty_terms(penalty, params)


def apart(labels: list[Any], pairs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Stacked layers as layers of their own, as strict as if they were not stacked."""
    new_labels, new_pairs = [], []
    for (layer, term), pair in zip(labels, pairs, strict=True):
        if "Repeat" in layer:
            for depth, one in enumerate(zip(*pair, strict=True)):
                new_labels.append((f"{layer} {depth}", term))
                new_pairs.append(one)
        else:
            new_labels.append((layer, term))
            new_pairs.append(pair)
    return new_labels, new_pairs


@pytest.mark.parametrize("index", range(len(SKELETONS)))
def test_no_right_network_is_accused(index: int) -> None:
    rng = np.random.default_rng(index)
    trees = draw(index)
    count = len(trees[2])
    keys = jax.random.split(jax.random.key(index), count)
    targets = tuple(jnp.asarray(make(rng)) for _, make in LOSSES.values())
    weight = jnp.asarray(rng.uniform(0.5, 2, ROWS))
    ask = jax.jit(jax.vmap(lambda *given: questions(index, *given), (0, None, None, 0)))
    # The same numbers, rounded, in either width.
    narrow = referee.cast((trees, targets, weight), np.float32)
    answers = {
        dtype: jax.device_get(ask(*referee.cast(narrow, dtype), keys))
        for dtype in ("float64", "float32")
    }
    labels = referee.parameter_labels(SKELETONS[index][1], trees[0])
    accused = []
    for network in range(count):
        truth = None
        for dtype, answer in answers.items():
            auto, hand, terms = jax.tree.map(lambda a: a[network], answer)  # noqa: B023
            auto, hand = jax.tree.leaves(auto), jax.tree.leaves(hand)
            truth = auto if truth is None else truth
            tolerance = referee._FLOAT64
            if dtype != "float64":
                tolerance = referee._derived_tolerance(auto, truth, dtype)
            pairs = list(zip(auto, hand, strict=True))
            rows = referee._rows(*apart(labels, pairs), tolerance, dtype)
            local = list(terms.values())
            rows += referee._rows(list(terms), local, tolerance, dtype)
            accused += [(network, dtype, row) for row in rows if not row.passed]
    assert accused == []


def test_structures_differ() -> None:
    seen = set()
    for index in range(len(SKELETONS)):
        _, stats, _, loss, strengths = draw(index)
        (chosen,) = (
            leaf
            for path, leaf in jax.tree_util.tree_leaves_with_path(stats)
            if getattr(path[-1], "key", None) == "chosen"
        )
        for row, stack in enumerate(chosen):
            # Where an Identity stands in a stack makes no difference.
            names = [PLAIN[c] for c in stack if c < len(PLAIN)]
            names = [n for n in names if n not in ("Identity", "Sequential:empty")]
            penalty = tuple((strengths[row] > 0).tolist())
            seen.add((index, *names, int(np.argmax(loss[row])), penalty))
    assert len(seen) >= 900
