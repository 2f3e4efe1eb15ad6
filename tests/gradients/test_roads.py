"""Both roads and finite differences agree for every layer and loss of the catalogue.

A layer and a loss meet in one array, the gradient of the loss in the output. So here
each layer meets one loss, in turn, and each loss one layer; in `test_false_alarms.py`
a thousand random networks mix them.
"""

import numpy as np
import pytest

import fnn
from tests.catalogue import LAYERS, LOSSES, PENALTIES, ROWS, WIDTH
from tests.gradients.witnesses import backward_faults, road_faults

pytestmark = pytest.mark.usefixtures("quickly_compiled", "x64")

NAMES = list(LAYERS)
# Several in one program: most of what a program costs is compiled per program.
GROUPS = [NAMES[start : start + 6] for start in range(0, len(NAMES), 6)]


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_backward_is_the_vector_jacobian_product(
    names: list[str], rng: np.random.Generator
) -> None:
    layers = {name: LAYERS[name]() for name in names}
    assert backward_faults(layers, rng, WIDTH, ROWS) == {}


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_roads_agree_for_every_layer(names: list[str]) -> None:
    # A fixed seed: finite differences are wrong if a kink of ReLU lies in their step.
    rng = np.random.default_rng(1)
    cases = {}
    for name in names:
        row = list(LOSSES)[NAMES.index(name) % len(LOSSES)]
        build, make = LOSSES[row]
        cases[name] = (LAYERS[name](), {row: (build(), make(rng))}, None)
    assert road_faults(cases, rng, WIDTH, ROWS) == []


def test_roads_agree_for_every_loss_and_penalty() -> None:
    rng = np.random.default_rng(0)
    losses = {key: (build(), make(rng)) for key, (build, make) in LOSSES.items()}
    squares = {"loss": (fnn.losses.HalfSquaredError(), rng.normal(size=(ROWS, WIDTH)))}
    dense = fnn.layers.Dense(WIDTH, WIDTH)
    cases = {"losses": (fnn.layers.Tanh(), losses, None)} | {
        name: (dense, squares, build()) for name, build in PENALTIES.items()
    }
    assert road_faults(cases, rng, WIDTH, ROWS) == []
