"""The benchmarks' judgement: who may win, what is told as failed. Nothing is timed."""

import math
from typing import Any

import numpy as np
import pytest

from benchmarks import agreement, cases, harness, process, report
from benchmarks.goals import GOALS, beside
from benchmarks.peers import Entrant, Failed, Peer, environment
from benchmarks.record import Record, Rows, interval, ratios
from fnn.cli.timing import Ceilings, spread

NUMPY = Peer("numpy", None, ("numpy",))
ABOUT = {
    "machine": {"date": "today", "cores": "2", "processor": "p", "XLA_FLAGS": "unset"},
    "environment": {},
    "commit": "abc",
    "rounds": 3,
    "versions": {"fnn": {"jax": "1"}, "keras": {"jax": "2"}},
    "absent": {"torch": "no .venv-torch; make peers"},
    "failed": {},
    "seconds": 90.0,
    "ceilings": [Ceilings(1e11, 2e11, 1e10)._asdict()] * 2,
}


def row(*samples: float, figure: float = 1.0) -> dict[str, Any]:
    return {
        "samples": list(samples),
        "figure": figure,
        "first_seconds": 1.0,
        "peak_mib": 100.0,
    }


def rows_of_c1() -> Rows:
    return harness.judged(
        "C1",
        {
            "fnn: train_step, autodiff": row(4, 5, 6),
            "fnn: train_step, backprop": row(2, 2, 9),
            "haiku: jit": row(1, 4, 3),
            "keras: fit": row(0.1, 0.1, 0.1, figure=1.02),
            "torch: eager": {"failed": "dead"},
        },
    )


def record_of(rows: Rows, case: str = "C1") -> Record:
    return {"cases": {case: rows}, "studies": {}, "about": {case: ABOUT}}


def test_the_judge_is_the_median_of_the_finite_figures() -> None:
    figures = [math.nan, 2.0, 1.0, 1.001, math.inf, 1.002]
    rows: Rows = {str(i): row(1, 1, 1, figure=f) for i, f in enumerate(figures)}
    told = harness.judged("C1", rows | {"dead": {"failed": "it died"}})
    deviates = [told[str(i)]["deviates"] for i in range(6)]
    assert deviates == [True, True, False, False, True, False]
    alone = harness.judged("C1", {"one": row(1, 1, 1, figure=math.nan)})
    assert alone["one"]["deviates"]


def test_a_goal_is_the_ratio_round_by_round_of_those_that_may_win() -> None:
    record = record_of(rows_of_c1())
    everyone = ("haiku", "keras", "torch")
    # The fastest of fnn by its median is backprop; keras deviates, torch failed.
    assert beside("C1", ("fnn",), everyone)(record) == (2.0, 0.5, 3.0)
    assert beside("C1", ("fnn: train_step, autodiff",), everyone)(record)[0] == 4.0
    for name in ("keras", "torch: eager"):
        with pytest.raises(Failed):
            beside("C1", ("fnn",), (name,))(record)
    for name in ("equinox", "haiku: ji", "torch: eag"):
        with pytest.raises(KeyError):
            beside("C1", ("fnn",), (name,))(record)


def test_ratios_are_to_the_first_good_row_and_the_least_comes_first() -> None:
    rows = rows_of_c1()
    assert list(ratios(rows)) == [
        "keras: fit",
        "fnn: train_step, backprop",
        "haiku: jit",
        "fnn: train_step, autodiff",
    ]
    rows["fnn: train_step, autodiff"]["deviates"] = True
    assert ratios(rows)["fnn: train_step, backprop"] == (1.0, 1.0, 1.0)
    assert spread([1, 2, 3, 4, 5]) == (3.0, 2.0, 4.0)


def test_the_figure_of_adam_sees_no_update_and_a_wrong_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cases, "LEAF", (5, 10))
    cases.leaves.cache_clear()
    params, gradients = cases.leaves()
    rate = cases.CASES["C6"].rate
    pairs = list(zip(params, gradients, strict=True))
    moved = {
        sign: [p - sign * rate * np.sign(g) for p, g in pairs] for sign in (1, -1, 0)
    }
    rows = {
        str(i): row(1, 1, 1, figure=cases.figure("C6", moved[sign]))
        for i, sign in enumerate((1, 1, 1, -1, 0))
    }
    cases.leaves.cache_clear()
    told = harness.judged("C6", rows)
    assert [row["deviates"] for row in told.values()] == [False] * 3 + [True] * 2


