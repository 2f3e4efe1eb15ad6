"""Threshold units, the perceptron rule, linear classifiers: exact where they can be."""

import doctest
import inspect
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import fnn
from fnn.classic import McCullochPitts, ThresholdNetwork, perceptron_fit, xor_network

GOLDEN = Path(__file__).parent / "golden"
UNITS = json.loads((GOLDEN / "mcculloch_pitts.json").read_text())
PATHS = json.loads((GOLDEN / "perceptron.json").read_text())
X = np.array(PATHS["inputs"], np.float32)
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}

fit = jax.jit(perceptron_fit, static_argnames=("rule", "epochs", "keep_path"))


@pytest.mark.parametrize("unit", UNITS["units"], ids=lambda unit: unit["unit"])
def test_truth_tables(unit: dict[str, Any]) -> None:
    made = McCullochPitts(np.array(unit["w"], np.float32), float(unit["theta"]))
    for x in (X, X.astype(int), X.astype(bool)):
        assert made(x).tolist() == unit["y_strict"]
    assert float(made(X[3])) == unit["y_strict"][3]
    # Stated where it differs from the paper of 1943, not left to a library.
    nonstrict = (X @ made.weights >= made.theta).tolist()
    assert nonstrict == unit["y_nonstrict"]


def test_units_side_by_side() -> None:
    weights = np.array([unit["w"] for unit in UNITS["units"]], np.float32).T
    theta = np.array([unit["theta"] for unit in UNITS["units"]], np.float32)
    answers = jax.jit(lambda unit, x: unit(x))(McCullochPitts(weights, theta), X)
    expected = [unit["y_strict"] for unit in UNITS["units"]]
    np.testing.assert_array_equal(answers.T, expected)


def test_numbers_of_other_kinds_are_not_rounded() -> None:
    """-0.5 and 0.4 are no integers; 257 is no bfloat16."""
    negation = McCullochPitts(np.array([-1]), -0.5)
    assert negation(X[1:3, :1]).tolist() == [1.0, 0.0]
    assert float(McCullochPitts(np.array([1, 1]), 0.5)(np.array([0.4, 0.4]))) == 1
    many = McCullochPitts(jnp.ones(257, jnp.bfloat16), 256.5)
    assert float(many(np.ones(257))) == 1


def test_xor_needs_a_hidden_layer() -> None:
    xor = UNITS["xor"]
    hidden = McCullochPitts(
        np.array([unit["w"] for unit in xor["hidden"]], np.float32).T,
        np.array([unit["theta"] for unit in xor["hidden"]], np.float32),
    )
    output = McCullochPitts(
        np.array(xor["output"]["w"], np.float32), xor["output"]["theta"]
    )
    network = ThresholdNetwork((hidden, output))
    assert network(X).tolist() == xor_network()(X).tolist() == xor["y"]


def test_no_single_unit_is_xor() -> None:
    """None of 41^3 units; the docstring has the proof."""
    grid = np.linspace(-2, 2, 41, dtype=np.float32)
    first, second, theta = (a.ravel() for a in np.meshgrid(grid, grid, grid))
    answers = np.asarray(McCullochPitts(np.stack([first, second]), theta)(X))
    found = {tuple(column) for column in answers.T.astype(int).tolist()}
    assert len(found) == 14
    assert found.isdisjoint({(0, 1, 1, 0), (1, 0, 0, 1)})


