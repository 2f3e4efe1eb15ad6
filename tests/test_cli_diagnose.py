"""`fnn diagnose` and `fnn cure`: deep networks for digits, judged and mended."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from matplotlib.image import imread

import fnn
from fnn.cli import deep, main
from fnn.cli.commands import parse
from fnn.cli.diagnose import Diagnose, as_dict
from fnn.cli.plot_health import save, ticks

# One shape for all tests that measure: compiled once.
SMALL = "diagnose --layers 9 --width 8 --batch-size 32 --steps 3"
VANISHING = f"{SMALL} --activation sigmoid"
HEALTHY = f"{SMALL} --activation tanh --initializer orthogonal"
EXPLODING = f"{HEALTHY} --gain 5 --learning-rate 1e-6"


def report_of(words: str) -> fnn.health.HealthReport:
    """What `fnn.diagnose` says of the network that the words ask for."""
    command = parse(words.split())
    assert isinstance(command, Diagnose)
    recipe, state, train = command.start()
    key = jax.random.key(command.seed)
    batch = next(fnn.data.batches(train, command.batch_size, key))
    return fnn.diagnose(recipe, state, batch, steps=command.steps)


def number(value: Any) -> float:
    return np.nan if value is None else float(value)


@pytest.mark.parametrize(
    ("words", "verdict", "status"),
    [(VANISHING, "vanishing", 1), (HEALTHY, "healthy", 0)],
)
def test_the_json_is_the_report(
    words: str, verdict: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--json"]) == status
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    result = json.loads(out)
    report = report_of(words)
    assert (result["verdict"], result["healthy"]) == (verdict, status == 0)
    assert result["verdict"] == report.verdict
    for name in ("gain", "predicted_gain", "ratio"):
        assert result[name] == getattr(report, name)
    assert result["names"] == list(report.names)
    assert len(result["names"]) == 9
    assert set(result["statistics"]) == set(fnn.Statistics._fields)
    for name, values in result["statistics"].items():
        told = np.array([number(value) for value in values])
        np.testing.assert_array_equal(told, getattr(report.statistics, name))
    assert result["losses"] == report.losses.tolist()
    assert result["vanishing"] == list(report.criteria.vanishing)
    assert result["nonfinite"] is None
    assert "9 layers of width 8" in result["recipe"]


def test_the_text_is_the_report_and_the_picture_shows_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = {}
    for words, status in ((VANISHING, 1), (EXPLODING, 1), (HEALTHY, 0)):
        path = tmp_path / "a.png"
        assert main([*words.split(), "--plot", str(path)]) == status
        told = capsys.readouterr().out
        assert str(report_of(words)) in told
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        picture = imread(path)[..., :3]
        assert picture.std() > 0.05
        # The middle panel: blue where deltas are smaller than at the top, red larger.
        height, width, _ = picture.shape
        panel = picture[height // 5 : height * 4 // 5, width // 3 : width * 5 // 9]
        shown[words] = float((panel[..., 0] - panel[..., 2]).mean())
    assert shown[VANISHING] < -0.2
    assert shown[EXPLODING] > 0.2
    assert abs(shown[HEALTHY]) < 0.1


def test_the_picture_has_colours_for_what_has_no_logarithm(tmp_path: Path) -> None:
    report = report_of(HEALTHY)
    course = report.course._replace(delta=np.array(report.course.delta))
    for layer, value in enumerate((0.0, np.inf, np.nan)):
        course.delta[1:, layer] = value
    empty = report.course._replace(delta=np.full((3, 9), np.nan))
    pictures = []
    for planted in (report.course, course, empty):
        save(tmp_path / "a.png", dataclasses.replace(report, course=planted), "planted")
        pictures.append(imread(tmp_path / "a.png")[..., :3])
    before, after, _ = (
        [(np.abs(picture - colour).max(axis=-1) < 0.01).mean() for picture in pictures]
        for colour in ((0, 0, 0), (1, 1, 0), (0.7, 0.7, 0.7))
    )
    assert before[1] > before[0] + 0.01
    assert after[1] > after[0] + 0.01
    assert after[0] == 0


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3, [1, 2, 3]),
        (20, [1, *range(2, 21, 2)]),
        (50, [1, *range(5, 51, 5)]),
        (150, [1, 25, 50, 75, 100, 125, 150]),
        (2000, [1, *range(250, 2001, 250)]),
    ],
)
def test_layers_are_numbered(count: int, expected: list[int]) -> None:
    assert ticks(count) == expected


def test_a_report_with_infinities_is_told_in_json() -> None:
    report = report_of(HEALTHY)
    broken = dataclasses.replace(
        report,
        gain=np.nan,
        ratio=np.inf,
        losses=np.array([2.0, np.inf, np.nan]),
        verdict="diverging",
    )
    told = as_dict(broken)
    assert told["ratio"] == "inf"
    assert told["losses"][:2] == [2.0, "inf"]
    assert not told["healthy"]


def test_every_flag_reaches_the_recipe() -> None:
    words = (
        "diagnose --layers 5 --width 7 --activation gelu --initializer critical "
        "--gain 2 --optimizer momentum --learning-rate 0.5 --seed 3"
    )
    command = parse(words.split())
    assert isinstance(command, Diagnose)
    point = fnn.theory.critical(fnn.layers.GELU())
    _, biases = fnn.theory.critical_initializers(fnn.layers.GELU())
    weights = fnn.initializers.VarianceScaling(4 * point.weight_variance)

    def dense(n_in: int) -> fnn.layers.Dense:
        drawn = {"weight_initializer": weights, "bias_initializer": biases}
        return fnn.layers.Dense(n_in, 7, **drawn)

    gelu = fnn.layers.GELU()
    model = fnn.layers.Sequential(
        dense(64),
        gelu,
        fnn.layers.Repeat(fnn.layers.Sequential(dense(7), gelu), 3),
        fnn.layers.Dense(7, 10, weight_initializer=fnn.initializers.LeCun()),
    )
    optimizer = fnn.optimizers.Momentum(0.5)
    loss = fnn.losses.SoftmaxCrossEntropy()
    assert command.recipe() == fnn.Recipe(model, loss, optimizer)
    assert "5 layers of width 7, gelu, critical x 2, momentum 0.5" in command.describe()


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot", fnn.initializers.Glorot().variance((64, 7))),
        ("he", fnn.initializers.He().variance((64, 7))),
        ("lecun", fnn.initializers.LeCun().variance((64, 7))),
        ("orthogonal", fnn.initializers.Orthogonal().variance((64, 7))),
        ("critical", fnn.theory.critical(fnn.layers.Tanh()).weight_variance / 64),
    ],
)
def test_initializers_have_their_variance(name: Any, variance: float) -> None:
    network = deep.DeepNetwork(
        width=7, activation="tanh", initializer=name, gain=3.0
    ).model()
    first = network.layers[0]
    assert isinstance(first, fnn.layers.Dense)
    told = first.weight_initializer.variance((64, 7))
    assert told == pytest.approx(9 * variance)


@pytest.mark.parametrize("command", ["diagnose", "cure"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--layers 2", "--layers must be at least 3, got 2."),
        ("--width 0", "--width must be at least 1, got 0."),
        ("--gain 0", "--gain must be above 0, got 0.0."),
        ("--learning-rate -1", "--learning-rate must be at least 0, got -1.0."),
        ("--batch-size 5000", "at most the number of examples, 1294, got 5000."),
        ("--seed -1", "--seed must be from 0"),
        (
            "--activation softplus --initializer critical",
            "Softplus() has no critical point",
        ),
    ],
)
def test_a_bad_flag_ends_with_one_line_and_status_2(
    command: str, words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, *words.split(), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fnn: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("diagnose --steps 0", "--steps must be at least 1, got 0."),
        ("diagnose --plot a.jpg", "--plot must end in .png, got a.jpg."),
        ("cure --epochs 0", "--epochs must be at least 1, got 0."),
        ("cure --tries 0", "--tries must be at least 1, got 0."),
    ],
)
def test_a_bad_flag_of_one_command(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"fnn: {message}\n")


def test_without_matplotlib_there_is_no_picture(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["diagnose", "--plot", "a.png"]) == 2
    out, err = capsys.readouterr()
    expected = "fnn: --plot: matplotlib is not installed: pip install 'fnn[plot]'\n"
    assert (out, err) == ("", expected)


def found(confirmed: bool) -> fnn.health.Cure:
    """A cure as `fnn.cure` returns it, after one remedy."""
    command = parse(VANISHING.split())
    assert isinstance(command, Diagnose)
    recipe, state, train = command.start()
    cause = fnn.health.Cause("depth", "20 layers", "take less", lambda case: None)  # pyright: ignore
    return fnn.health.Cure(
        recipe=recipe,
        state=state,
        data=train,
        inputs=None,
        targets=None,
        before=report_of(VANISHING),
        causes=(cause,),
        trials=(fnn.health.Trial(cause, "took [2]", np.nan, 0.5, True),),
        after=report_of(HEALTHY),
        loss_before=np.inf,
        loss_after=0.5,
        confirmed=confirmed,
    )


@pytest.mark.parametrize("confirmed", [True, False])
def test_cure_tells_what_was_found(
    confirmed: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted, asked = found(confirmed), {}

    def cure(recipe: Any, state: Any, data: Any, **flags: Any) -> fnn.health.Cure:
        asked.update(flags, rows=len(data.x), depth=recipe.model.layers[2].n)
        return planted

    monkeypatch.setattr(fnn, "cure", cure)
    network = "cure --layers 4 --epochs 3 --batch-size 16 --tries 2"
    words = network.split()
    status = 0 if confirmed else 1
    assert main(words) == status
    plan = {"epochs": 3, "batch_size": 16, "tries": 2}
    assert asked == plan | {"rows": 1294, "depth": 2}
    told = capsys.readouterr().out
    assert str(planted) in told
    assert str(planted.recipe) in told
    assert main([*words, "--json"]) == status
    result = json.loads(capsys.readouterr().out)
    assert result["confirmed"] is confirmed
    cause = {"name": "depth", "evidence": "20 layers", "remedy": "take less"}
    assert result["causes"] == [cause]
    (trial,) = result["trials"]
    assert trial == {
        "cause": "depth",
        "words": "took [2]",
        "before": None,
        "after": 0.5,
        "kept": True,
    }
    assert (result["loss_before"], result["loss_after"]) == ("inf", 0.5)
    assert result["before"] == as_dict(planted.before) | {
        "statistics": result["before"]["statistics"]
    }
    assert result["after"]["verdict"] == "healthy"
    assert "Tanh" not in result["cured"]


def test_cure_runs(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "cure --layers 3 --width 16 --activation relu --initializer he --epochs 1 "
        "--tries 1 --json"
    )
    status = main(words.split())
    result = json.loads(capsys.readouterr().out)
    assert status == (0 if result["confirmed"] else 1)
    assert result["before"]["verdict"] == "healthy"
    assert result["loss_after"] < 2
