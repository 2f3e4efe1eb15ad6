"""What a cause is judged by, and what a remedy changes."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fnn.data import Batch, Standardize
from fnn.gradients.walk import Place, places
from fnn.health.report import HealthReport
from fnn.layers.base import Layer
from fnn.training.base import Recipe, TrainState


@dataclasses.dataclass(frozen=True)
class Case:
    """A recipe, a state of it, its data (NumPy) and what `fnn.diagnose` said."""

    recipe: Recipe
    state: TrainState
    data: Batch
    report: HealthReport
    epochs: int
    batch_size: int

    @functools.cached_property
    def layers(self) -> list[Place]:
        """Every layer inside the containers, in the order of the forward pass."""
        return places(self.recipe.model, self.state.params)

    @functools.cached_property
    def rows(self) -> list[int]:
        """Of `layers`, those with weights: the entries of the report."""
        return [index for index, place in enumerate(self.layers) if place.has_weights]

    def after(self, row: int) -> Layer | None:
        """The activation after a layer with weights, before the next one."""
        index = self.rows[row]
        end = [*self.rows, len(self.layers)][row + 1]
        found = (place.layer for place in self.layers[index:end] if place.is_activation)
        return next(found, None)

    @functools.cached_property
    def update_ratio(self) -> np.ndarray:
        """(L,) mean over the trial steps of rms update over rms weight."""
        course = self.report.course
        with np.errstate(all="ignore"):
            return np.mean(np.asarray(course.update / course.weight, float), axis=0)


class Change(NamedTuple):
    """What a remedy makes of a case; None leaves a thing as it is.

    Attributes:
        recipe: the new recipe.
        data: the new data.
        inputs: what was done to x, and is to be done to new x.
        targets: what was done to y; predictions are to be taken back by it.
        words: what the remedy found out, such as a learning rate.
    """

    recipe: Recipe | None = None
    data: Batch | None = None
    inputs: Standardize | None = None
    targets: Standardize | None = None
    words: str = ""


class Cause(NamedTuple):
    """Something that keeps a network from learning.

    Attributes:
        name: one word, such as "weights" or "unscaled_inputs".
        evidence: what speaks for it, with numbers.
        remedy: what to do, in words.
        treat: the remedy, a function of the case.
    """

    name: str
    evidence: str
    remedy: str
    treat: Callable[[Case], Change]

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}. Remedy: {self.remedy}."


def of_recipe(**parts: Any) -> Callable[[Case], Change]:
    """The remedy that puts new parts into the recipe."""

    def treat(case: Case) -> Change:
        return Change(dataclasses.replace(case.recipe, **parts))  # pyright: ignore

    return treat


def anew(case: Case) -> Change:
    """The remedy that only draws the weights again."""
    return Change(case.recipe)
