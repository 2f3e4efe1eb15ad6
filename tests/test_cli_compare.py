"""`fnn compare`: every model on the same folds, in one table or one JSON object."""

import json
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

import fnn
from fnn.cli import baselines, compare, contest, main
from fnn.cli.output import console
from fnn.cli.significance import corrected_t_test
from fnn.data import Batch
from tests.test_cli import COMMAND, HIDE

MODELS = [
    "fnn network",
    "fnn linear",
    "KNN",
    "SVM (RBF)",
    "decision tree",
    "random forest",
    "logistic/ridge",
]
SMALL = ("compare", "--folds", "2", "--data")


def result_of(words: tuple[str, ...]) -> dict[str, Any]:
    """The JSON object of a run in this process, which compiles what later ones use."""
    with pytest.MonkeyPatch.context() as patch:
        found: list[dict[str, Any]] = []
        patch.setattr(compare, "print_json", found.append)
        assert main([*words, "--json"]) == 0
    (result,) = found
    return result


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    return result_of((*SMALL, "wine", "diabetes"))


def means(result: dict[str, Any], data: str) -> dict[str, float]:
    cells = [cell for cell in result["cells"] if cell["data"] == data]
    return {cell["model"]: cell["mean"] for cell in cells}


def test_the_object_has_every_score_and_second(result: dict[str, Any]) -> None:
    described = {"data", "recipes", "reference", "folds", "seed"}
    assert set(result) == described | {"cells", "seconds"}
    assert (result["folds"], result["seed"]) == (2, 0)
    assert result["data"] == {
        "wine": {"examples": 178, "features": 13, "classes": 3, "metric": "accuracy"},
        "diabetes": {"examples": 442, "features": 10, "classes": None, "metric": "R2"},
    }
    assert len(result["cells"]) == 2 * len(MODELS)
    for name in ("wine", "diabetes"):
        assert list(means(result, name)) == MODELS
    for cell in result["cells"]:
        assert set(cell) == set(contest.Cell._fields)
        assert len(cell["scores"]) == len(cell["seconds"]) == 2
        assert cell["mean"] == pytest.approx(np.mean(cell["scores"]))
        assert cell["spread"] == pytest.approx(np.std(cell["scores"], ddof=1))
        assert min(cell["seconds"]) > 0
        highest = max(means(result, cell["data"]).values())
        assert cell["best"] == (cell["mean"] == highest)
    assert sum(sum(cell["seconds"]) for cell in result["cells"]) < result["seconds"]


def test_the_recipes_are_those_that_ran(result: dict[str, Any]) -> None:
    for told in result["recipes"].values():
        assert list(told) == MODELS
    words = result["recipes"]["wine"]["fnn network"]
    # Two folds of 178 examples: two steps an epoch.
    for part in ("Dense(n_in=128, n_out=64", "total_steps=120", "epochs 60, batch 32"):
        assert part in words
    assert result["recipes"]["diabetes"]["logistic/ridge"] == "Ridge()"


