"""`fnn phase`: what theory says, in words, as JSON and as a picture."""

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

import fnn
from fnn.cli import main
from fnn.cli.options import ACTIVATIONS
from fnn.cli.plot_phase import chi_1
from fnn.layers import Elementwise

KEYS = ["q_star", "c_star", "chi_1", "xi_q", "xi_c", "phase", "trainable_depth"]
NETWORKS = [
    ("tanh", 2.0, 0.05, 1.0),
    ("tanh", 1.0, 0.0, 1.0),
    ("tanh", 1.3, 0.05, 0.9),
    ("relu", 2.0, 0.0, 1.0),
    ("selu", 1.5, 0.0, 1.0),
    ("gelu", 2.0, 0.0, 1.0),
    ("sigmoid", 1.0, 0.2, 1.0),
]


def flags(activation: str, weight: float, bias: float, keep: float) -> list[str]:
    words = f"phase --activation {activation} --weight-variance {weight}"
    return f"{words} --bias-variance {bias} --keep {keep}".split()


def as_number(value: Any) -> Any:
    return float(value) if value == "inf" else value


@pytest.mark.parametrize(("name", "weight", "bias", "keep"), NETWORKS)
def test_the_json_is_what_theory_says(
    name: Any,
    weight: float,
    bias: float,
    keep: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*flags(name, weight, bias, keep), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    result = json.loads(out)
    assert list(result) == KEYS
    expected = fnn.theory.phase(ACTIVATIONS[name], weight, bias, keep)._asdict()
    told = {key: as_number(value) for key, value in result.items()}
    assert told == {key: expected[key] for key in KEYS}


def test_an_infinity_is_a_word_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phase", "--weight-variance", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["xi_c"] == result["trainable_depth"] == "inf"
    assert result["phase"] == "critical"


def test_the_text_names_the_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(flags("tanh", 2.0, 0.05, 1.0)) == 0
    lines = capsys.readouterr().out.splitlines()
    head, *rows, last = lines
    assert head == "tanh, weight variance 2, bias variance 0.05: chaotic"
    told = dict(row.strip().split("  ", 1) for row in rows)
    numbers = {name: float(value.split()[0]) for name, value in told.items()}
    found = fnn.theory.phase(fnn.layers.Tanh(), 2.0, 0.05)
    expected = {
        "q*": found.q_star,
        "c*": found.c_star,
        "chi_1": found.chi_1,
        "xi_q": found.xi_q,
        "xi_c": found.xi_c,
        "6 xi_c": found.trainable_depth,
    }
    assert numbers == pytest.approx(expected, rel=1e-5)
    assert last.strip() == "chi_1 = 1 at weight variance 1.76095 with these biases"


def test_the_text_has_words_for_the_extremes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {}
    for weight in (1.0, 2.0, 3.0):
        assert main(flags("relu", weight, 0.0, 1.0)) == 0
        told[weight] = capsys.readouterr().out
    assert "signals fade" in told[1.0]
    assert "they vanish toward the input" in told[1.0]
    assert "infinite" in told[2.0]
    assert "signals" not in told[2.0]
    assert "signals grow" in told[3.0]
    assert "they explode toward the input" in told[3.0]


def test_every_activation_with_a_slope_has_a_name() -> None:
    named = {type(activation) for activation in ACTIVATIONS.values()}
    there = {
        part
        for _, part in inspect.getmembers(fnn.layers, inspect.isclass)
        if issubclass(part, Elementwise) and part is not Elementwise
    }
    assert named == there - {fnn.layers.Heaviside}
    for name, activation in ACTIVATIONS.items():
        assert name.replace("-", "") == type(activation).__name__.lower()


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "sigmoid"])
def test_the_colours_are_those_of_theory(name: Any) -> None:
    """Of a table, but the same fixed points. GELU's chi_1 jumps: not at these."""
    activation = ACTIVATIONS[name]
    wide, high = np.array([0.4, 1.1, 1.9, 3.1]), np.array([0.0, 0.03, 0.3])
    drawn = chi_1(activation, wide, high)
    exact = [[fnn.theory.phase(activation, w, b).chi_1 for w in wide] for b in high]
    np.testing.assert_allclose(drawn, exact, rtol=2e-3)


