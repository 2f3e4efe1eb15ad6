"""The referee: every planted error is caught and named, no right network is accused."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.gradients.report import GradientReport, compare_term
from fnn.layers import Dense, Layer, Repeat, Residual, Sequential, Tanh
from fnn.losses import HalfSquaredError
from tests.catalogue import LAYERS, ROWS, WIDTH
from tests.gradients.test_planted_errors import LAYER_ERRORS

pytestmark = pytest.mark.usefixtures("x64")


class Planted(Layer):
    """A right layer, one term of whose backward rule is changed."""

    right: Layer
    term: str = fnn.static()
    change: Callable[[Any], Any] = fnn.static()

    def init(self, key: Any) -> Any:
        return self.right.init(key)

    def forward(self, params: Any, stats: Any, x: Any, key: Any, train: bool) -> Any:
        return self.right.forward(params, stats, x, key, train)

    def backward(self, params: Any, tape: Any, dy: Any) -> Any:
        dx, dparams = self.right.backward(params, tape, dy)
        if self.term == "input":
            return self.change(dx), dparams
        changed = jax.tree_util.tree_map_with_path(
            lambda path, g: self.change(g) if name_of(path) == self.term else g, dparams
        )
        return dx, changed


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


Case = tuple[str, str, str]


def planted_errors() -> list[Case]:
    """(layer, term, change) for every term of every layer of the catalogue."""
    cases: list[Case] = []
    for name in LAYERS:
        if name.split(":")[0] in ("mlp", "Heaviside"):
            continue
        for term in terms_of(LAYERS[name]()):
            # In turn: over the catalogue every change is planted many times.
            cases.append((name, term, list(CHANGES)[len(cases) % len(CHANGES)]))
    return cases


ERRORS = planted_errors()
# Several in one network, one compiled program: a report must tell them apart.
GROUPS = [ERRORS[start : start + 8] for start in range(0, len(ERRORS), 8)]
RULES = list(LAYER_ERRORS)
RULE_GROUPS = [RULES[start : start + 7] for start in range(0, len(RULES), 7)]


def compare(
    layers: Sequence[Layer], dtype: Any = None, seed: int = 0
) -> GradientReport:
    # Between the layers an affine map each, so that no layer sees only ones or zeros.
    stack: list[Layer] = [Dense(3, WIDTH, bias=False)]
    for layer in layers:
        stack += [layer, Dense(WIDTH, WIDTH, bias=False)]
    recipe = fnn.Recipe(Sequential(*stack), HalfSquaredError(), fnn.optimizers.SGD())
    state = fnn.init(recipe, jax.random.key(seed))
    noisy = jax.tree.map(lambda p: p + 0.1, state.params)
    rng = np.random.default_rng(seed)
    batch = (rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, WIDTH)))
    return fnn.compare_gradients(recipe, state._replace(params=noisy), batch, dtype)


def test_there_are_enough_planted_errors() -> None:
    assert len(ERRORS) + len(LAYER_ERRORS) >= 60
    assert {change for _, _, change in ERRORS} == set(CHANGES)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0][0])
def test_every_error_is_named(group: list[Case]) -> None:
    layers = [
        Planted(LAYERS[name](), term, CHANGES[change][0])
        for name, term, change in group
    ]
    report = compare(layers)
    assert not report.passed
    places = [f"{2 * index + 1} Planted" for index in range(len(group))]
    expected = {
        (place, term) for place, (_, term, _) in zip(places, group, strict=True)
    }
    assert {(row.layer, row.term) for row in report.wrong} == expected
    found = {row.layer: row for row in report.wrong}
    for place, (_, term, change) in zip(places, group, strict=True):
        factor, row = CHANGES[change][1], found[place]
        if factor is None:
            assert row.factor is None or row.size == 1
        else:
            assert row.factor == pytest.approx(factor, abs=1e-10)
            assert f"{place}: {term} is {factor:.6g} times" in str(report)


@pytest.mark.parametrize("group", RULE_GROUPS, ids=lambda group: group[0])
def test_every_wrong_rule_is_named(group: list[str]) -> None:
    layers = [LAYER_ERRORS[name]() for name in group]
    report = compare(layers)
    assert not report.passed
    expected = {f"{2 * i + 1} {type(layer).__name__}" for i, layer in enumerate(layers)}
    assert {row.layer for row in report.wrong} == expected


def test_an_error_is_blamed_on_the_layer_inside_not_on_its_container() -> None:
    inner = Planted(Dense(WIDTH, WIDTH), "w", lambda g: 3 * g)
    for container in (Residual, lambda layer: Repeat(layer, 2)):
        report = compare([container(Sequential(Tanh(), inner))])
        (row,) = report.wrong
        assert row.layer.endswith(" / 1 Planted")
        assert row.factor == pytest.approx(3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_error_is_caught_in_narrow_floats(dtype: str) -> None:
    report = compare([Planted(Dense(WIDTH, WIDTH), "w", lambda g: 2 * g)], dtype)
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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_right_network_is_accused(dtype: str) -> None:
    """250 networks of random weights and data for each of two models and dtypes.

    All in a few programs: what `compare_gradients` compares, over a population.
    """
    from fnn.gradients import compare as referee

    L = fnn.layers
    models = (
        Sequential(
            Dense(3, 4, bias=False), L.BatchNorm(4), L.ReLU(), L.Dropout(0.3),
            Dense(4, 2),
        ),
        Sequential(
            Dense(3, 4), Repeat(Sequential(Tanh(), Dense(4, 4)), 3), L.LayerNorm(4),
            Residual(Sequential(Dense(4, 4), L.Sigmoid())), L.Softmax(), Dense(4, 2),
        ),
    )  # fmt: skip
    loss = HalfSquaredError()

    def run(model: Layer, key: Any, dtype: Any) -> Any:
        params, stats = model.init(key)
        x, y = jax.random.normal(key, (ROWS, 3)), jax.random.normal(key, (ROWS, 2))
        # The same numbers, rounded, in either width.
        narrow = jax.tree.map(lambda t: t.astype(jnp.float32), (params, stats, x, y))
        params, stats, x, y = jax.tree.map(lambda t: t.astype(dtype), narrow)
        batch = fnn.Batch(x, y)
        auto, hand = (
            jax.tree.leaves(road(model, loss, params, stats, batch, key)[2])
            for road in (fnn.autodiff, fnn.backprop)
        )
        return auto, hand, referee._terms(model, loss, params, stats, batch, None, key)

    for model in models:
        keys = jax.random.split(jax.random.key(0), 250)
        labels = referee.parameter_labels(model, model.init(keys[0])[0])
        measured = {
            width: jax.jit(jax.vmap(lambda k, m=model, w=width: run(m, k, w)))(keys)
            for width in {dtype, "float64"}
        }
        auto, hand, terms = jax.tree.map(np.asarray, measured[dtype])
        true = jax.tree.map(np.asarray, measured["float64"][0])
        for index in range(len(keys)):
            a, h, t = ([leaf[index] for leaf in tree] for tree in (auto, hand, true))
            tolerance = 1e-12
            if dtype != "float64":
                tolerance = referee._derived_tolerance(a, t, dtype)
            pairs = list(zip(a, h, strict=True))
            rows = referee._rows(labels, pairs, tolerance, dtype)
            local = [(p[0][index], p[1][index]) for p in terms.values()]
            rows += referee._rows(list(terms), local, tolerance, dtype)
            assert [str(row) for row in rows if not row.passed] == []


def test_a_term_of_zeros_and_a_term_of_huge_numbers() -> None:
    zeros, huge = np.zeros(3), np.array([1e300, -1e300])
    assert compare_term("l", "w", zeros, zeros, 1e-12, 0.0).passed
    assert not compare_term("l", "w", zeros, zeros + 1e-30, 1e-12, 0.0).passed
    row = compare_term("l", "w", huge, -huge, 1e-12, 0.0)
    assert (row.factor, row.cosine) == (-1.0, pytest.approx(-1.0))
    nan = compare_term("l", "w", huge, huge * np.nan, 1e-12, 0.0)
    assert not nan.passed
