"""Learning rates as functions of the step, against formulas in plain NumPy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fnn import schedules as S
from fnn.optimizers import SGD
from fnn.schedules import Constant, Cosine, Schedule


def cosine(
    t: float, peak: float, total: float, warmup: float, start: float, end: float
) -> float:
    """The schedule with the half-angle form of the cosine."""
    if t < warmup:
        return start * (1 - t / warmup) + peak * t / warmup
    if t >= total:
        return end
    half_angle = np.pi / 2 * (t - warmup) / (total - warmup)
    return float(peak * np.cos(half_angle) ** 2 + end * np.sin(half_angle) ** 2)


def one_cycle(
    t: float, peak: float, total: float, rise: float, first: float, last: float
) -> float:
    top = int(rise * total)
    if t < top:
        angle = np.pi / 2 * t / top
        return peak * np.sin(angle) ** 2 + peak / first * np.cos(angle) ** 2
    end = peak / (first * last)
    return cosine(t - top, peak, total - top, 0, 0.0, end)


def linear(t: float, start: float, total: float, end: float) -> float:
    return start + (end - start) * min(t, total) / total


def step(t: float, start: float, every: float, factor: float, end: float) -> float:
    return max(start * factor ** (t // every), end)


def multi_step(t: float, start: float, boundaries: Any, factor: float) -> float:
    return start * factor ** sum(t >= b for b in boundaries)


def exponential(
    t: float, start: float, factor: float, every: float, end: float
) -> float:
    return max(start * np.exp(np.log(factor) * t / every), end)


def inverse_time(t: float, start: float, decay: float) -> float:
    return start / (1 + decay * t)


def inverse_root(t: float, peak: float, warmup: float) -> float:
    """The formula of the transformer, scaled to its peak."""
    n = t + 1
    return peak * warmup**0.5 * min(n**-0.5, n * warmup**-1.5)


def warm_line(
    t: float, start: float, total: float, end: float, steps: float, first: float
) -> float:
    """A rise from `first` to where a line begins."""
    if t >= steps:
        return linear(t - steps, start, total, end)
    return first + (start - first) * t / steps


def warm_inverse(
    t: float, start: float, decay: float, steps: float, first: float
) -> float:
    if t >= steps:
        return inverse_time(t - steps, start, decay)
    return first + (start - first) * t / steps


def warmup(schedule: Any) -> Any:
    """Of a kind of schedule: its numbers, then the steps and the start of the rise."""
    return lambda *numbers: S.Warmup(schedule(*numbers[:-2]), *numbers[-2:])


# A schedule made from numbers, its formula in NumPy, and the numbers.
CASES: dict[str, tuple[Any, Any, tuple[Any, ...]]] = {
    # peak, total_steps, warmup_steps, start, end
    "Cosine, plain": (Cosine, cosine, (0.3, 40, 0, 0.0, 0.0)),
    "Cosine, end": (Cosine, cosine, (0.3, 40, 0, 0.0, 0.1)),
    "Cosine, warm-up": (Cosine, cosine, (0.3, 40, 10, 0.0, 0.02)),
    "Cosine, start": (Cosine, cosine, (0.3, 40, 10, 0.05, 0.02)),
    "Cosine, start without a warm-up": (Cosine, cosine, (0.3, 40, 0, 0.05, 0.0)),
    "Cosine, one step of each": (Cosine, cosine, (0.3, 2, 1, 0.1, 0.2)),
    "Cosine, upward": (Cosine, cosine, (0.1, 40, 5, 0.0, 0.4)),
    "OneCycle": (S.OneCycle, one_cycle, (0.3, 47, 0.3, 25.0, 1e4)),
    "OneCycle, no rise": (S.OneCycle, one_cycle, (0.3, 3, 0.3, 5.0, 10.0)),
    "Linear": (S.Linear, linear, (0.3, 40, 0.02)),
    "Linear, upward": (S.Linear, linear, (0.1, 1, 0.4)),
    "Step": (S.Step, step, (0.3, 7, 0.5, 0.01)),
    "Step, 49": (S.Step, step, (0.3, 49, 0.5, 0.0)),
    "MultiStep": (S.MultiStep, multi_step, (0.3, (30, 10), 0.2)),
    "MultiStep, none": (S.MultiStep, multi_step, (0.3, (), 0.2)),
    "Exponential": (S.Exponential, exponential, (0.3, 0.5, 7, 0.01)),
    "InverseTime": (S.InverseTime, inverse_time, (0.3, 0.1)),
    "InverseSquareRoot": (S.InverseSquareRoot, inverse_root, (0.3, 10)),
    "InverseSquareRoot, 1": (S.InverseSquareRoot, inverse_root, (0.3, 1)),
    "Warmup, Linear": (warmup(S.Linear), warm_line, (0.3, 40, 0.02, 10, 0.05)),
    "Warmup, none": (warmup(S.Linear), warm_line, (0.3, 40, 0.02, 0, 0.05)),
    "Warmup, InverseTime": (warmup(S.InverseTime), warm_inverse, (0.3, 0.1, 5, 0.0)),
    "Warmup, number": (
        S.Warmup,
        lambda t, value, steps, first: warm_line(t, value, 1, value, steps, first),
        (0.3, 10, 0.05),
    ),
}
ALL = pytest.mark.parametrize("name", CASES)


@jax.jit
def rates(schedule: Schedule, steps: jax.Array) -> jax.Array:
    return jax.vmap(lambda step: jnp.asarray(schedule(step)))(steps)


@ALL
@pytest.mark.usefixtures("x64")
def test_is_its_formula(name: str) -> None:
    kind, formula, numbers = CASES[name]
    steps = np.array([*range(150), 10**6, 2**31 - 1], np.int32)
    expected = [formula(int(t), *numbers) for t in steps]
    got = rates(kind(*numbers), steps)  # pyright: ignore
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-15)


@ALL
def test_is_the_same_for_a_python_step_in_float32(name: str) -> None:
    kind, formula, numbers = CASES[name]
    for t in (0, 5, 10, 49, 98):
        got = kind(*numbers)(t)
        assert (got.dtype, got.shape) == (jnp.float32, ())
        assert float(got) == pytest.approx(formula(t, *numbers), abs=1e-7)


@ALL
@pytest.mark.usefixtures("x64")
def test_slopes_in_each_number(name: str) -> None:
    """Schedules are differentiable: all their numbers are leaves."""
    kind, formula, numbers = CASES[name]
    leaves, treedef = jax.tree.flatten(tuple(map(_as_float, numbers)))

    @jax.jit
    @jax.vmap
    def slopes(t: jax.Array) -> Any:
        return jax.grad(lambda x: kind(*treedef.unflatten(x))(t))(leaves)

    # Before, in and after the phases, but at none of their joints.
    steps = (4, 26, 1000)
    got = np.array(slopes(jnp.array(steps)))
    assert np.isfinite(got).all()
    for index, leaf in enumerate(leaves):
        if not _smooth(name, leaf):
            continue
        h = 1e-6 * max(leaf, 1e-2)
        moved = [
            treedef.unflatten([x + s * h * (k == index) for k, x in enumerate(leaves)])
            for s in (1, -1)
        ]
        for k, t in enumerate(steps):
            above, below = (formula(t, *x) for x in moved)
            slope = (above - below) / (2 * h)
            assert got[index, k] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def _as_float(value: Any) -> Any:
    return tuple(map(float, value)) if isinstance(value, tuple) else float(value)


def _smooth(name: str, leaf: float) -> bool:
    """False for a number at the end of its range or at a jump of its formula."""
    jumps = name.startswith("OneCycle") and leaf in (0.3, 47.0, 3.0)
    return leaf > 0 and not jumps and name != "InverseSquareRoot, 1"


@ALL
@pytest.mark.usefixtures("x64")
def test_a_sweep_over_each_number_is_one_program(name: str) -> None:
    kind, _, numbers = CASES[name]
    leaves, treedef = jax.tree.flatten(tuple(map(_as_float, numbers)))
    table = np.array(leaves) * (1 + 0.25 * np.eye(len(leaves) + 1, len(leaves)))
    traces = 0

    @jax.jit
    def run(row: Any) -> jax.Array:
        nonlocal traces
        traces += 1
        schedule = kind(*treedef.unflatten(list(row)))
        return jax.vmap(schedule)(jnp.arange(60))

    together = jax.vmap(run)(jnp.asarray(table))
    alone = [run(jnp.asarray(row)) for row in table]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-12)
    assert traces == 1


def test_ends_are_kept_exactly() -> None:
    for schedule, end in (
        (Cosine(0.3, total_steps=7, warmup_steps=3, end=0.1), 0.1),
        (S.Linear(0.3, total_steps=7, end=0.1), 0.1),
        (S.OneCycle(0.3, total_steps=7, start_divisor=1.5, end_divisor=2.0), 0.1),
        (S.Step(0.3, every=1, factor=0.5, end=0.1), 0.1),
        (S.Exponential(0.3, factor=0.5, end=0.1), 0.1),
    ):
        got = [float(schedule(t)) for t in (7, 8, 1000)]
        assert got == pytest.approx([end] * 3, rel=3e-7)
        assert len(set(got)) == 1


def test_a_drop_is_at_its_step_for_every_period() -> None:
    """t times 1 / 49 is below 1 at t = 49: the compiler must not divide so."""
    for every in (3, 7, 49, 93, 1000):
        schedule = S.Step(1.0, every, 0.5)
        run = jax.jit(schedule)
        for k in (1, 2, 7):
            assert float(run(k * every)) == 0.5**k
            assert float(run(k * every - 1)) == 0.5 ** (k - 1)


def test_one_boundary_is_a_tuple_as_well() -> None:
    with pytest.raises(TypeError, match=r"MultiStep.boundaries must be a tuple"):
        S.MultiStep(0.1, boundaries=10)  # pyright: ignore


def test_constant() -> None:
    steps = np.array([0, 1, 10**6], np.int32)
    np.testing.assert_array_equal(rates(Constant(0.25), steps), [0.25] * 3)  # pyright: ignore


def test_the_first_update_is_step_0() -> None:
    """With a warm-up from 0 it moves nothing, and the second is the first of it."""
    optimizer = SGD(Cosine(0.5, total_steps=100, warmup_steps=10))
    g = jnp.ones(2)
    first, state = optimizer.update(g, optimizer.init(g), g)
    second, _ = optimizer.update(g, state, g)
    np.testing.assert_array_equal(first, np.zeros(2))
    np.testing.assert_allclose(second, [-0.05, -0.05], rtol=1e-6)
