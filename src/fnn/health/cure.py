"""The closed loop: verdict, causes, remedy, and a training that confirms it."""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np

from fnn._core.checks import check_batch_size, check_size
from fnn._core.data_checks import check_examples
from fnn.data import Batch, Standardize, take
from fnn.health.case import Case, Cause
from fnn.health.causes import causes
from fnn.health.data_causes import finite_rows, labels_out_of_range
from fnn.health.diagnose import diagnose
from fnn.health.report import HealthReport
from fnn.health.trial import short_run, without_initializers
from fnn.training.base import Recipe, TrainState, check_recipe, check_run, init

_ROWS = 128
_LOWER = 0.98


class Trial(NamedTuple):
    """One remedy that was tried.

    Attributes:
        cause: what was treated.
        words: what was done.
        before: loss after a short training without it; NaN where there is none.
        after: loss after a short training with it.
        kept: whether it helped.
    """

    cause: Cause
    words: str
    before: float
    after: float
    kept: bool


@dataclasses.dataclass(frozen=True)
class Cure:
    """What `fnn.cure` found, changed and confirmed.

    Attributes:
        recipe: the new recipe, or the one given if nothing was changed.
        state: of the new recipe after the short training.
        data: the data for it.
        inputs: to be applied to all other x as well, or None.
        targets: was applied to y; predictions are
            `prediction * targets.deviation + targets.mean`. None if it was not.
        before: the diagnosis of what was given.
        causes: of what was given, the most likely first.
        trials: the remedies tried, in order.
        after: the diagnosis of what is returned.
        loss_before: on the data after the short training of what was given.
        loss_after: of what is returned, in the same units.
        confirmed: whether no cause is left, and the loss is lower if something was
            changed.
    """

    recipe: Recipe
    state: TrainState
    data: Batch
    inputs: Standardize | None
    targets: Standardize | None
    before: HealthReport
    causes: tuple[Cause, ...]
    trials: tuple[Trial, ...]
    after: HealthReport
    loss_before: float
    loss_after: float
    confirmed: bool

    def __bool__(self) -> bool:
        return self.confirmed

    def __str__(self) -> str:
        lines = [str(self.before).splitlines()[0]]
        if not self.causes:
            loss = f"loss after a short training {self.loss_before:.4g}"
            return "\n".join([*lines, f"nothing to cure: {loss}"])
        lines += ["causes, the most likely first:"]
        lines += [
            f"  {place}. {cause.name}: {cause.evidence}"
            for place, cause in enumerate(self.causes, 1)
        ]
        lines += ["remedies, each confirmed by a short training:"]
        for trial in self.trials:
            result = "helped" if trial.kept else "did not help"
            lines.append(
                f"  {trial.cause.name}: {trial.words}: loss {trial.before:.4g} to "
                f"{trial.after:.4g}, {result}"
            )
        end = "confirmed" if self.confirmed else "not confirmed"
        lines.append(
            f"{end}: {self.after.verdict}, loss {self.loss_before:.4g} to "
            f"{self.loss_after:.4g}"
        )
        return "\n".join(lines)


class _Patient(NamedTuple):
    """A recipe with its data, what was found about it, and how it trained."""

    recipe: Recipe
    state: TrainState
    data: Batch
    inputs: Standardize | None
    targets: Standardize | None
    report: HealthReport
    causes: tuple[Cause, ...]
    loss: float
    trained: TrainState


class _Plan(NamedTuple):
    epochs: int
    batch_size: int


