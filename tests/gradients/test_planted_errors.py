"""A check must be able to fail: each planted error is caught, and named by the referee.

Every error of the tables is one that somebody deriving backpropagation by hand has
made. The referee judges each part alone, in float64, as `fnn.compare_gradients` does
with the layers of a network: by the rows of its report that name what is wrong. They
are computed here for many parts in one program; `test_compare.py` asks for whole
reports.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn.gradients import compare as referee
from fnn.gradients.report import TermReport
from fnn.gradients.terms import Terms, layer_terms, loss_terms, penalty_terms
from fnn.layers import Dense, Sequential, Tanh
from tests.catalogue import LOSSES, ROWS, WIDTH
from tests.gradients import planted_losses, planted_penalties
from tests.gradients.planted import Planted, rule, term
from tests.gradients.planted_activations import ACTIVATIONS
from tests.gradients.planted_layers import DENSE, OTHERS
from tests.gradients.planted_norms import NORMS
from tests.gradients.witnesses import backward_faults, road_faults

pytestmark = pytest.mark.usefixtures("quickly_compiled", "x64")

LAYER_ERRORS: dict[str, Planted] = {
    **{f"Dense: {name}": planted for name, planted in DENSE.items()},
    **ACTIVATIONS,
    **NORMS,
    **OTHERS,
}
LOSS_ERRORS: dict[str, Planted] = {
    f"{row}, {name}": planted
    for row, errors in planted_losses.LOSSES.items()
    for name, planted in errors.items()
}
ERRORS: dict[str, Planted] = {
    **LAYER_ERRORS,
    **LOSS_ERRORS,
    **planted_penalties.PENALTIES,
}


def terms_of_layers(names: Sequence[str]) -> dict[str, Terms]:
    """What the referee compares of each layer, all in one program."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(ROWS, WIDTH)))
    models = {name: Sequential(LAYER_ERRORS[name].part) for name in names}
    trees = {}
    for name, model in models.items():
        params, stats = model.init(jax.random.key(0))
        trees[name] = (
            jax.tree.map(lambda p: p + 0.3 * rng.normal(size=p.shape), params),
            stats,
        )

    def terms(trees: Any, x: jax.Array, key: jax.Array) -> Any:
        return {
            name: layer_terms(model, trees[name][0], trees[name][1], x, key)[1]
            for name, model in models.items()
        }

    return jax.device_get(jax.jit(terms)(trees, x, jax.random.key(1)))


def terms_of_losses() -> dict[str, Terms]:
    rng = np.random.default_rng(0)
    logits, below_1 = rng.normal(size=(ROWS, WIDTH)), rng.dirichlet([1] * WIDTH, ROWS)
    batches = {}
    for name in LOSS_ERRORS:
        row = name.split(", ")[0]
        target = LOSSES[row][1](rng)
        on_probabilities = hasattr(LOSSES[row][0](), "loss")
        prediction = (below_1 if on_probabilities else logits).copy()
        if "Hinge" in row:
            target = target.astype(float)
            prediction[0] = target[0]
        batches[name] = jnp.asarray(prediction), jnp.asarray(target)

    def terms(batches: Any) -> Any:
        return {
            name: loss_terms(
                planted.part, batches[name][0], batches[name][1], jax.random.key(1)
            )
            for name, planted in LOSS_ERRORS.items()
        }

    return jax.device_get(jax.jit(terms)(batches))


def terms_of_penalties() -> dict[str, Terms]:
    w = jnp.array([[0.0, 1.5], [-0.4, 0.3]])
    params = ({"w": w, "b": jnp.array([0.7, -0.2])},)

    def terms(params: Any) -> Any:
        return {
            name: penalty_terms(planted.part, params)
            for name, planted in planted_penalties.PENALTIES.items()
        }

    return jax.device_get(jax.jit(terms)(params))


Accusations = dict[str, tuple[TermReport, ...]]


@pytest.fixture(scope="module")
def accusations(quickly_compiled: None) -> Accusations:
    """For each planted error the rows that the referee calls wrong."""
    del quickly_compiled
    with jax.enable_x64(True):
        return accuse()


