"""The `fnn` command: what it prints where, and with which exit status."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import fnn
from fnn.cli import check_all, main, train
from fnn.cli.commands import COMMANDS, parse
from fnn.cli.digits import digits
from fnn.cli.progress import progress
from tests.catalogue import LAYERS, LOSSES, PENALTIES, part_names

COMMAND = "import sys; from fnn.cli import main; sys.exit(main())"
# No progress display looks at the state.
STATE = fnn.TrainState((), (), (), np.zeros(2), np.zeros(()))  # pyright: ignore
HIDE = """
import sys
class Hide:
    def find_spec(name, path=None, target=None):
        if name == {0!r}:
            raise ModuleNotFoundError("No module named {0}", name=name)
sys.meta_path.insert(0, Hide)
"""
SMALL = ("--hidden", "16", "--epochs", "2")
PLAIN = (*SMALL, "--normalization", "none", "--dropout", "0", "--input-dropout", "0")


@pytest.fixture(autouse=True)
def _no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder of the test's own, and never as if on a terminal."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def run_alone(*words: str, hidden: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process where one package is not installed."""
    return subprocess.run(
        [sys.executable, "-c", HIDE.format(hidden) + COMMAND, *words],
        capture_output=True,
        text=True,
    )


def test_train_reads_digits_and_prints_one_line_of_json(tmp_path: Path) -> None:
    done = run_alone("train", "--json", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert set(result) == set(train.Result._fields)
    assert result["test_accuracy"] >= 0.97
    assert result["test_loss"] < 0.15
    assert result["validation_accuracy"] <= result["best_validation_accuracy"] <= 1
    assert (result["epochs"], result["seed"]) == (60, 1)
    assert result["parameters"] == 64 * 256 + 256 * 128 + 128 * 10 + 10 + 2 * 384
    assert 0 < result["seconds"] < 600
    assert "64-256-128-10, relu, batch norm" in result["recipe"]
    assert (tmp_path / result["plot"]).exists()


def test_train_prints_plain_lines_and_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--optimizer", "momentum", "--gradient", "backprop", "--plot", "a.png")
    assert main(["train", *SMALL, *flags]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "\x1b" not in told.out
    lines = told.out.splitlines()
    assert [line.split("  ")[0] for line in lines[:2]] == ["epoch 1/2", "epoch 2/2"]
    for row in ("test accuracy", "test loss", "most frequent confusion", "seconds"):
        assert sum(line.startswith(row) for line in lines) == 1
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_without_matplotlib_train_goes_on() -> None:
    done = run_alone("train", *PLAIN, "--json", hidden="matplotlib")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plot"] is None
    assert "pip install 'fnn[plot]'" in done.stderr


@pytest.mark.parametrize("hidden", ["tyro", "rich"])
def test_without_the_extra_it_says_what_to_install(hidden: str) -> None:
    done = run_alone("train", hidden=hidden)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"fnn: {hidden} is not installed: pip install 'fnn[cli]'\n"


def test_a_training_that_diverges_ends_with_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ("--optimizer", "sgd", "--learning-rate", "1e30", "--no-plot", "--json")
    assert main(["train", *PLAIN, *flags]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[-1].startswith("fnn: the loss did not stay finite")


def test_check_compares_times_and_weighs_both_roads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "--hidden", "16", "--json"]) == 0
    told = capsys.readouterr()
    assert told.out.count("\n") == 1
    result = json.loads(told.out)
    assert result["passed"] is True
    assert set(result["reports"]) == {"float32", "float64"}
    for report in result["reports"].values():
        assert set(report) == set(fnn.GradientReport._fields)
        # Input dropout is layer 0; dense, norm, activation, dropout, dense follow.
        named = [f"{row['layer']} {row['term']}" for row in report["parameters"]]
        norm = ["2 BatchNorm beta", "2 BatchNorm gamma"]
        assert named == ["1 Dense w", *norm, "5 Dense b", "5 Dense w"]
        assert all(row["size"] > 0 for row in report["parameters"])
        assert all(row["cosine"] > 0.999 for row in report["parameters"])
    assert set(result["costs"]) == {"autodiff", "backprop"}
    for cost in result["costs"].values():
        assert cost["seconds"] > 0
        assert cost["temporary_bytes"] >= 0


def test_check_ends_with_status_1_when_a_rule_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fnn.layers.Tanh, "derivative", lambda self, a: 1 + a * a)
    # A width of this test alone, so that no program compiled before is found.
    flags = ("--normalization", "none", "--dropout", "0", "--input-dropout", "0")
    assert main(["check", "--hidden", "7", "--activation", "tanh", *flags]) == 1
    told = capsys.readouterr().out
    assert "WRONG" in told
    assert "DISAGREE in float64" in told
    assert "temporary memory" in told