def test_the_figure_of_outputs_sees_rows_in_another_order() -> None:
    case = cases.CASES["C7 4096"]
    out = cases.forward(case, cases.weights(case), cases.data(case)[0])
    outs = (out, out, out * (1 + 1e-6), np.roll(out, 1, axis=0), out[:, ::-1])
    rows = {
        str(i): row(1, 1, 1, figure=cases.figure("C7 4096", out))
        for i, out in enumerate(outs)
    }
    told = harness.judged("C7 4096", rows)
    assert [row["deviates"] for row in told.values()] == [False] * 3 + [True] * 2


def test_one_that_dies_does_not_end_the_race() -> None:
    dead = Entrant(Peer("nobody", None, ()), "at all")
    rows = harness.race("C1", [dead, Entrant(NUMPY, "in place")], 3)
    assert list(rows) == ["nobody: at all", "numpy: in place"]
    assert "benchmarks.runners.nobody" in rows["nobody: at all"]["failed"]
    good = rows["numpy: in place"]
    assert len(good["samples"]) == 3
    assert not good["deviates"]
    assert good["peak_mib"] > 1


def test_one_that_hangs_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0)
    rows = harness.race("C1", [Entrant(NUMPY, "in place")], 3)
    assert rows == {"numpy: in place": {"failed": "silent for 0 s"}}


def test_a_cold_race_starts_a_process_for_every_turn() -> None:
    rows = harness.race("C8", [Entrant(NUMPY, "in place")], 3)
    (told,) = rows.values()
    assert len(told["samples"]) == 3
    assert not told["deviates"]


def test_the_page_tells_what_failed_deviates_and_differs(tmp_path: Any) -> None:
    record = record_of(rows_of_c1())
    record["about"]["step"] = ABOUT | {"commit": "def"}
    record["studies"]["step"] = {"failed": "AssertionError()"}
    record["about"]["roads"] = ABOUT
    record["studies"]["roads"] = {"C1": (1.1, 1.2, 1.3), "C2": (0.8, 0.9, 9.0)}
    report.write(record, tmp_path)
    page = (tmp_path / "RESULTS.md").read_text()
    assert (tmp_path / "results" / "cases.png").read_bytes()[:4] == b"\x89PNG"
    lines = page.splitlines()
    assert "jax 1 (keras has 2)" in page
    assert {"**C1, roads**", "**step**"} <= set(lines)
    assert any("keras: fit" in x and "**deviates**" in x for x in lines)
    assert "| torch: eager | failed: dead | | | | | | |" in lines
    verdicts = {goal.words: x for goal in GOALS for x in lines if goal.words in x}
    assert "failed" in verdicts["`train_step` of a recipe to the step by hand"]
    assert (
        "| 1.05 | 1.2 | 1.1 - 1.3 |" in verdicts["backprop to autodiff, the worst case"]
    )
    assert "| backprop to autodiff | C2 | 0.90 | 0.80 - 9.00 |" in lines
    assert "- it took 3.0 minutes" in lines
    assert "not measured" in verdicts["bfloat16, to torch"]
    assert "| 2 | 0.5 - 3 |" in next(x for x in lines if x.startswith("| C1 |"))


def test_a_goal_within_its_spread_says_so(tmp_path: Any) -> None:
    fnn, peer = row(1, 1, 1), row(2, 1.2, 1)
    rows = harness.judged("C1", {"fnn: train_step": fnn, "haiku: jit": peer})
    report.write(record_of(rows), tmp_path)
    lines = (tmp_path / "RESULTS.md").read_text().splitlines()
    told = next(x for x in lines if x.startswith("| C1 |"))
    assert told.endswith("| 0.833 | 0.5 - 1 | **1.04 x**, within the spread |")


def test_a_few_rounds_spread_to_the_least_and_the_most() -> None:
    assert interval([3, 9, 1]) == (3, 1, 9)
    assert interval(range(1, 14)) == (7, 4, 10)


def test_runs_agree_where_their_spreads_overlap() -> None:
    fnn = row(1, 1, 1)
    first = harness.judged("C1", {"fnn: fit": fnn, "haiku: jit": row(2, 3, 4)})
    second = harness.judged("C1", {"fnn: fit": fnn, "haiku: jit": row(4, 5, 6)})
    third = harness.judged("C1", {"fnn: fit": fnn, "haiku: jit": row(5, 5, 6)})
    one, two, three = map(record_of, (first, second, third))
    for figures, name in (
        (agreement.candidates, "C1, haiku: jit"),
        (agreement.goals, "C1, `train_step` to the fastest peer"),
    ):
        assert agreement.apart(figures(one), figures(two))[1] == []
        assert agreement.apart(figures(one), figures(three))[1] == [name]


def test_compiled_modules_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    told = environment({"A": "b"})
    assert told["A"] == "b"
    assert "PYTHONDONTWRITEBYTECODE" not in told
