"""`fnn bench`: what it tells, with cases so small that they say nothing of speed."""

import json
import math
from collections.abc import Callable

import pytest

from fnn.cli import bench, main, timing
from fnn.cli.timing import Ceilings, operations, parameters, roofline

JOBS = (
    bench.Job("two layers", (4, 3, 2), 5, 2),
    bench.Job("bfloat16", (4, 3, 2), 5, 2, True),
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_SMALL", JOBS)
    monkeypatch.setattr(bench, "_NETWORKS", {"small": 2})
    monkeypatch.setattr(bench, "_ROUNDS", 2)
    monkeypatch.setattr(bench, "_SECONDS", 1e-9)
    monkeypatch.setattr(bench, "ceilings", lambda *_: timing.ceilings(8, 1))


def test_bench_prints_one_object_with_every_case(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "--size", "small", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"machine", "ceilings", "cases"}
    assert set(told["ceilings"]) == set(Ceilings._fields)
    assert all(peak > 0 for peak in told["ceilings"].values())
    names = ["two layers", "bfloat16", "2 networks 64-32-10, batch 64"]
    assert [row["case"] for row in told["cases"]] == names
    for row in told["cases"]:
        assert set(row) == set(bench.Result._fields)
        assert 0 < row["low"] <= row["seconds"] <= row["high"]
        assert row["share"] > 0
    two, _, sweep = told["cases"]
    assert math.isclose(two["samples_per_second"], 5 / two["seconds"])
    assert math.isclose(sweep["samples_per_second"], 2 * 64 / sweep["seconds"])


def test_bench_cuts_nothing_off_where_no_terminal_tells_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = bench.Result("1024-4096-4096-1024, batch 512", 0.9, 0.4, 1, 9, 1e9, 1.5)
    monkeypatch.setattr(bench, "measure", lambda *_: wide)
    monkeypatch.setattr(bench, "measure_sweep", lambda *_: wide)
    assert main(["bench", "--size", "small"]) == 0
    told = capsys.readouterr().out.splitlines()
    row = f"{wide.case} 900 ms -56% +11% 1.00e+09 150% 9 s"
    assert [" ".join(line.split()) for line in told[-3:]] == [row] * 3


def test_the_roofline_counts_products_and_what_no_cache_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes, peak = (4, 3, 2), Ceilings(100.0, 200.0, 10.0)
    # Outputs and gradient of both layers, the delta of the second alone.
    assert operations(sizes, 5) == 2 * 5 * (2 * 12 + 3 * 6) == 420
    assert parameters(sizes) == 15 + 8
    monkeypatch.setattr(timing, "_cache", lambda: 4.0 * 4 * 23)
    assert roofline(sizes, 5, peak) == 4.2
    assert roofline(sizes, 5, peak, half=True) == 2.1
    monkeypatch.setattr(timing, "_cache", lambda: 4.0 * 4 * 23 - 1)
    assert roofline(sizes, 5, peak) == 7 * 4 * 23 / 10


def test_candidates_are_timed_in_turn_and_to_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, calls = 0.0, ""
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now)

    def candidate(name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            nonlocal now, calls
            now, calls = now + seconds, calls + name

        return run

    told = timing.interleave({"a": candidate("a", 0.25), "b": candidate("b", 8)}, 9, 1)
    # One to compile, one to see whether it is far too long, five to see how often.
    start = "a" * 7 + "bb"
    assert calls.startswith(start)
    rounds = [calls[at : at + 5] for at in range(len(start), len(calls), 5)]
    assert len(rounds) == 9
    assert set(rounds) == {"aaaab", "baaaa"}
    assert told["a"].ratios == (1.0,) * 9
    assert told["b"].ratios == (32.0,) * 9
    assert told["b"].ratio == 32.0
