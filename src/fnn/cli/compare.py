"""`fnn compare`: networks beside the models of scikit-learn, on the same folds."""

import sys
import time
from dataclasses import dataclass
from typing import Any, Literal

from rich.table import Table

from fnn._core.checks import Range, check_range
from fnn.cli.contest import (
    REFERENCE,
    Cell,
    compare,
    count_classes,
    cut,
    models,
    prepare,
)
from fnn.cli.options import Json, check_seed
from fnn.cli.output import console, grid, print_json
from fnn.data import Batch

# What the p-values can bear, for whoever reads them.
_CAPTION = """\
two-sided, by the corrected resampled t-test (Nadeau and Bengio 2003), which
allows for the overlap of the training parts. A large one does not show that two
models are alike: a few folds see large differences only. Each stands alone: of
20 tests of equal models, about one comes out below 0.05."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """fnn's networks beside the models of scikit-learn, on the same folds.

    Accuracy of labels, R2 of values; inputs standardized on each training part.
    """

    data: tuple[Literal["digits", "breast-cancer", "wine", "diabetes"], ...] = (
        "digits",
        "breast-cancer",
        "wine",
        "diabetes",
    )
    """The data sets; all come with fnn or scikit-learn."""
    folds: int = 5
    """Parts of a data set; each is the test part once."""
    seed: int = 0
    """Of folds, initial weights, order, dropout and forests."""
    json: Json = False

    def check(self) -> None:
        """Raise ValueError unless the flags are in their ranges."""
        check_seed(self.seed)
        # Beyond 40, a class of wine would be missing from some test parts.
        check_range("--folds", self.folds, Range(at_least=2, at_most=40))
        if not self.data:
            raise ValueError("--data must name at least one data set.")

    def run(self, started: float) -> int:
        """Train every model on every fold and tell."""
        self.check()
        try:
            from fnn.cli.baselines import load
        except ModuleNotFoundError as error:
            if error.name != "sklearn":
                raise
            told = "fnn: sklearn is not installed: pip install 'fnn[sklearn]'"
            print(told, file=sys.stderr)
            return 2
        out = console(self.json)
        cells: list[Cell] = []
        columns: dict[str, dict[str, Any]] = {}
        recipes: dict[str, dict[str, str]] = {}
        for name in dict.fromkeys(self.data):
            data = load(name)
            columns[name] = describe(data)
            out.print(in_words(name, columns[name]))
            # Pixels share their units, see `Standardize.fit`; other features do not.
            shared = name == "digits"
            parts = [
                prepare(data, fold, shared) for fold in cut(data, self.folds, self.seed)
            ]
            rows = models(data, len(parts[0][0].x), self.seed)
            recipes[name] = {model: str(row) for model, row in rows.items()}
            cells += compare(name, data, rows, parts)
        seconds = time.perf_counter() - started
        if self.json:
            print_json(
                {
                    "data": columns,
                    "cells": [cell._asdict() for cell in cells],
                    "reference": REFERENCE,
                    "recipes": recipes,
                    "folds": self.folds,
                    "seed": self.seed,
                    "seconds": seconds,
                }
            )
            return 0
        out.print()
        out.print(score_table(cells, columns))
        out.print(
            f"* best mean of its column; +- standard deviation over {self.folds} folds"
        )
        out.print(f"\np-value of the difference from {REFERENCE}")
        out.print(p_table(cells, columns))
        out.print(_CAPTION)
        out.print("\nseconds of all folds: training, prediction and what compiles")
        out.print(second_table(cells, columns))
        out.print(f"\n{seconds:.1f} seconds in all, seed {self.seed}")
        return 0


def describe(data: Batch) -> dict[str, Any]:
    """What a column is: its sizes and its metric."""
    classes = count_classes(data)
    return {
        "examples": len(data.x),
        "features": data.x.shape[1],
        "classes": classes or None,
        "metric": "accuracy" if classes else "R2",
    }


def in_words(name: str, column: dict[str, Any]) -> str:
    """A column in words."""
    classes = f"{column['classes']} classes, " if column["classes"] else ""
    return (
        f"{name}: {column['examples']:,} examples, {column['features']} features, "
        f"{classes}{column['metric']}"
    )


def score_table(cells: list[Cell], columns: dict[str, dict[str, Any]]) -> Table:
    """Mean and spread of each cell, for a human: accuracies in percent."""
    words = {}
    for cell in cells:
        factor, digits = (100, 1) if columns[cell.data]["classes"] else (1, 3)
        mean, spread = factor * cell.mean, factor * cell.spread
        text = f"{mean:.{digits}f} +- {spread:.{digits}f}"
        best = f"[bold]{text}*[/]" if cell.best else f"{text} "
        words[cell.model, cell.data] = best
    metrics = (
        "% right " if column["classes"] else "R2 " for column in columns.values()
    )
    rows = grid("", *(f"{name} " for name in columns))
    rows.add_row("", *metrics)
    for model in _models(cells):
        rows.add_row(model, *(words[model, name] for name in columns))
    return rows


def second_table(cells: list[Cell], columns: dict[str, dict[str, Any]]) -> Table:
    """What each cell took, all folds together."""
    seconds = {(cell.model, cell.data): sum(cell.seconds) for cell in cells}
    rows = grid("", *columns)
    for model in _models(cells):
        rows.add_row(model, *(f"{seconds[model, name]:.2f}" for name in columns))
    return rows


def p_table(cells: list[Cell], columns: dict[str, dict[str, Any]]) -> Table:
    """The p-values of all models but the one that they are tested against."""
    tested = [cell for cell in cells if cell.p_value is not None]
    words = {(cell.model, cell.data): p_in_words(cell.p_value) for cell in tested}
    rows = grid("", *columns)
    for model in _models(tested):
        rows.add_row(model, *(words[model, name] for name in columns))
    return rows


def p_in_words(value: Any) -> str:
    """Three digits; what rounds to none of them is small, not 0."""
    return "<0.001" if value < 1e-3 else f"{value:.3f}"


def _models(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.model for cell in cells))