def test_the_colours_of_dropout_are_those_of_theory() -> None:
    activation, keep = fnn.layers.Tanh(), 0.8
    drawn = chi_1(activation, np.array([1.3]) / keep, np.array([0.05]))
    exact = fnn.theory.phase(activation, 1.3, 0.05, keep).chi_1
    assert drawn.item() == pytest.approx(exact, rel=2e-3)


def test_pictures_show_where_the_network_is(tmp_path: Path) -> None:
    pictures = []
    for weight in (1.5, 1.6):
        path = tmp_path / f"{weight}.png"
        words = flags("tanh", weight, 0.05, 1.0)
        assert main([*words, "--json", "--plot", str(path)]) == 0
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        pictures.append(imread(path)[..., :3])
    gold = [
        (np.abs(picture - (1, 0.843, 0)).max(axis=-1) < 0.02) for picture in pictures
    ]
    # The star's middle column, where the axes are the same; the legend has one too.
    places = [np.argwhere(at[: len(at) * 4 // 5]).mean(axis=0)[1] for at in gold]
    assert 5 < places[1] - places[0] < 60
    for picture in pictures:
        red, blue = picture[..., 0], picture[..., 2]
        assert (red > blue + 0.1).mean() > 0.05
        assert (blue > red + 0.1).mean() > 0.2


@pytest.mark.parametrize("name", ["relu", "gelu", "softplus"])
def test_pictures_of_networks_without_a_line_of_critical_points(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    assert main([*flags(name, 2.0, 0.1, 1.0), "--plot", str(path)]) == 0
    assert imread(path)[..., :3].std() > 0.1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--weight-variance 0", "--weight-variance must be above 0, got 0.0."),
        ("--weight-variance nan", "--weight-variance must be above 0, got nan."),
        ("--weight-variance 1 --bias-variance -1", "--bias-variance must be at least"),
        ("--weight-variance 1 --keep 0", "--keep must be above 0 and at most 1"),
        ("--weight-variance 1 --plot a.pdf", "--plot must end in .png, got a.pdf."),
        ("--weight-variance 1 --plot no/a.png", "--plot: there is no folder no."),
    ],
)
def test_a_bad_number_ends_with_one_line_and_status_2(
    words: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["phase", *words.split(), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fnn: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_picture_that_cannot_be_drawn_ends_with_status_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.mkdir()
    words = [*flags("tanh", 1.0, 0.0, 1.0), "--json", "--plot", str(path)]
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["phase"] == "critical"
    assert "Is a directory" in err
    assert err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    expected = "fnn: --plot: matplotlib is not installed: pip install 'fnn[plot]'\n"
    assert err == expected


@pytest.mark.parametrize("name", ["heaviside", "softmax", "Tanh"])
def test_other_activations_are_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(flags(name, 1.0, 0.0, 1.0))
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_help_tells_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["phase", "--help"])
    assert caught.value.code == 0
    told = " ".join(capsys.readouterr().out.split())
    for word in ("--activation", "--weight-variance", "--keep", "--plot", '"inf"'):
        assert word in told
    assert "gelu-tanh" in told


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parent.parent / "docs" / "theory.md").read_text()
    block = r"^```(?:python|(?=\nfnn ))\n([^`]*)^```\n\n```text\n(.*?)^```"
    names: dict[str, Any] = {"fnn": fnn}
    pairs = re.findall(block, page, re.M | re.S)
    assert len(pairs) == page.count("```text") > 8
    for words, told in pairs:
        if words.startswith("fnn "):
            command, _, _ = words.partition(" --plot")
            assert main(command.split()[1:]) == 0
        else:
            exec(compile(words, "theory.md", "exec"), names)
        assert capsys.readouterr().out == told
