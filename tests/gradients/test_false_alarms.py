"""No right network is accused: 1,000 random ones in float64, and the same in float32.

What a network is made of is data here, so that a few programs hold them all. There are
three skeletons of other widths and depths. In each stands a stack of up to four layers,
any of a third of the catalogue's (the thirds share Dense and the norms), under any of a
third of its losses and an elastic net of random strengths, which may be 0. The test
counts the different structures (skeleton, layers in their order, loss, penalties): at
least 900 of the 1,000. All 1,000 differ in weights and data.

The rows are those of `fnn.compare_gradients`, from the same functions; the program
differs from the one that a network of its own would get: it computes all layers and
losses and keeps those that were drawn, and its machine code is not optimized.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn._core.trees import cast
from fnn.gradients import compare as referee
from fnn.gradients.terms import layer_terms, loss_terms, penalty_terms
from fnn.layers import Dense, Identity, Layer, Repeat, Residual, Sequential, Tanh
from tests.catalogue import LAYERS, LOSSES, ROWS, WIDTH
from tests.gradients.networks import Choice
from tests.gradients.witnesses import Mixture

pytestmark = pytest.mark.usefixtures("x64")

NETWORKS = 1000
EVERYWHERE = ("Dense", "BatchNorm", "LayerNorm")
# A `Repeat` holds the stack; of the other containers one of each is enough.
LEFT_OUT = ("Repeat", "mlp", "Checkpoint:", "Tied:", "Sequential:")
NAMES = [name for name in LAYERS if not name.startswith(LEFT_OUT)]
OTHERS = [name for name in NAMES if name not in EVERYWHERE]
STACKED = [[*EVERYWHERE, *OTHERS[third::3]] for third in range(3)]
LOSS_NAMES = [list(LOSSES)[third::3] for third in range(3)]
# Among the choices of a layer: stacks of all depths up to the largest.
NO_LAYERS = 3
# Compiling is what this costs: machine code is left as it is first written.
QUICKLY = {"xla_backend_optimization_level": 0}


def stack(third: int, depth: int) -> Repeat:
    parts = [LAYERS[name]() for name in STACKED[third]]
    return Repeat(Choice((*parts, *[Identity()] * NO_LAYERS)), depth)


SKELETONS: tuple[tuple[int, Layer], ...] = (
    (3, Sequential(Dense(3, WIDTH), stack(0, 4), Dense(WIDTH, WIDTH))),
    (
        7,
        Sequential(
            Dense(7, 5, bias=False), Tanh(), Residual(Dense(5, 5)), Dense(5, WIDTH),
            stack(1, 2),
        ),
    ),
    (WIDTH, Sequential(stack(2, 3), Dense(WIDTH, WIDTH))),
)  # fmt: skip


class Networks(NamedTuple):
    """What differs between the networks of one skeleton, with a leading axis each."""

    params: Any
    stats: Any
    x: Any
    loss: Any
    strengths: Any


def draw(index: int) -> Networks:
    inputs, model = SKELETONS[index]
    count = len(range(index, NETWORKS, len(SKELETONS)))
    rng = np.random.default_rng(index)
    params, stats = jax.eval_shape(model.init, jax.random.key(0))

    def some(path: Any, leaf: Any) -> Any:
        if getattr(path[-1], "key", None) == "chosen":
            choices = len(STACKED[index]) + NO_LAYERS
            return rng.integers(0, choices, (count, *leaf.shape))
        return np.ones((count, *leaf.shape))

    def near_start(path: Any, leaf: Any) -> Any:
        start = 1.0 if getattr(path[-1], "key", None) == "gamma" else 0.0
        return start + rng.normal(0, 0.5, (count, *leaf.shape))

    return Networks(
        jax.tree_util.tree_map_with_path(near_start, params),
        jax.tree_util.tree_map_with_path(some, stats),
        rng.normal(size=(count, ROWS, inputs)),
        np.eye(len(LOSS_NAMES[index]))[rng.integers(0, len(LOSS_NAMES[index]), count)],
        rng.uniform(size=(count, 2)) * rng.integers(0, 2, (count, 2)),
    )


def questions(index: int, network: Networks, y: Any, weight: Any, key: Any) -> Any:
    """Both roads' gradients and the terms of one network."""
    model = SKELETONS[index][1]
    params, stats, x, which, (l1, l2) = network
    loss = Mixture(tuple(LOSSES[name][0]() for name in LOSS_NAMES[index]), which)
    penalty = fnn.penalties.ElasticNet(l1, l2)
    batch = fnn.Batch(x, y, weight)
    auto, hand = (
        road(model, loss, params, stats, batch, key, penalty)[2]
        for road in (fnn.autodiff, fnn.backprop)
    )
    prediction, terms = layer_terms(model, params, stats, x, key)
    terms |= loss_terms(loss, prediction, y, key)
    return (auto, hand), terms | penalty_terms(penalty, params)


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
    networks = draw(index)
    count = len(networks.x)
    keys = jax.random.split(jax.random.key(index), count)
    targets = tuple(jnp.asarray(LOSSES[name][1](rng)) for name in LOSS_NAMES[index])
    weight = rng.uniform(0.5, 2, ROWS)
    mapped = jax.vmap(functools.partial(questions, index), (0, None, None, 0))
    ask = jax.jit(mapped, compiler_options=QUICKLY)
    # The same numbers, rounded, in either width.
    narrow = cast((networks, targets, weight), np.float32)
    answers = {
        dtype: jax.device_get(ask(*cast(narrow, dtype), keys))
        for dtype in ("float64", "float32")
    }
    labels = referee.parameter_labels(SKELETONS[index][1], networks.params)
    accused = []
    for place in range(count):
        truth = None
        for dtype, answer in answers.items():
            trees, terms = jax.tree.map(lambda a: a[place], answer)  # noqa: B023
            auto, hand = map(jax.tree.leaves, trees)
            truth = auto if truth is None else truth
            tolerance = referee._FLOAT64
            if dtype != "float64":
                tolerance = referee._derived_tolerance(auto, truth, dtype)
            pairs = list(zip(auto, hand, strict=True))
            rows = referee._rows(*apart(labels, pairs), tolerance, dtype, True)
            rows += referee._rows(list(terms), list(terms.values()), tolerance, dtype)
            accused += [
                (described(index, networks, place), dtype, str(row), row.absolute)
                for row in rows
                if not row.passed
            ]
    assert accused == []


def described(index: int, networks: Networks, place: int) -> tuple[Any, ...]:
    """The structure of one network, wherever in its stack an Identity stands."""
    (chosen,) = (
        leaf[place]
        for path, leaf in jax.tree_util.tree_leaves_with_path(networks.stats)
        if getattr(path[-1], "key", None) == "chosen"
    )
    known = STACKED[index]
    names = [known[number] for number in chosen if number < len(known)]
    names = [name for name in names if name != "Identity"]
    loss = LOSS_NAMES[index][int(np.argmax(networks.loss[place]))]
    return index, *names, loss, *(networks.strengths[place] > 0).tolist()


def test_structures_differ() -> None:
    drawn = [draw(index) for index in range(len(SKELETONS))]
    seen = [
        described(index, networks, place)
        for index, networks in enumerate(drawn)
        for place in range(len(networks.x))
    ]
    assert len(seen) == NETWORKS
    assert len(set(seen)) >= 900
