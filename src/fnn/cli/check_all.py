"""`fnn check --all`: every layer, loss and penalty there is, alone, by both roads."""

import dataclasses
import functools
import inspect
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np

import fnn
from fnn._core.trees import cast
from fnn.cli.output import console, print_json
from fnn.gradients.report import TermReport, compare_term
from fnn.gradients.terms import Terms, layer_terms, loss_terms, penalty_terms

_ROWS, _WIDTH = 16, 6
_TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
_ROW = "{:<30}  {:>5}  {:>7}  {:>7}  {}"

# What a part needs to be made, by the name of the field.
_NEEDS: dict[str, Any] = {
    "n_in": _WIDTH,
    "n_out": _WIDTH,
    "n": _WIDTH,
    "pieces": 2,
    "rate": 0.3,
    "strength": 0.1,
    "l1": 0.1,
    "l2": 0.1,
    "layer": fnn.layers.Dense(_WIDTH, _WIDTH),
}
# Each of these programs runs once: optimizing it would take longer than it saves.
_compiled = functools.partial(
    jax.jit,
    compiler_options={
        "xla_backend_optimization_level": 0,
        "xla_llvm_disable_expensive_passes": True,
    },
)
# A threshold has no derivative, and says so.
_WITHOUT_DERIVATIVE = {"Heaviside"}


class PartReport(NamedTuple):
    """One part's verdict.

    Attributes:
        room: "layers", "losses" or "penalties".
        part: its name.
        terms: how many were compared, in each dtype.
        float32: the largest relative difference in that dtype.
        float64: likewise.
        wrong: the terms that fail, in words.
    """

    room: str
    part: str
    terms: int
    float32: float
    float64: float
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        verdict = "WRONG" if self.wrong else "ok"
        name = f"{self.room}.{self.part}"
        worst = f"{self.float32:.1e}", f"{self.float64:.1e}"
        return _ROW.format(name, self.terms, *worst, verdict)


def check_all(seed: int, json: bool, started: float) -> int:
    """Compare all parts and tell; returns the exit status, 1 if one is wrong.

    Args:
        seed: of parameters, inputs and gradients from above.
        json: whether stdout is for one JSON object.
        started: reading of `time.perf_counter` when the command began.
    """
    out = console(json)
    out.print(_ROW.format("part", "terms", "float32", "float64", ""))
    reports = []
    # It takes half a minute, so each line is told when it is known.
    for report in compare_parts(seed):
        reports.append(report)
        out.print(str(report), markup=False)
    passed = not any(report.wrong for report in reports)
    seconds = time.perf_counter() - started
    if json:
        rows = [report._asdict() for report in reports]
        print_json({"passed": passed, "parts": rows, "seconds": seconds})
        return 0 if passed else 1
    for report in reports:
        for words in report.wrong:
            out.print(f"WRONG {report.room}.{words}", markup=False)
    terms = sum(report.terms for report in reports)
    verdict = "agree" if passed else "DISAGREE"
    out.print(
        f"backprop and autodiff {verdict} in {terms} terms of {len(reports)} parts "
        f"(tolerance {_TOLERANCE['float32']:g} in float32, {_TOLERANCE['float64']:g} "
        f"in float64; {seconds:.0f} s)"
    )
    return 0 if passed else 1


def compare_parts(seed: int) -> Iterator[PartReport]:
    """Each public layer, loss and penalty alone, under random gradients from above."""
    rng = np.random.default_rng(seed)
    for room in ("layers", "losses", "penalties"):
        for name, part in parts(room):
            worst, wrong = {}, []
            rows: list[TermReport] = []
            for dtype, tolerance in _TOLERANCE.items():
                with jax.enable_x64(dtype == "float64"):
                    found = jax.device_get(_terms(room, part, rng, seed, dtype))
                noise = 32 * float(np.finfo(dtype).eps)
                largest = max(float(np.abs(term.auto).max()) for term in found.values())
                rows = [
                    compare_term(layer, term, auto, hand, tolerance, noise * largest)
                    for (layer, term), (auto, hand) in found.items()
                ]
                # NaN, if one is: Python's max may lose it.
                worst[dtype] = float(np.max([row.relative for row in rows]))
                wrong += [f"{row} ({dtype})" for row in rows if not row.passed]
            yield PartReport(room, name, len(rows), **worst, wrong=tuple(wrong))


def parts(room: str) -> Iterator[tuple[str, Any]]:
    """The public parts of a room, made with as little as they need."""
    for name, kind in sorted(vars(getattr(fnn, room)).items()):
        public = inspect.isclass(kind) and kind.__module__.startswith(f"fnn.{room}")
        if not public or inspect.isabstract(kind) or name in _WITHOUT_DERIVATIVE:
            continue
        if kind is fnn.layers.Sequential:
            dense = fnn.layers.Dense(_WIDTH, _WIDTH)
            yield name, fnn.layers.Sequential(dense, fnn.layers.Tanh())
            continue
        fields: Any = dataclasses.fields(kind)  # pyright: ignore[reportArgumentType]
        needed = [
            field.name for field in fields if field.default is dataclasses.MISSING
        ]
        yield name, kind(**{field: _NEEDS[field] for field in needed})


def _terms(
    room: str, part: Any, rng: np.random.Generator, seed: int, dtype: str
) -> Terms:
    key = jax.random.key(seed)
    part = cast(part, dtype)
    if room == "layers":
        params, stats = cast(part.init(key), dtype)
        x = rng.normal(size=(_ROWS, _WIDTH)).astype(dtype)
        return _compiled(lambda p, s, x: layer_terms(part, p, s, x, key)[1])(
            params, stats, x
        )
    if room == "losses":
        # Between 0 and 1, so that they are probabilities as well as logits.
        prediction = rng.uniform(0.05, 0.95, (_ROWS, _WIDTH)).astype(dtype)
        y = _targets(part, prediction, rng)
        return _compiled(lambda p, y: loss_terms(part, p, y, key))(prediction, y)
    params, _ = cast(fnn.layers.mlp((_WIDTH, _WIDTH, 2)).init(key), dtype)
    return _compiled(lambda p: penalty_terms(part, p))(params)


def _targets(loss: Any, prediction: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels, probabilities or signs: the first kind that the loss accepts."""
    kinds = (
        rng.integers(0, _WIDTH, _ROWS).astype(np.int32),
        rng.dirichlet(np.ones(_WIDTH), _ROWS).astype(prediction.dtype),
        rng.choice([-1.0, 1.0], prediction.shape).astype(prediction.dtype),
    )
    for y in kinds:
        try:
            loss.check_targets(jax.ShapeDtypeStruct((_WIDTH,), prediction.dtype), y)
        except (TypeError, ValueError):
            continue
        return y
    raise ValueError(f"no kind of targets known here fits {loss}.")
