"""The catalogue is complete, and every public name is documented with an example."""

import doctest
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from tests.catalogue import (
    CONTRACTS,
    INITIALIZERS,
    LAYERS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    PENALTIES,
    ROOMS,
    ROWS,
    SCHEDULES,
    WIDTH,
    part_names,
)


def public(module: Any) -> dict[str, Any]:
    """The public names defined in the package that a module offers."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "").startswith("fnn")
        and not inspect.ismodule(value)
        and ((inspect.ismodule(module) and module is fnn) or _is_home(module, value))
    }


def _is_home(module: Any, value: Any) -> bool:
    """A room shows what is defined inside it, not what it imports for its own use."""
    return value.__module__.startswith(module.__name__)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_part_has_a_row(room: str) -> None:
    parts = set(public(getattr(fnn, room))) - CONTRACTS[room]
    assert parts == part_names(ROOMS[room])


def test_a_part_without_a_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class New(fnn.layers.ReLU):
        """A layer nobody has entered."""

    New.__module__ = "fnn.layers.new"
    monkeypatch.setattr(fnn.layers, "New", New, raising=False)
    with pytest.raises(AssertionError, match="New"):
        test_every_public_part_has_a_row("layers")


def documented() -> dict[str, Any]:
    rooms = [fnn, *(getattr(fnn, room) for room in ROOMS)]
    rooms += [fnn.data, fnn.theory]
    return {
        f"{room.__name__}.{name}": value
        for room in rooms
        for name, value in public(room).items()
    }


@pytest.mark.parametrize("name", documented())
def test_public_names_are_documented(name: str) -> None:
    value = documented()[name]
    text = inspect.getdoc(value) or ""
    assert value.__doc__, f"{name} has no docstring of its own"
    contract = name.split(".")[-1] in set().union(*CONTRACTS.values())
    record = isinstance(value, type) and issubclass(value, tuple)
    if not contract and not record:
        assert doctest.DocTestParser().get_examples(text), f"{name} has no example"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_keeps_its_contract(name: str, dtype: str) -> None:
    """Structure, shapes and dtypes of init, forward and backward, traced only."""
    with jax.enable_x64(dtype == "float64"):
        layer = LAYERS[name]()
        params, stats = layer.init(jax.random.key(0))
        x = jnp.zeros((ROWS, WIDTH), dtype)

        def run(params: Any, stats: Any, x: Any, train: bool) -> Any:
            key = jax.random.key(1)
            return layer.forward(params, stats, x, key, train)

        def both(params: Any, stats: Any, x: Any) -> Any:
            y, new_stats, tape = run(params, stats, x, True)
            dx, dparams = layer.backward(params, tape, y)
            return (y, dx), (new_stats, dparams)

        mapped = jax.vmap(both, (None, None, 0), (0, None), axis_name="batch")
        (y, dx), (new_stats, dparams) = jax.eval_shape(mapped, params, stats, x)
        assert y.shape == dx.shape == x.shape
        assert y.dtype == dx.dtype == x.dtype
        for new, old in ((new_stats, stats), (dparams, params)):
            shape_of = jax.eval_shape(lambda tree: tree, old)
            assert jax.tree.map(describe, new) == jax.tree.map(describe, shape_of)
        inference = jax.eval_shape(
            lambda p, s, x: run(p, s, x, False)[:2], params, stats, x[0]
        )
        assert inference[0].shape == (WIDTH,)
        assert jax.tree.structure(inference[1]) == jax.tree.structure(stats)


def describe(leaf: Any) -> tuple[Any, ...]:
    return leaf.shape, str(leaf.dtype)


@pytest.mark.parametrize("name", LAYERS)
def test_inference_uses_no_randomness_and_no_batch(name: str) -> None:
    layer = LAYERS[name]()
    params, stats = layer.init(jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(ROWS, WIDTH)), jnp.float32)

    def run(x: jax.Array, seed: int) -> jax.Array:
        return layer.forward(params, stats, x, jax.random.key(seed), train=False)[0]

    together = jax.vmap(lambda x: run(x, 0))(x)
    np.testing.assert_allclose(together[2], run(x[2], 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_a_scalar_of_one_example(name: str) -> None:
    build, make = LOSSES[name]
    loss, targets = build(), make(np.random.default_rng(0))
    prediction = jnp.zeros(WIDTH, jnp.float32)
    target = jnp.asarray(targets)[0]
    if jnp.issubdtype(target.dtype, jnp.floating):
        target = target.astype(jnp.float32)
    assert loss.value(prediction, target).shape == ()
    gradient = loss.gradient(prediction, target)
    assert (gradient.shape, gradient.dtype) == (prediction.shape, prediction.dtype)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_keeps_structure_and_dtype(name: str) -> None:
    optimizer = OPTIMIZERS[name]()
    params = {"w": jnp.ones((2, 3)), "half": (jnp.ones(3, jnp.bfloat16),)}
    gradients = jax.tree.map(lambda p: 0.5 * p, params)
    state = optimizer.init(params)
    updates, new_state = optimizer.update(gradients, state, params)
    assert jax.tree.map(describe, updates) == jax.tree.map(describe, params)
    assert jax.tree.map(describe, new_state) == jax.tree.map(describe, state)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_a_scalar_and_can_be_traced(name: str) -> None:
    schedule = SCHEDULES[name]()
    steps = jnp.arange(40)
    rates = jax.jit(jax.vmap(schedule))(steps)
    assert rates.shape == steps.shape
    assert float(rates[7]) == pytest.approx(float(schedule(7)))
    assert float(rates.min()) >= 0


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_an_initializer_gives_what_is_asked(name: str, dtype: Any) -> None:
    initializer = INITIALIZERS[name]()
    if name == "Orthogonal" and dtype == jnp.bfloat16:
        dtype = jnp.float32  # the QR decomposition behind it has no bfloat16
    w = initializer(jax.random.key(0), (5, 3), dtype)
    assert (w.shape, w.dtype) == ((5, 3), dtype)
    assert float(initializer.variance((5, 3))) >= 0


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_zero_at_zero_and_grows(name: str) -> None:
    penalty = PENALTIES[name]()
    params = ({"w": jnp.ones((2, 2)), "b": jnp.ones(2)},)
    zero = jax.tree.map(jnp.zeros_like, params)
    assert float(penalty.value(zero)) == 0 < float(penalty.value(params))
    gradient = penalty.gradient(params)
    assert jax.tree.map(describe, gradient) == jax.tree.map(describe, params)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_the_same_compiled(name: str) -> None:
    metric, *arguments = METRICS[name]()
    np.testing.assert_array_equal(jax.jit(metric)(*arguments), metric(*arguments))
