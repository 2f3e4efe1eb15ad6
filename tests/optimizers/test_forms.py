"""The forms that go by one name: where they agree, and where they do not."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from fnn.optimizers import AMSGrad, Momentum, NAdam, RMSprop
from fnn.schedules import Linear
from tests.optimizers.references import velocity
from tests.optimizers.runs import close, follow, problem


def last(optimizer: Any, params: Any, gradients: Any) -> Any:
    """The parameters after all updates."""
    return jax.tree.map(lambda p: p[-1], follow(optimizer, params, gradients)[0])


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.usefixtures("x64")
def test_the_two_forms_of_momentum(nesterov: bool, rng: np.random.Generator) -> None:
    """They are the same at a constant rate, and only there (errata G2)."""
    params, gradients = problem(rng, 20)
    numbers = {"momentum": 0.9, "nesterov": nesterov}
    constant = last(Momentum(0.1, 0.9, nesterov=nesterov), params, gradients)
    rate = Linear(0.3, 15, 0.02)
    rates = np.append(np.linspace(0.3, 0.02, 16), [0.02] * 4)
    changing = last(Momentum(rate, 0.9, nesterov=nesterov), params, gradients)
    w, g = params["w"], gradients["w"]
    close(constant["w"], velocity(w, g, [0.1] * 20, **numbers))
    other = velocity(w, g, rates, **numbers)
    assert np.abs(changing["w"] - other).max() > 1e-3


@pytest.mark.usefixtures("x64")
def test_nadam_is_constant_when_its_momentum_rises_at_once(
    rng: np.random.Generator,
) -> None:
    params, gradients = problem(rng, 20)
    scheduled = NAdam(0.1, momentum_decay=1e4, form="schedule")
    got = last(scheduled, params, gradients)
    expected = last(NAdam(0.1), params, gradients)
    close(got, expected)


@pytest.mark.usefixtures("x64")
def test_the_two_momenta_of_rmsprop(rng: np.random.Generator) -> None:
    """The same at a constant rate, and only there (errata G5)."""
    params, gradients = problem(rng, 20)
    for rate, agree in ((0.1, True), (Linear(0.3, 15, 0.02), False)):
        one, other = (
            last(RMSprop(rate, momentum=0.9, momentum_form=form), params, gradients)
            for form in ("velocity", "trace")
        )
        if agree:
            close(one, other)
        else:
            assert np.abs(one["w"] - other["w"]).max() > 1e-3


@pytest.mark.usefixtures("x64")
def test_the_three_forms_of_amsgrad_differ(rng: np.random.Generator) -> None:
    """The first two only when a gradient is smaller than one before it."""
    params, gradients = problem(rng, 20)
    rising = jax.tree.map(
        lambda g: g[:1] * np.ones((20, 1)).cumsum(0).reshape(20, *[1] * (g.ndim - 1)),
        gradients,
    )
    corrected, raw, paper = (
        AMSGrad(0.1, form=form) for form in ("corrected", "raw", "paper")
    )
    close(last(corrected, params, rising), last(raw, params, rising))
    ends = [last(o, params, gradients)["w"] for o in (corrected, raw, paper)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(ends[one] - ends[other]).max() > 1e-4


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "AMSGrad": (lambda: AMSGrad(form="torch"), "'corrected' or 'raw' or 'paper'"),
    "NAdam": (lambda: NAdam(form="torch"), "'constant' or 'schedule'"),
    "RMSprop": (lambda: RMSprop(momentum_form="torch"), "'velocity' or 'trace'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_form_that_is_none_is_named(name: str) -> None:
    make, choices = MISTAKES[name]
    with pytest.raises(ValueError, match=rf"{name}.*form must be {choices}, got"):
        make()