@pytest.mark.parametrize("rule", ["online", "batch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("x64")
def test_golden_paths(rule: str, dtype: Any) -> None:
    """Every weight of every step, to the last bit."""
    runs = [run for run in PATHS["runs"] if run["mode"] == rule]
    assert len(runs) == 24
    for run in runs:
        got = fit(
            X.astype(dtype),
            np.array(run["targets"]),
            learning_rate=run["eta"],
            start=np.array(run["start"], dtype),
            bias_input=run["bias_input"],
            rule=rule,
            epochs=12,
        )
        path = np.array(run["path"])
        assert got.path is not None
        assert got.path.shape == (1 + 12 * (4 if rule == "online" else 1), 3)
        assert got.path.dtype == dtype
        np.testing.assert_array_equal(got.path[: len(path)], path)
        rest = np.broadcast_to(path[-1], got.path[len(path) :].shape)
        np.testing.assert_array_equal(got.path[len(path) :], rest)
        np.testing.assert_array_equal(got.weights, path[-1])
        clean = run["first_clean_epoch"]
        assert bool(got.converged) == (clean is not None)
        assert int(got.epochs) == (12 if clean is None else clean + 1)
        right = got.unit(X.astype(dtype)).tolist() == run["targets"]
        assert right == (run["gate"] != "XOR")


def test_all_gates_at_once_and_alone() -> None:
    """K neurons side by side, mapped over learning rates, are K neurons alone."""
    targets = np.array([GATES["AND"], GATES["OR"]]).T
    rates = np.array([0.25, 0.5, 2.0], np.float32)

    def one(rate: Any, targets: Any) -> Any:
        return perceptron_fit(X, targets, learning_rate=rate, epochs=9)

    together = jax.jit(jax.vmap(one, (0, None)))(rates, targets)
    assert together.path.shape == (3, 1 + 9 * 4, 3, 2)
    for index, rate in enumerate(rates):
        for gate in range(2):
            alone = fit(X, targets[:, gate], learning_rate=rate, epochs=9)
            np.testing.assert_array_equal(together.path[index, :, :, gate], alone.path)
            assert together.mistakes[index, gate] == alone.mistakes
    # From zero weights the rate scales the weights and nothing else (errata D5).
    assert len(set(together.epochs.tolist())) == 1
    np.testing.assert_array_equal(together.path[2], 8 * together.path[0])


@pytest.mark.parametrize("rule", ["online", "batch"])
def test_xor_is_never_learned(rule: str) -> None:
    got = fit(X, np.array(GATES["XOR"]), rule=rule, epochs=5000, keep_path=False)
    assert not got.converged
    assert int(got.epochs) == 5000
    assert got.path is None
    # It cycles: the weights stay where they were in the first epochs.
    assert float(jnp.abs(got.weights).max()) <= 4


def test_the_example_of_the_notes() -> None:
    """AND in 6 epochs, OR in 3, from the small start of the notes."""
    start = np.array([0.05, -0.02, 0.01], np.float32)
    for gate, epochs in (("AND", 6), ("OR", 3)):
        got = fit(
            X,
            np.array(GATES[gate]),
            learning_rate=0.25,
            start=start,
            bias_input=-1.0,
        )
        assert (int(got.epochs), bool(got.converged)) == (epochs, True)


def test_narrow_inputs_have_wide_weights() -> None:
    """In bfloat16 a weight of 300 does not move by 1."""
    x, start = jnp.ones((1, 1), jnp.bfloat16), np.array([0, -300], np.float32)
    got = perceptron_fit(x, np.array([1]), start=start, epochs=500, keep_path=False)
    assert (got.converged, int(got.mistakes)) == (True, 151)


def test_a_negative_bias_input_negates_the_bias_weight() -> None:
    targets = np.array(GATES["AND"])
    one, other = (fit(X, targets, bias_input=bias) for bias in (1.0, -1.0))
    np.testing.assert_array_equal(one.path * jnp.array([[1.0, 1.0, -1.0]]), other.path)


def test_novikoff_bound(rng: np.random.Generator) -> None:
    """At most (R / gamma)^2 mistakes, from zero weights, on separable data."""
    truth = rng.normal(size=(4, 3))
    x = rng.normal(size=(60, 3)).astype(np.float32)
    rows = np.concatenate([x, np.ones((60, 1), np.float32)], axis=1)
    margins = rows @ (truth / np.linalg.norm(truth, axis=0))
    # Examples near a plane would take the rule for ever: leave them out.
    keep = (np.abs(margins) > 0.2).all(axis=1)
    x, rows, margins = x[keep], rows[keep], margins[keep]
    got = fit(x, (margins > 0).astype(np.int32), epochs=2000, keep_path=False)
    bound = np.square(np.linalg.norm(rows, axis=1).max() / np.abs(margins).min(axis=0))
    assert got.converged
    assert (np.asarray(got.mistakes) <= bound).all()
    np.testing.assert_array_equal(got.unit(x), margins > 0)


def minimize(recipe: fnn.Recipe, x: Any, y: Any, steps: int) -> fnn.TrainState:
    """Whole-batch descent for many steps, as one program."""

    def body(state: Any, _: Any) -> Any:
        return fnn.train_step(recipe, state, (x, y))[0], None

    start = fnn.init(recipe, jax.random.key(0))
    return jax.jit(lambda: jax.lax.scan(body, start, length=steps)[0])()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.usefixtures("x64")
def test_against_scikit_learn(classes: int, rng: np.random.Generator) -> None:
    """The same weights: C of scikit-learn is 1 / (strength B)."""
    labels = np.arange(90) % classes
    x = rng.normal(size=(90, 4)) + rng.normal(size=(classes, 4))[labels]
    optimizer, strength = fnn.optimizers.Momentum(0.2, 0.9), 0.1
    if classes == 2:
        recipe = fnn.classic.logistic_regression(
            4, strength=strength, optimizer=optimizer
        )
        targets = labels[:, None]
    else:
        recipe = fnn.classic.softmax_regression(
            4, classes, strength=strength, optimizer=optimizer
        )
        targets = labels
    state = minimize(recipe, x, targets, 2000)
    reference = LogisticRegression(C=1 / (strength * 90), tol=1e-12, max_iter=5000)
    reference.fit(x, labels)
    np.testing.assert_allclose(state.params["w"].T, reference.coef_, atol=1e-6)
    probabilities = fnn.predict(recipe, state, x)
    if classes == 2:
        got = jax.nn.sigmoid(probabilities)[:, 0]
        expected = reference.predict_proba(x)[:, 1]
    else:
        got, expected = jax.nn.softmax(probabilities), reference.predict_proba(x)
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.usefixtures("x64")
def test_linear_svm_against_scikit_learn(rng: np.random.Generator) -> None:
    """The same plane and the same objective: C is 1 / (strength B)."""
    y = np.where(np.arange(80) % 2, 1.0, -1.0)
    x = rng.normal(size=(80, 3)) + 0.8 * y[:, None]
    steps, strength = 6000, 0.1
    recipe = fnn.classic.linear_svm(
        3,
        strength=strength,
        optimizer=fnn.optimizers.SGD(fnn.schedules.Cosine(0.3, steps)),
    )
    state = minimize(recipe, x, y[:, None], steps)
    reference = SVC(kernel="linear", C=1 / (strength * 80), tol=1e-8).fit(x, y)

    def objective(w: Any, b: Any) -> float:
        hinge = np.maximum(0, 1 - y * (x @ w + b)).mean()
        return float(hinge + strength / 2 * np.sum(np.square(w)))

    got = objective(np.asarray(state.params["w"])[:, 0], state.params["b"][0])
    best = objective(reference.coef_[0], reference.intercept_[0])
    assert best - 1e-6 <= got <= best + 1e-4
    np.testing.assert_allclose(state.params["w"].T, reference.coef_, atol=0.02)


def test_a_sweep_over_the_strength() -> None:
    """The penalty is a number of the recipe, also when it is 0."""
    x, y = X, np.array(GATES["AND"])[:, None]

    def norm(strength: Any) -> jax.Array:
        recipe = fnn.classic.logistic_regression(2, strength=strength)
        state = fnn.init(recipe, jax.random.key(0))
        for _ in range(3):
            state, _ = fnn.train_step(recipe, state, (x, y))
        return jnp.sum(jnp.square(state.params["w"]))

    norms = jax.jit(jax.vmap(norm))(jnp.array([0.0, 0.1, 1.0]))
    assert (np.diff(norms) < 0).all()


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"x": X.astype(int)}, TypeError, "x must be floating"),
        ({"x": X[0]}, ValueError, r"x must have shape \(B, n\)"),
        ({"targets": [0, 1]}, TypeError, "targets must be a NumPy or JAX array"),
        ({"targets": np.ones(3)}, ValueError, r"targets \(P,\) or \(P, K\), got"),
        ({"targets": np.array([0, 1, -1, 0])}, ValueError, "0 and 1, got -1 in row 2"),
        ({"bias_input": 0.0}, ValueError, "bias_input must not be 0"),
        ({"start": np.zeros(2)}, ValueError, r"start must have shape \(3,\)"),
        ({"learning_rate": -1.0}, ValueError, "learning_rate must be above 0, got -1"),
        ({"rule": "both"}, ValueError, "rule must be 'online' or 'batch'"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1"),
    ],
    ids=str,
)
def test_mistakes(change: dict[str, Any], kind: Any, words: str) -> None:
    usual = {"x": X, "targets": np.array(GATES["AND"])}
    with pytest.raises(kind, match=words):
        perceptron_fit(**{**usual, **change})


def test_mistakes_with_units() -> None:
    with pytest.raises(TypeError, match="weights must be an array"):
        McCullochPitts([1.0, 1.0], 0.5)(X)
    with pytest.raises(ValueError, match=r"weights .* with a scalar theta"):
        McCullochPitts(np.ones((2, 3)), 0.5)(X)
    with pytest.raises(ValueError, match="x must have 3 inputs"):
        McCullochPitts(np.ones(3, np.float32), 0.5)(X)


def test_public_names_have_examples() -> None:
    for name, value in vars(fnn.classic).items():
        if inspect.isclass(value) or inspect.isfunction(value):
            record = inspect.isclass(value) and issubclass(value, tuple)
            examples = doctest.DocTestParser().get_examples(value.__doc__ or "")
            assert examples or record, name
