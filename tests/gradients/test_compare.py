"""The referee: every planted error is caught and named, no right network is accused."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.gradients import compare as referee
from fnn.gradients.report import GradientReport, compare_term
from fnn.gradients.terms import layer_terms
from fnn.layers import Dense, Layer, Repeat, Residual, Sequential, Tanh
from fnn.losses import HalfSquaredError
from tests.catalogue import LAYERS, ROWS, WIDTH
from tests.gradients import planted_losses, planted_penalties
from tests.gradients.test_planted_errors import LAYER_ERRORS

pytestmark = pytest.mark.usefixtures("quickly_compiled", "x64")


class Planted(Layer):
    """A right layer, some terms of whose backward rule are changed."""

    right: Layer
    changes: tuple[tuple[str, str], ...] = fnn.static()

    def init(self, key: Any) -> Any:
        return self.right.init(key)

    def forward(self, params: Any, stats: Any, x: Any, key: Any, train: bool) -> Any:
        return self.right.forward(params, stats, x, key, train)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        dx, dparams = self.right.backward(params, tape, dy)
        changes = dict(self.changes)

        def changed(name: str, g: Any) -> Any:
            return CHANGES[changes[name]][0](g) if name in changes else g

        return changed("input", dx), jax.tree_util.tree_map_with_path(
            lambda path, g: changed(name_of(path), g), dparams
        )


def name_of(path: Any) -> str:
    return ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path)


CHANGES: dict[str, tuple[Callable[[Any], Any], float | None]] = {
    "sign": (lambda g: -g, -1.0),
    "factor 2": (lambda g: 2 * g, 2.0),
    "missing": (lambda g: 0 * g, 0.0),
    "one in a billion": (lambda g: (1 + 1e-9) * g, 1 + 1e-9),
    "shuffled": (lambda g: jnp.flip(g) + 0.1, None),
}


def terms_of(layer: Layer) -> list[str]:
    params, _ = layer.init(jax.random.key(0))
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    return ["input", *map(name_of, paths)]


def planted_errors() -> dict[str, dict[str, str]]:
    """For every layer of the catalogue a change for each of its terms, in turn."""
    errors: dict[str, dict[str, str]] = {}
    count = 0
    for name in LAYERS:
        if name.split(":")[0] in ("mlp", "Heaviside"):
            continue
        errors[name] = {}
        for term in terms_of(LAYERS[name]()):
            errors[name][term] = list(CHANGES)[count % len(CHANGES)]
            count += 1
    return errors


ERRORS = planted_errors()
NAMES = list(ERRORS)
# Several in one compiled program: a report must tell them apart.
GROUPS = [NAMES[start : start + 8] for start in range(0, len(NAMES), 8)]
RULES = [
    "Dense: batch sum missing in dw",
    "Softmax: elementwise (B6)",
    "BatchNorm: statistics constant",
    "Dropout: scale missing (H3)",
    "Residual: identity missing (H12)",
]


def compare(
    layers: Sequence[Layer],
    dtype: Any = None,
    seed: int = 0,
    loss: Any = None,
    penalty: Any = None,
) -> GradientReport:
    # Between the layers an affine map each, so that no layer sees only ones or zeros.
    stack: list[Layer] = [Dense(3, WIDTH, bias=False)]
    for layer in layers:
        stack += [layer, Dense(WIDTH, WIDTH, bias=False)]
    recipe = fnn.Recipe(
        Sequential(*stack),
        HalfSquaredError() if loss is None else loss,
        fnn.optimizers.SGD(),
        penalty=penalty,
    )
    state = fnn.init(recipe, jax.random.key(seed))
    noisy = jax.tree.map(lambda p: p + 0.1, state.params)
    rng = np.random.default_rng(seed)
    batch = (rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, WIDTH)))
    return fnn.compare_gradients(recipe, state._replace(params=noisy), batch, dtype)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_every_term_of_every_layer_is_named(group: list[str]) -> None:
    """By the rows of the referee for layers alone, which need one program."""
    rng = np.random.default_rng(0)
    models = {
        name: Sequential(Planted(LAYERS[name](), tuple(ERRORS[name].items())))
        for name in group
    }
    x = jnp.asarray(rng.normal(size=(ROWS, WIDTH)))
    trees = {name: model.init(jax.random.key(0)) for name, model in models.items()}
    trees = jax.tree.map(lambda p: p + 0.1, trees)

    def terms(trees: Any, x: jax.Array, key: jax.Array) -> Any:
        return {
            name: layer_terms(model, trees[name][0], trees[name][1], x, key)[1]
            for name, model in models.items()
        }

    answers = jax.device_get(jax.jit(terms)(trees, x, jax.random.key(1)))
    for name in group:
        labels, pairs = list(answers[name]), list(answers[name].values())
        rows = referee._rows(labels, pairs, referee._FLOAT64, jnp.float64)
        wrong = {row.term: row for row in referee._innermost(rows) if not row.passed}
        assert set(wrong) == set(ERRORS[name])
        for term, change in ERRORS[name].items():
            factor, row = CHANGES[change][1], wrong[term]
            assert row.layer == "0 Planted"
            if factor is None:
                assert row.factor is None or row.size == 1
            else:
                assert row.factor == pytest.approx(factor, abs=1e-10)
                assert f"0 Planted: {term} is {factor:.6g} times" in str(row)


def test_the_report_of_a_network_names_every_wrong_rule() -> None:
    """Layers, loss and penalty wrong in one network: all are named, and no others."""
    planted = [LAYER_ERRORS[name] for name in RULES]
    loss = planted_losses.LOSSES["HalfSquaredError"]["factor 2 (C4)"]
    penalty = planted_penalties.PENALTIES["L2: of the biases too (H2)"]
    report = compare(
        [error.part for error in planted], None, 0, loss.part, penalty.part
    )
    assert not report.passed
    expected = {
        (f"{2 * index + 1} {type(error.part).__name__}", term): error.factor
        for index, error in enumerate(planted)
        for term in error.terms.split()
    }
    expected["WrongHalfSquaredError", "gradient"] = 2.0
    expected["WrongL2", "gradient"] = None
    found = {(row.layer, row.term): row.factor for row in report.wrong}
    assert found.keys() == expected.keys()
    for place, factor in expected.items():
        assert factor is None or found[place] == pytest.approx(factor, abs=1e-10)
        assert f"{place[0]}: {place[1]} is" in str(report)


def test_an_error_is_blamed_on_the_layer_inside_not_on_its_container() -> None:
    inner = Planted(Dense(WIDTH, WIDTH), (("w", "factor 2"),))
    for container in (Residual, lambda layer: Repeat(layer, 2)):
        report = compare([container(Sequential(Tanh(), inner))])
        (row,) = report.wrong
        assert row.layer.endswith(" / 1 Planted")
        assert row.factor == pytest.approx(2)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_error_is_caught_in_narrow_floats(dtype: str) -> None:
    report = compare([Planted(Dense(WIDTH, WIDTH), (("w", "factor 2"),))], dtype)
    assert [(row.layer, row.term) for row in report.wrong] == [("1 Planted", "w")]
    assert report.wrong[0].factor == pytest.approx(2, rel=0.05)
    assert len(report.nearer) == len(report.parameters)
    assert report.tolerance <= 0.25
    names = [(row.layer, row.term) for row in report.parameters]
    assert report.nearer[names.index(("1 Planted", "w"))] == "autodiff"


def test_the_witnesses_see_a_wrong_automatic_gradient() -> None:
    """Differences, complex step and Taylor slope judge autodiff, which is no oracle."""

    @jax.custom_jvp
    def bent(z: jax.Array) -> jax.Array:
        return jnp.sin(z)

    @bent.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return bent(*primals), 1.1 * jnp.cos(primals[0]) * tangents[0]

    class Bent(fnn.layers.Elementwise):
        def function(self, z: jax.Array) -> jax.Array:
            return bent(z)

        def derivative(self, a: jax.Array) -> jax.Array:
            return a

    right, wrong = compare([Tanh()]), compare([Bent()])
    for witness in right.witnesses:
        assert witness.differences < 1e-6
        assert witness.complex_step is None or witness.complex_step < 1e-10
        assert witness.slope is None or witness.slope == pytest.approx(2, abs=0.05)
    before = [row for row in wrong.witnesses if row.layer == "0 Dense"]
    for witness in before:
        assert witness.differences > 1e-3
        assert witness.slope == pytest.approx(1, abs=0.1)


def test_a_term_of_zeros_and_a_term_of_huge_numbers() -> None:
    zeros, huge = np.zeros(3), np.array([1e300, -1e300])
    assert compare_term("l", "w", zeros, zeros, 1e-12, 0.0).passed
    assert not compare_term("l", "w", zeros, zeros + 1e-30, 1e-12, 0.0).passed
    row = compare_term("l", "w", huge, -huge, 1e-12, 0.0)
    assert (row.factor, row.cosine) == (-1.0, pytest.approx(-1.0))
    nan = compare_term("l", "w", huge, huge * np.nan, 1e-12, 0.0)
    assert not nan.passed
