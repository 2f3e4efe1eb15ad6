"""Every optimizer that Optax has too, step by step in float64.

Where Optax decays every array, the parameters are weights only.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fnn import optimizers as O
from fnn import schedules as S

STEPS = 20
# The part and its peer with their own defaults, but for what is named.
PAIRS: dict[str, tuple[Any, Any]] = {
    "Adam": (O.Adam(0.1), optax.adam(0.1)),
    "AdamW": (O.AdamW(0.1, weight_decay=0.1), optax.adamw(0.1, weight_decay=0.1)),
    "AMSGrad": (O.AMSGrad(0.1), optax.amsgrad(0.1)),
    "NAdam": (O.NAdam(0.1), optax.nadam(0.1)),
    "Adagrad": (O.Adagrad(0.1), optax.adagrad(0.1)),
    "Adadelta": (O.Adadelta(), optax.adadelta(1.0)),
    "RMSprop": (O.RMSprop(0.1), optax.rmsprop(0.1)),
    "RMSprop, all": (
        O.RMSprop(0.1, momentum=0.9, centered=True),
        optax.rmsprop(0.1, momentum=0.9, centered=True),
    ),
    "RMSprop, outside": (
        O.RMSprop(0.1, epsilon_inside=False),
        optax.rmsprop(0.1, eps_in_sqrt=False),
    ),
    "Lion": (O.Lion(0.1), optax.lion(0.1)),
    "ClipByValue": (
        O.Chain(O.ClipByValue(0.5), O.SGD(0.1)),
        optax.chain(optax.clip(0.5), optax.sgd(0.1)),
    ),
    "AdaptiveClip": (
        O.Chain(O.AdaptiveClip(0.1), O.SGD(0.1)),
        optax.chain(optax.adaptive_grad_clip(0.1), optax.sgd(0.1)),
    ),
}


@pytest.fixture
def standard_promotion():
    """Optax promotes dtypes as it goes; fnn does not."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def path(optimizer: Any, params: Any, gradients: Any) -> Any:
    """The parameters after each update."""

    def update(carry: Any, g: Any) -> Any:
        params, state = carry
        updates, state = optimizer.update(g, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        return (params, state), params

    start = (params, optimizer.init(params))
    return jax.lax.scan(update, start, gradients)[1]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.usefixtures("x64", "standard_promotion")
def test_makes_the_steps_of_optax(name: str, rng: np.random.Generator) -> None:
    params = {"w": rng.normal(size=(4, 3))}
    gradients = {"w": rng.normal(size=(STEPS, 4, 3))}
    # Both in one program.
    got, expected = jax.jit(
        lambda params, gradients: [path(o, params, gradients) for o in PAIRS[name]]
    )(params, gradients)
    np.testing.assert_allclose(got["w"], expected["w"], rtol=1e-10, atol=1e-12)


SCHEDULES = {
    "Cosine": (
        S.Cosine(0.3, 40, 10, 0.05, 0.02),
        optax.warmup_cosine_decay_schedule(0.05, 0.3, 10, 40, 0.02),
    ),
    "OneCycle": (S.OneCycle(0.3, 47), optax.cosine_onecycle_schedule(47, 0.3)),
    "Linear": (S.Linear(0.3, 40, 0.02), optax.linear_schedule(0.3, 0.02, 40)),
    "Exponential": (
        S.Exponential(0.3, 0.5, 7, 0.02),
        optax.exponential_decay(0.3, 7, 0.5, end_value=0.02),
    ),
    "Step": (S.Step(0.3, 7, 0.5), optax.exponential_decay(0.3, 7, 0.5, staircase=True)),
    "MultiStep": (
        S.MultiStep(0.3, (10, 30), 0.2),
        optax.piecewise_constant_schedule(0.3, {10: 0.2, 30: 0.2}),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.usefixtures("x64", "standard_promotion")
def test_schedules_are_those_of_optax(name: str) -> None:
    """To float32, in which some of theirs are under x64 as well (errata G12)."""
    ours, theirs = SCHEDULES[name]
    steps = jnp.arange(60, dtype=jnp.int32)
    expected = [float(theirs(t)) for t in steps]
    got = jax.vmap(ours)(steps)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)
