"""Structure is static, numbers are leaves: nothing recompiles, sweeps are `vmap`."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from tests.catalogue import LOSSES, OPTIMIZERS

L = fnn.layers


def recipe(rate: Any = 0.1, gradient: Any = fnn.autodiff) -> fnn.Recipe:
    model = L.Sequential(
        L.Dense(4, 8, bias=False),
        L.BatchNorm(8),
        L.Sigmoid(1.2),
        L.Dropout(0.1),
        L.Dense(8, 3),
    )
    optimizer = fnn.optimizers.Chain(
        fnn.optimizers.ClipByGlobalNorm(1.0), fnn.optimizers.Adam(rate)
    )
    loss = fnn.losses.SoftmaxCrossEntropy()
    return fnn.Recipe(model, loss, optimizer, fnn.penalties.L2(1e-3), gradient)


def batch(seed: int = 0) -> fnn.Batch:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(16, 4)).astype(jnp.result_type(float))
    return fnn.Batch(x, rng.integers(0, 3, 16).astype(np.int32))


def scaled(part: Any) -> Any:
    """The same part with every number changed a little."""
    return jax.tree.map(lambda leaf: 0.9 * leaf, part)


@pytest.mark.parametrize("gradient", [fnn.autodiff, fnn.backprop])
def test_other_numbers_give_the_same_program(gradient: Any) -> None:
    first, second = recipe(0.1, gradient), scaled(recipe(0.2, gradient))
    state = fnn.init(first, jax.random.key(0))
    step = jax.jit(fnn.train_step)
    texts = [step.lower(r, state, batch()).as_text() for r in (first, second)]
    assert texts[0] == texts[1]
    for number in ("1.2", "0.001", "0.1 "):
        assert f"dense<{number}>" not in texts[0]


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if not n.startswith("Foreign")])
def test_a_step_compiles_once_for_every_optimizer(name: str) -> None:
    loss = LOSSES["SoftmaxCrossEntropy"][0]()
    first = fnn.Recipe(L.Dense(4, 3), loss, OPTIMIZERS[name]())
    traces = 0

    def counted(recipe: fnn.Recipe, state: fnn.TrainState, data: fnn.Batch) -> Any:
        nonlocal traces
        traces += 1
        return fnn.train_step(recipe, state, data)

    step = jax.jit(counted)
    state = fnn.init(first, jax.random.key(0))
    for index in range(3):
        state, _ = step(jax.device_put(scaled(first)), state, batch(index))
    assert traces == 1
    # Python numbers are as weakly typed as what device_put makes of them.
    step(scaled(first), state, batch())
    assert traces == 1


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("gradient", [fnn.autodiff, fnn.backprop])
def test_vmap_over_learning_rates_is_each_run_alone(gradient: Any) -> None:
    rates = jnp.array([0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 1.0])

    def run(rate: Any) -> Any:
        made = recipe(rate, gradient)
        state = fnn.init(made, jax.random.key(0))
        for index in range(3):
            state, _ = fnn.train_step(made, state, batch(index))
        return state.params, fnn.evaluate(made, state, batch(3))["loss"]

    together = jax.jit(jax.vmap(run))(rates)
    alone = jax.jit(run)
    for index, rate in enumerate(rates):
        member = jax.tree.map(lambda leaf: leaf[index], together)  # noqa: B023
        for got, expected in zip(
            jax.tree.leaves(member), jax.tree.leaves(alone(rate)), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    # The sweep really sweeps: another rate, other parameters.
    assert not np.allclose(together[1][1], together[1][-1])


def test_hypergradient_of_every_number() -> None:
    """jax.grad of a loss after three steps with respect to the whole recipe."""

    @jax.jit
    def after_training(made: fnn.Recipe) -> jax.Array:
        state = fnn.init(made, jax.random.key(0))
        for index in range(3):
            state, _ = fnn.train_step(made, state, batch(index))
        return fnn.evaluate(made, state, batch(9))["loss"]

    slopes = jax.jit(jax.grad(after_training))(recipe())
    assert isinstance(slopes, fnn.Recipe)
    assert all(np.isfinite(slope) for slope in jax.tree.leaves(slopes))
    rate = slopes.optimizer.parts[1].learning_rate
    h = 1e-3
    above, below = (float(after_training(recipe(0.1 + s * h))) for s in (1, -1))
    assert rate == pytest.approx((above - below) / (2 * h), rel=0.05, abs=1e-4)


def test_parts_compare_hash_and_print_by_value() -> None:
    assert recipe() == recipe()
    assert hash(recipe()) == hash(recipe())
    assert recipe(0.1) != recipe(0.2)
    assert L.Dense(3, 4) != L.Dense(4, 3)
    assert repr(fnn.optimizers.Momentum(0.5, nesterov=True)) == (
        "Momentum(learning_rate=0.5, nesterov=True)"
    )
    namespace = {**vars(fnn.layers), **vars(fnn.initializers)}
    model = L.mlp((4, 8, 3), L.Tanh(), dropout=0.1)
    assert eval(repr(model), namespace) == model


def test_parts_are_frozen_and_can_be_replaced() -> None:
    adam = fnn.optimizers.Adam()
    with pytest.raises(dataclasses.FrozenInstanceError):
        adam.learning_rate = 1.0  # pyright: ignore[reportAttributeAccessIssue]
    assert dataclasses.replace(adam, learning_rate=1.0).learning_rate == 1.0
    model = L.Sequential(L.Dense(2, 2), L.ReLU())
    assert (
        dataclasses.replace(model, layers=model.layers[:1]).layers == model.layers[:1]
    )


def test_a_subclass_keeps_the_call_of_its_parent() -> None:
    class Named(L.Sequential):
        """A model of one's own."""

    class Wider(L.Dense):
        """A Dense of one's own."""

    layers: Any = (Wider(2, 3), L.ReLU())
    model = Named(*layers)
    assert [type(layer).__name__ for layer in model.layers] == ["Wider", "ReLU"]
    assert jax.tree.map(lambda leaf: leaf, model) == model