def accuse() -> Accusations:
    names = list(LAYER_ERRORS)
    # A program for all would be the largest of the suite; it compiles no faster.
    groups = [names[start : start + 20] for start in range(0, len(names), 20)]
    found: dict[str, Terms] = {}
    for group in groups:
        found |= terms_of_layers(group)
    found |= terms_of_losses() | terms_of_penalties()
    wrong = {}
    for name, terms in found.items():
        rows = referee._rows(
            list(terms), list(terms.values()), referee._FLOAT64, jnp.float64
        )
        wrong[name] = tuple(r for r in referee._innermost(rows) if not r.passed)
    return wrong


def named_right(name: str, rows: tuple[TermReport, ...]) -> bool:
    """Whether layer, terms and factor are those that were planted, and no others."""
    planted = ERRORS[name]
    kind = type(planted.part).__name__
    place = f"0 {kind}" if name in LAYER_ERRORS else kind
    if {row.layer for row in rows} != {place}:
        return False
    if sorted(row.term for row in rows) != planted.terms.split():
        return False
    if planted.factor is None:
        return all(row.factor is None or row.size == 1 for row in rows)
    return all(row.factor == pytest.approx(planted.factor, abs=1e-10) for row in rows)


@pytest.mark.parametrize("name", ERRORS)
def test_the_error_is_caught(name: str, accusations: Accusations) -> None:
    assert accusations[name]


def test_errors_are_enough_and_named_right(accusations: Accusations) -> None:
    missed = [name for name in ERRORS if not named_right(name, accusations[name])]
    assert len(ERRORS) >= 120
    assert len(missed) <= 0.05 * len(ERRORS), missed


def test_a_right_layer_is_not_accused() -> None:
    """The same tables' way of asking, on the right parts: else all would be caught."""
    same = lambda g: g  # noqa: E731
    right = Planted(term(Dense, "w", same, WIDTH, WIDTH), "")
    LAYER_ERRORS["right"] = right
    try:
        (terms,) = terms_of_layers(["right"]).values()
    finally:
        del LAYER_ERRORS["right"]
    rows = referee._rows(
        list(terms), list(terms.values()), referee._FLOAT64, jnp.float64
    )
    assert len(rows) == 3
    assert all(row.passed for row in rows)


# The checks of `test_roads.py` are not the referee's: they must be able to fail too.
BY_WITNESSES = [
    "Dense: factor 1 + 1e-9 in dw",
    "Dense: batch sum missing in dw",
    "Sigmoid: without beta (A3)",
    "Softmax: a term missing (E6)",
    "BatchNorm: statistics constant",
    "Dropout: mask missing",
    "Repeat: forward order",
]


def test_wrong_layers_are_caught_by_the_witnesses(rng: np.random.Generator) -> None:
    layers = {name: LAYER_ERRORS[name].part for name in BY_WITNESSES}
    faults = backward_faults({**layers, "right": Tanh()}, rng, WIDTH, ROWS)
    assert set(faults) == set(BY_WITNESSES)
    assert all("relative difference" in fault for fault in faults.values())


def test_wrong_losses_and_penalties_are_caught_by_the_roads() -> None:
    rng = np.random.default_rng(0)
    row, name = "HalfSquaredError", "y - a, the notes' sign (A8)"
    wrong = planted_losses.LOSSES[row][name].part
    target = rng.normal(size=(ROWS, WIDTH))
    losses = {"wrong": (wrong, target), "right": (LOSSES[row][0](), target)}
    cases = {
        "loss": (Tanh(), losses, None),
        "penalty": (
            Tanh(),
            {"right": losses["right"]},
            planted_penalties.PENALTIES["L2: factor 2 (H2)"].part,
        ),
    }
    faults = road_faults(cases, rng, WIDTH, ROWS)
    assert {fault.split(": ")[0] for fault in faults} == {
        "loss, plain, wrong",
        "loss, repeated, wrong",
        "penalty, plain, right",
        "penalty, repeated, right",
    }


def test_a_missing_batch_sum_of_a_vector_is_caught(rng: np.random.Generator) -> None:
    """Without its sum the gradient has a row for each example, which `vmap` refuses."""
    wrong = rule(Dense, lambda p, x, dy, dx, dp: (dx, {**dp, "b": dy}), WIDTH, WIDTH)
    with pytest.raises(ValueError, match="out_axes"):
        backward_faults({"wrong": wrong}, rng, WIDTH, ROWS)
