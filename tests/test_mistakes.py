"""What users get wrong is said in a few words, before anything is compiled."""

from pathlib import Path
from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

import fnn
from tests.mistakes import (
    choices,
    data,
    depth,
    folds,
    many,
    parts,
    recipes,
    sets,
    tools,
    training,
)

CHECKS = Path(fnn.__file__).parent / "_core"
COMPILED: list[str] = []
MISTAKES = {
    f"{room}: {name}": row
    for room, table in (
        ("parts", parts.TABLE),
        ("recipes", recipes.TABLE),
        ("data", data.TABLE),
        ("tools", tools.TABLE),
        ("training", training.TABLE),
        ("choices", choices.TABLE),
        ("sets", sets.TABLE),
        ("depth", depth.TABLE),
        ("many", many.TABLE),
        ("folds", folds.TABLE),
    )
    for name, row in table.items()
}


def _count(event: str, duration_secs: float, **details: Any) -> None:
    del duration_secs, details
    if event.endswith("backend_compile_duration"):
        COMPILED.append(event)


jax.monitoring.register_event_duration_secs_listener(_count)


def test_the_counter_sees_a_compilation() -> None:
    before = len(COMPILED)
    jax.jit(lambda x: 3 * x + 1)(np.ones(7, np.float32))
    assert len(COMPILED) == before + 1


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_at_once(name: str) -> None:
    call, kind, words = MISTAKES[name]
    before = len(COMPILED)
    with pytest.raises(kind, match=f"(?s){words}") as caught:
        call()
    assert len(COMPILED) == before, "it was compiled first"
    message = str(caught.value)
    assert len(message.splitlines()) <= 5
    assert all(len(line) <= 300 for line in message.splitlines())
    # Raised by a check of fnn, not by whatever stumbled over the value.
    assert Path(caught.traceback[-1].path).parent == CHECKS