def test_the_p_values_are_of_the_differences_from_the_network(
    result: dict[str, Any],
) -> None:
    assert result["reference"] == MODELS[0]
    for data in ("wine", "diabetes"):
        first, *others = (cell for cell in result["cells"] if cell["data"] == data)
        assert first["p_value"] is None
        folds = contest.cut(baselines.load(data), 2, seed=0)
        share = sum(len(f.test) for f in folds) / sum(len(f.train) for f in folds)
        for cell in others:
            d = np.subtract(cell["scores"], first["scores"])
            t = np.mean(d) / np.sqrt((1 / 2 + share) * np.var(d, ddof=1))
            expected = 2 * stats.t.sf(abs(t), 1) if d.any() else 1.0
            assert cell["p_value"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("folds", [2, 5, 10, 40])
def test_the_corrected_t_test_against_scipy(
    folds: int, rng: np.random.Generator
) -> None:
    share = 1 / (folds - 1)
    for center in (0.0, 0.02, 1.0):
        d = rng.normal(center, 0.05, folds)
        t = np.mean(d) / np.sqrt((1 / folds + share) * np.var(d, ddof=1))
        expected = 2 * stats.t.sf(abs(t), folds - 1)
        assert corrected_t_test(d, share) == pytest.approx(expected, rel=1e-9)
        # Without the correction it is SciPy's paired test itself.
        paired = stats.ttest_rel(d, np.zeros(folds)).pvalue
        assert corrected_t_test(d, 0.0) == pytest.approx(paired, rel=1e-9)


def test_folds_that_all_differ_alike_or_not_at_all() -> None:
    assert corrected_t_test([0.0, 0.0, 0.0], 0.5) == 1
    assert corrected_t_test([0.25, 0.25, 0.25], 0.5) == 0


def test_the_scores_are_plausible(result: dict[str, Any]) -> None:
    wine, diabetes = means(result, "wine"), means(result, "diabetes")
    assert all(0.8 < score <= 1 for score in wine.values())
    assert wine["fnn network"] >= max(wine.values()) - 0.05
    assert diabetes["fnn network"] >= max(diabetes.values()) - 0.05
    assert 0.3 < max(diabetes.values()) < 0.7


def test_the_linear_rows_have_one_minimum(result: dict[str, Any]) -> None:
    for data, tolerance in (("wine", 0.012), ("diabetes", 0.01)):
        found = means(result, data)
        difference = abs(found["fnn linear"] - found["logistic/ridge"])
        assert difference <= tolerance


def test_the_table_has_every_model_and_the_seed_decides(
    result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, "wine"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "wine: 178 examples, 13 features, 3 classes, accuracy" in lines
    wine = {cell["model"]: cell for cell in result["cells"] if cell["data"] == "wine"}
    for model in MODELS:
        scores, *p_value, seconds = (line for line in lines if line.startswith(model))
        cell = wine[model]
        if cell["p_value"] is None:
            assert p_value == []
        else:
            assert p_value[0].split()[-1] == f"{cell['p_value']:.3f}"
        # The same numbers as those of the other run.
        assert f"{100 * cell['mean']:.1f} +- {100 * cell['spread']:.1f}" in scores
        assert ("*" in scores) == cell["best"]
        assert float(seconds.split()[-1]) >= 0


def test_a_small_p_value_is_not_told_as_0() -> None:
    assert compare.p_in_words(0.0) == compare.p_in_words(0.00099) == "<0.001"
    assert compare.p_in_words(0.001) == "0.001"


def test_the_columns_fit_a_narrow_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    columns = {
        name: compare.describe(baselines.load(name))
        for name in ("digits", "breast-cancer", "wine", "diabetes")
    }
    cells = [
        contest.Cell(model, name, [], -0.123, 0.123, True, 0.5, [100.0])
        for model in MODELS
        for name in columns
    ]
    console(json=False).print(compare.score_table(cells, columns))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(MODELS) + 2
    assert all(line.count("*") == 4 for line in lines[2:])
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_every_model_gets_the_same_folds(name: str) -> None:
    data = baselines.load(name)
    seen: dict[str, list[tuple[Batch, np.ndarray]]] = {}

    class Note(NamedTuple):
        model: str

        def predict(self, train: Batch, x: np.ndarray, fold: int) -> np.ndarray:
            assert fold == len(seen.setdefault(self.model, []))
            seen[self.model].append((train, x))
            return np.zeros((len(x), 3 if name == "wine" else 1), np.float32)

    asked = list(contest.models(data, 100, seed=0))
    assert asked == MODELS
    folds = contest.cut(data, 5, seed=3)
    parts = [contest.prepare(data, fold, shared=False) for fold in folds]
    notes: dict[str, contest.Model] = {model: Note(model) for model in asked}
    contest.compare(name, data, notes, parts)
    first = seen[MODELS[0]]
    assert len(first) == 5
    for other in seen.values():
        for (train, x), (same, same_x) in zip(first, other, strict=True):
            np.testing.assert_array_equal(train.x, same.x)
            np.testing.assert_array_equal(train.y, same.y)
            np.testing.assert_array_equal(x, same_x)


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_the_folds_cover_the_data_and_hide_the_test_part(name: str) -> None:
    data = baselines.load(name)
    folds = contest.cut(data, 5, seed=0)
    tested = np.sort(np.concatenate([fold.test for fold in folds]))
    np.testing.assert_array_equal(tested, np.arange(len(data.x)))
    assert len({len(fold.train) for fold in folds}) == 1
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        assert len(data.x) - len(fold.train) - len(fold.test) <= 1
        train, test = contest.prepare(data, fold, shared=False)
        # The scales come from the training part, so only its means are zero.
        assert np.abs(train.x.mean(axis=0)).max() < 1e-5
        assert np.abs(test.x.mean(axis=0)).max() > 1e-2
    assert contest.cut(data, 5, seed=0)[0].test.tolist() == folds[0].test.tolist()
    assert contest.cut(data, 5, seed=1)[0].test.tolist() != folds[0].test.tolist()


def test_the_digits_are_those_of_fnn() -> None:
    np.testing.assert_array_equal(baselines.load("digits").x, fnn.data.digits().x)


def test_without_scikit_learn_it_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDE.format("sklearn") + COMMAND, "compare", "--json"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    told = "fnn: sklearn is not installed: pip install 'fnn[sklearn]'\n"
    assert done.stderr == told


def test_stdout_is_for_the_object_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "compare", lambda *_: [])
    assert main(["compare", "--json"]) == 0
    told = capsys.readouterr()
    assert told.out.count("\n") == 1
    columns = ["digits", "breast-cancer", "wine", "diabetes"]
    assert list(json.loads(told.out)["data"]) == columns
    assert [line.split(":")[0] for line in told.err.splitlines()] == columns


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--folds 1", "--folds must be at least 2 and at most 40, got 1."),
        ("--folds 41", "--folds must be at least 2 and at most 40, got 41."),
        ("--seed -1", "--seed must be from 0"),
        ("--data", "--data must name at least one data set."),
    ],
)
def test_a_bad_flag_ends_with_one_line_and_status_2(
    flags: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *flags.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("fnn: ")
    assert message in told.err
    assert told.err.count("\n") == 1
