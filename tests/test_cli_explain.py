"""`fnn explain`: the notes' example to the last digit, their slips, the page."""

import itertools
import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

import fnn
from fnn.cli import main
from tests.training.test_explain import AFTER, GOLDEN, TRUE

ROOT = Path(__file__).parent.parent

# Where each golden number stands in the JSON object; W is (inputs, outputs) there.
PLACES = {
    "z2": "layers 0 output",
    "a2": "layers 1 output",
    "z3": "layers 2 output 0",
    "a3": "prediction 0",
    "J": "loss",
    "dsigma_z3": "layers 3 slope 0",
    "dJ_dz3": "layers 2 output_gradient 0",
    "dJ_dW2": "layers 2 gradients w",
    "dJ_db2": "layers 2 gradients b 0",
    "dJ_da2": "layers 2 input_gradient",
    "dsigma_z2": "layers 1 slope",
    "dJ_dz2": "layers 0 output_gradient",
    "dJ_dW1": "layers 0 gradients w",
    "dJ_db1": "layers 0 gradients b",
    "dJ_dx": "layers 0 input_gradient",
}


def told(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["explain", *words.split()]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def as_json(words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    out = told(f"{words} --json", capsys)
    assert out.count("\n") == 1
    return json.loads(out)


def entry(result: Any, place: str) -> Any:
    path = (int(word) if word.isdigit() else word for word in place.split())
    return reduce(lambda value, key: value[key], path, result)


def flat(value: Any) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in flat(item)]
    return [value]


def transposed(matrix: list[list[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*matrix, strict=True)]


def test_the_json_has_every_golden_number(capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json("2-2-1", capsys)
    assert set(PLACES) == set(TRUE)
    for name, place in PLACES.items():
        value = entry(result, place)
        value = transposed(value) if name == "dJ_dW1" else value
        expected = pytest.approx(flat(TRUE[name]), rel=0, abs=1e-15)
        assert flat(value) == expected, name
    assert result["learning_rate"] == AFTER["rate"]
    assert result["loss_after"] == pytest.approx(AFTER["J"], rel=0, abs=1e-15)
    for layer, place, name in ((0, "w", "W1"), (0, "b", "b1"), (2, "w", "W2")):
        row = result["layers"][layer]
        old, update = flat(row["parameters"][place]), flat(row["updates"][place])
        new = [a + b for a, b in zip(old, update, strict=True)]
        after = transposed(AFTER[name]) if name == "W1" else AFTER[name]
        assert new == pytest.approx(flat(after), rel=0, abs=1e-15)


def test_the_text_has_every_golden_number(capsys: pytest.CaptureFixture[str]) -> None:
    out = told("2-2-1", capsys)
    for name, value in [*TRUE.items(), ("J", AFTER["J"])]:
        for number in flat(value):
            assert f"{number:.14g}"[:-1] in out, name


def test_the_notes_digits_stand_beside(capsys: pytest.CaptureFixture[str]) -> None:
    rows = as_json("2-2-1", capsys)["notes"]
    printed = {float(row["printed"]) for row in rows if row["printed"]}
    assert printed == set(flat(list(GOLDEN["seed"].values())))
    for row in rows:
        if row["printed"]:
            # The notes' digits are rounded on the way (errata C7).
            assert float(row["printed"]) == pytest.approx(row["value"], rel=3e-3)
            assert row["lines"].startswith("001:")


def test_the_lines_are_those_of_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    notes = Path(__file__).parents[2] / "shared/notes/001_adac6bd47b20ddb1.txt"
    if not notes.exists():
        pytest.skip("the source notes do not travel with the repository")
    lines = notes.read_text().splitlines()
    for row in as_json("2-2-1", capsys)["notes"]:
        if row["lines"]:
            line = lines[int(row["lines"].removeprefix("001:")) - 1]
            assert row["printed"] in line


def test_every_slip_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    result = as_json("2-2-1", capsys)
    wrong = {
        (row["lines"], row["printed"])
        for row in result["notes"]
        if "wrong value" in row["verdict"]
    }
    assert wrong == {
        ("001:576", "1.0413"),
        ("001:597", "0.03406"),
        ("001:608", "0.1929"),
        ("001:645", "0.2339"),
        ("001:648", "0.2047"),
        ("001:656", "-0.00617"),
        ("001:670", "-0.00308"),
        ("001:674", "-0.00617"),
    }
    missing = [row for row in result["notes"] if "missing entry" in row["verdict"]]
    values = sorted(row["value"] for row in missing)
    assert values == pytest.approx(sorted(row[1] for row in TRUE["dJ_dW1"]))
    labels = [row["printed"] for row in result["notes"] if "label" in row["verdict"]]
    assert labels == ["-0.02515", "-0.03018"]
    words = " ".join(slip["words"] for slip in result["slips"])
    for number in range(1, 8):
        assert f"(C{number})" in words


@pytest.mark.parametrize("form", ["", "--markdown"])
def test_slips_are_told_in_words(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(f"2-2-1 {form}", capsys).replace("**", "")
    for words in (
        "wrong value: rounds to 0.03403 (C7)",
        "wrong value: rounds to 0.1928 (C7)",
        "missing entry: W^1 has four (C1)",
        "wrong label: this is dJ/da^2, not z^2 (C5)",
        "wrong label: this is the half squared error",
        "wrong shape: W^2",
        "ambiguous label: W^1 leads out of layer 1 here",
    ):
        assert words in out


def test_the_page_in_docs_is_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "worked-example.md").read_text()
    again = "write it again: fnn explain 2-2-1 --markdown > docs/worked-example.md"
    assert told("2-2-1 --markdown", capsys) == page, again


def test_without_sizes_it_is_the_notes_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told("", capsys) == told("2-2-1", capsys)


@pytest.mark.parametrize(
    "words",
    [
        "4-3-2",
        "3-4-4-2 --activation tanh --loss softmax-cross-entropy --seed 7",
        "2-2 --activation relu --loss mean-squared-error",
        "5-6-1 --activation identity --loss sigmoid-cross-entropy",
        "64-9-10",
        "64-9-10 --loss half-squared-error",
        "2-2-1 --seed 0",
        "2-2-1 --activation relu",
    ],
)
def test_other_networks(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = as_json(words, capsys)
    assert first == as_json(words, capsys)
    assert first["dtype"] == "float64"
    assert first["loss_after"] < first["loss"] or "relu" in words
    assert first["notes"] == first["slips"] == []
    sizes = [int(width) for width in words.split()[0].split("-")]
    dense = [row for row in first["layers"] if row["kind"] == "Dense"]
    shapes = [(len(row["input"]), len(row["output"])) for row in dense]
    assert shapes == list(itertools.pairwise(sizes))
    # The cross-entropies take logits: nothing stands after the last affine map.
    logits = "CrossEntropy" in first["loss_name"]
    assert (first["layers"][-1]["kind"] == "Dense") == logits
    assert "The notes beside it" not in told(words, capsys)
    assert told(f"{words} --markdown", capsys).startswith("# A worked example: ")


def test_a_digit_is_read_and_seeds_differ(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (as_json(f"64-8-10 --seed {seed}", capsys) for seed in (0, 1))
    assert first["loss_name"] == "SoftmaxCrossEntropy()"
    assert "test image 0" in first["example"]
    assert first["example"].endswith(f"a {first['target']}")
    assert first["x"] != second["x"]
    assert first["layers"][0]["parameters"] != second["layers"][0]["parameters"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("3", "SIZES must be widths joined by -, such as 4-3-2, got 3."),
        ("4-x-2", "SIZES must be widths joined by -, such as 4-3-2, got 4-x-2."),
        ("4-0-2", "SIZES must be at least 1, got 0."),
        ("5000-5000", "SIZES must make at most 1,000,000 weights, got 25,000,000."),
        ("4-2 --seed -1", "--seed must be from 0 to 2^32 - 1, got -1."),
        ("4-2 --learning-rate nan", "--learning-rate must be at least 0, got nan."),
        ("2-1 --loss softmax-cross-entropy", "must have at least two outputs, got 1."),
        ("2-2-1 --json --markdown", "exclude each other"),
    ],
)
def test_a_bad_argument_ends_with_one_line_and_status_2(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *words.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fnn: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", ["--activation softmax", "--loss l1", "--digits 3"])
def test_a_word_that_is_no_flag_ends_with_status_2(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", "4-3-2", *words.split()])
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_explain_is_at_the_door() -> None:
    assert fnn.explain.__module__ == "fnn.training.explain"