def cure(
    recipe: Recipe,
    state: TrainState,
    data: Any,
    *,
    epochs: int = 5,
    batch_size: int = 32,
    tries: int = 4,
) -> Cure:
    """Find why a network does not learn, change that, and confirm it by training.

    The loop: `fnn.diagnose` measures, `fnn.health.causes` ranks what can explain it,
    the first cause's remedy makes a new recipe (or new data), new weights are drawn
    and trained for a few epochs. If the loss is lower than without the remedy it is
    kept, else the next cause is tried. What is kept is diagnosed again, until nothing
    is found. A healthy network comes back as it is.

    What was given is diagnosed and trained from `state`, a new recipe from weights
    drawn with that state's key. Losses are on all of the data, in inference mode,
    without the penalty, and of standardized targets in their old units. A learning
    rate is cured by twelve trainings.

    Args:
        recipe: what is trained and how.
        state: from `fnn.init`; one from later in training has a head start.
        data: an `fnn.Batch` or a tuple (x, y) or (x, y, weight) of training examples;
            values that are not finite, and labels out of range, are causes.
        epochs: passes over the data in each short training.
        batch_size: examples in a step.
        tries: remedies to try, at most.

    Returns:
        A `Cure`: print it.

    Raises:
        TypeError: dtypes or parts do not fit.
        ValueError: shapes or numbers do not fit.

    Example:
        >>> import jax, fnn
        >>> recipe = fnn.Recipe(
        ...     fnn.layers.mlp((64, *[32] * 8, 10), fnn.layers.Sigmoid()),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> found = cure(recipe, state, fnn.data.digits())
        >>> found.causes[0].name, found.confirmed, found.recipe.model.layers[1]
        ('activation', True, ReLU())
    """
    check_recipe(recipe)
    check_run(recipe, state)
    check_size("epochs", epochs)
    check_size("tries", tries)
    check_examples(data)
    data = Batch(*(None if part is None else np.asarray(part) for part in Batch(*data)))
    check_batch_size(batch_size, len(data.x))
    plan = _Plan(epochs, batch_size)
    first = patient = _examined(plan, recipe, data, state)
    trials: list[Trial] = []
    tried: set[str] = set()
    while len(trials) < tries:
        cause = next((c for c in patient.causes if c.name not in tried), None)
        if cause is None:
            break
        treated, words = _treated(plan, patient, cause)
        kept = _is_lower(treated.loss, patient.loss)
        trials.append(Trial(cause, words, patient.loss, treated.loss, kept))
        tried.add(cause.name)
        patient = treated if kept else patient
    improved = _is_lower(patient.loss, first.loss) if first.causes else True
    return Cure(
        recipe=patient.recipe,
        state=patient.trained,
        data=patient.data,
        inputs=patient.inputs,
        targets=patient.targets,
        before=first.report,
        causes=first.causes,
        trials=tuple(trials),
        after=patient.report,
        loss_before=first.loss,
        loss_after=patient.loss,
        confirmed=bool(patient.report) and not patient.causes and improved,
    )


def _examined(
    plan: _Plan,
    recipe: Recipe,
    data: Batch,
    state: TrainState,
    inputs: Standardize | None = None,
    targets: Standardize | None = None,
) -> _Patient:
    """Diagnose and train."""
    shown = _shown(data, max(_ROWS, plan.batch_size))
    report = diagnose(without_initializers(recipe), state, shown)
    found = causes(recipe, state, data, report, **plan._asdict())
    case = Case(recipe, state, data, report, *plan)
    if not finite_rows(data).all() or labels_out_of_range(case) is not None:
        loss, trained = math.nan, state
    else:
        trained, loss = short_run(recipe, state, data, *plan, targets)
    return _Patient(recipe, state, data, inputs, targets, report, found, loss, trained)


def _treated(plan: _Plan, patient: _Patient, cause: Cause) -> tuple[_Patient, str]:
    """The patient after one remedy, and what was done in words."""
    case = Case(patient.recipe, patient.state, patient.data, patient.report, *plan)
    change = cause.treat(case)
    recipe = patient.recipe if change.recipe is None else change.recipe
    words = f"{cause.remedy} ({change.words})" if change.words else cause.remedy
    treated = _examined(
        plan,
        recipe,
        patient.data if change.data is None else change.data,
        init(recipe, patient.state.key),
        change.inputs or patient.inputs,
        change.targets or patient.targets,
    )
    return treated, words


def _is_lower(after: float, before: float) -> bool:
    return math.isfinite(after) and not after > _LOWER * before


def _shown(data: Batch, rows: int) -> Batch:
    """Some examples for the diagnosis: spread evenly, and any that are not finite."""
    spread = np.linspace(0, len(data.x) - 1, min(rows, len(data.x))).astype(int)
    bad = np.flatnonzero(~finite_rows(data))
    spread[: len(bad)] = bad[: len(spread)]
    return take(data, spread)