@pytest.mark.parametrize(
    "words",
    [
        "explain",
        "explain --json",
        "train --epochs 1 --hidden 4 --batch-size 200 --no-plot",
        "train --help",
    ],
)
def test_a_reader_that_goes_away_ends_it_without_a_word(words: str) -> None:
    """As `fnn explain | head` does; 141 is what a shell makes of it."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words.split()],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_a_plot_that_cannot_be_written_does_not_lose_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").mkdir()
    flags = ("--hidden", "4", "--epochs", "1", "--batch-size", "200", "--json")
    assert main(["train", *flags, "--plot", "a.png"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["plot"] is None
    assert "fnn: no plot: [Errno 21] Is a directory: " in told.err


def test_help_imports_nothing_slow() -> None:
    slow = "{'sklearn', 'matplotlib', 'scipy.stats'} & set(sys.modules)"
    ask = f"import sys, fnn.cli.commands; sys.exit(str({slow} or ''))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--hidden 8 0", "--hidden must be at least 1, got 0."),
        ("--dropout 1", "--dropout must be at least 0 and below 1, got 1.0."),
        ("--batch-size 5000", "at most the number of examples, 1294, got 5000."),
        ("--batch-size 1", "needs a batch of at least 2 examples"),
        ("--seed -1", "--seed must be from 0"),
        ("--learning-rate -1", "--learning-rate must be at least 0, got -1.0."),
        ("--learning-rate nan", "--learning-rate must be at least 0, got nan."),
        ("--epochs 0", "--epochs must be at least 1, got 0."),
        ("--plot a.pdf", "--plot must end in .png, got a.pdf."),
        ("--plot nowhere/a.png", "--plot: there is no folder nowhere."),
    ],
)
def test_a_bad_number_ends_with_one_line_and_status_2(
    flags: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *flags.split(), "--json"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("fnn: ")
    assert message in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train --activation softmax", "softmax"),
        ("train --width 3", "--width"),
        ("train --epochs many", "many"),
        ("learn", "learn"),
        ("", "train"),
    ],
)
def test_a_word_that_is_no_flag_ends_with_status_2(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words.split())
    assert caught.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    told = capsys.readouterr().out
    assert f"{{{','.join(COMMANDS)}}}" in told


def test_every_flag_reaches_the_recipe() -> None:
    data, _, _ = digits()
    words = (
        "train --hidden 9 8 --activation tanh --normalization layer --dropout 0.5 "
        "--input-dropout 0 --optimizer sgd --gradient backprop --batch-size 100 "
        "--epochs 50"
    )
    parsed = parse(words.split())
    assert isinstance(parsed, train.Train)
    steps = len(data.x) // 100
    norm, loss = fnn.layers.LayerNorm, fnn.losses.SoftmaxCrossEntropy()
    model = fnn.layers.mlp(
        (64, 9, 8, 10), fnn.layers.Tanh(), normalization=norm, dropout=0.5
    )
    rate = fnn.schedules.Cosine(0.3, total_steps=50 * steps, warmup_steps=steps)
    optimizer = fnn.optimizers.SGD(rate)
    expected = fnn.Recipe(model, loss, optimizer, gradient=fnn.backprop)
    assert parsed.recipe(len(data.x)) == expected


def test_the_test_images_are_never_trained_on() -> None:
    parts = digits()
    assert [len(part.x) for part in parts] == [1294, 144, 359]
    # The scaling came from the training images, so only their means are zero.
    means = [np.abs(part.x.mean(axis=0)).max() for part in parts]
    assert means[0] < 1e-5 < min(means[1:])


def test_a_terminal_shows_a_bar() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with progress(console, 3) as show:
        for number in (1, 2, 3):
            show(STATE, fnn.Epoch(number, 3, 0.5, {"accuracy": 0.25}))
    told = screen.getvalue()
    assert "compiling" in told
    assert "epoch 3/3" in told
    assert "loss 0.5000  validation accuracy 25.00%" in told


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (9, 9), (60, 10), (64, 10)])
def test_no_terminal_gets_about_ten_lines(epochs: int, lines: int) -> None:
    paper = io.StringIO()
    with progress(Console(file=paper), epochs) as show:
        for number in range(1, epochs + 1):
            show(STATE, fnn.Epoch(number, epochs, 0.5, {"accuracy": 0.25}))
    told = paper.getvalue().splitlines()
    assert len(told) == lines
    assert told[-1].startswith(f"epoch {epochs}/{epochs} ")


def test_the_most_frequent_confusion_in_words() -> None:
    confusion = np.array([[5, 0, 1], [0, 5, 0], [0, 3, 5]])
    assert train.most_frequent(confusion) == "2 read as 1: 3 times"
    assert train.most_frequent(np.diag([1, 2])) == "none"
    assert train.most_frequent(np.array([[2, 1], [0, 2]])) == "0 read as 1: 1 time"


def test_check_all_asks_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--all", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    named = {f"{row['room']}.{row['part']}" for row in result["parts"]}
    tables = {"layers": LAYERS, "losses": LOSSES, "penalties": PENALTIES}
    expected = {
        f"{room}.{name}" for room, table in tables.items() for name in part_names(table)
    }
    # A threshold has no derivative, and `mlp` makes a Sequential.
    assert named == expected - {"layers.Heaviside", "layers.mlp"}
    assert all(row["float64"] < 1e-12 for row in result["parts"])


def test_check_all_names_a_wrong_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fnn.losses.HalfSquaredError, "gradient", lambda self, p, y: y - p
    )
    losses = {"HalfSquaredError": fnn.losses.HalfSquaredError()}
    monkeypatch.setattr(
        check_all, "parts", lambda room: losses.items() if room == "losses" else ()
    )
    (report,) = check_all.compare_parts(0)
    words = "HalfSquaredError: gradient is -1 times the automatic gradient"
    assert report.wrong == (f"{words} (float32)", f"{words} (float64)")


def test_check_all_asks_a_loss_of_the_batch_by_the_rule_that_trains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`Dice.gradient` is right here; what the roads call is not."""
    right = fnn.losses.Dice.weighted_gradient
    monkeypatch.setattr(
        fnn.losses.Dice,
        "weighted_gradient",
        lambda self, p, y, share: 2 * right(self, p, y, share),
    )
    losses = {"Dice": fnn.losses.Dice()}
    monkeypatch.setattr(
        check_all, "parts", lambda room: losses.items() if room == "losses" else ()
    )
    (report,) = check_all.compare_parts(0)
    words = "Dice: gradient is 2 times the automatic gradient"
    assert report.wrong == (f"{words} (float32)", f"{words} (float64)")
    assert "WRONG" in str(report)
