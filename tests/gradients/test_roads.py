"""Both roads and finite differences agree for every layer and loss of the catalogue."""

import numpy as np
import pytest

import fnn
from tests.catalogue import LAYERS, LOSSES, PENALTIES, ROWS, WIDTH
from tests.gradients.witnesses import check_backward, check_roads

pytestmark = pytest.mark.usefixtures("x64")


@pytest.mark.parametrize("name", LAYERS)
def test_backward_is_the_vector_jacobian_product(
    name: str, rng: np.random.Generator
) -> None:
    check_backward(LAYERS[name](), rng, WIDTH, ROWS)


@pytest.mark.parametrize("name", LAYERS)
def test_roads_agree_for_every_loss(name: str) -> None:
    # A fixed seed: finite differences are wrong if a kink of ReLU lies in their step.
    rng = np.random.default_rng(0)
    losses = {key: (build(), make(rng)) for key, (build, make) in LOSSES.items()}
    check_roads(LAYERS[name](), losses, rng, WIDTH, ROWS)


@pytest.mark.parametrize("name", PENALTIES)
def test_roads_agree_with_a_penalty(name: str) -> None:
    rng = np.random.default_rng(0)
    losses = {"loss": (fnn.losses.HalfSquaredError(), rng.normal(size=(ROWS, WIDTH)))}
    layer = fnn.layers.Dense(WIDTH, WIDTH)
    check_roads(layer, losses, rng, WIDTH, ROWS, penalty=PENALTIES[name]())
