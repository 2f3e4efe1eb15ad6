"""Faults injected into healthy recipes: what cures are measured on.

A twin is a recipe with data that trains well. A fault changes one thing in it, and
names the cause that has to be found first. Twins are few and faults are mostly
numbers, so that most of them share a compiled program.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from fnn.data import Batch, Standardize
from fnn.health.remedies import (
    add_normalization,
    change,
    redraw,
    replace_activation,
)
from fnn.initializers import (
    Constant,
    Initializer,
    LeCun,
    Normal,
    VarianceScaling,
    Zeros,
)
from fnn.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Layer,
    ReLU,
    Repeat,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    mlp,
)
from fnn.optimizers import Adam, AdamW, Chain, ClipByGlobalNorm, Momentum

# Without twelve of the examples there are still 19 batches.
EPOCHS, BATCH_SIZE, ROWS = 5, 32, 620


class Run(NamedTuple):
    """What is given to `fnn.cure`."""

    recipe: fnn.Recipe
    state: fnn.TrainState
    data: Batch


class Twin(NamedTuple):
    """A recipe that trains well on its data."""

    recipe: fnn.Recipe
    data: Batch

    def run(self, seed: int = 0) -> Run:
        state = fnn.init(self.recipe, jax.random.key(seed))
        return Run(self.recipe, state, self.data)


class Fault(NamedTuple):
    """One thing wrong with a twin.

    Attributes:
        twin: name of the twin.
        cause: name of the cause to be found first.
        inject: what goes wrong.
    """

    twin: str
    cause: str
    inject: Callable[[Run], Run]


def _digits() -> Batch:
    data = fnn.data.digits()
    return _standardized(Batch(data.x[:ROWS], data.y[:ROWS]))


def _standardized(data: Batch) -> Batch:
    x, y = (np.asarray(part) for part in data[:2])
    y = Standardize.fit(y)(y) if np.issubdtype(y.dtype, np.floating) else y
    return Batch(Standardize.fit(x, shared=True)(x), y)


def deep(activation: Layer, initializer: Initializer, layers: int = 20) -> Sequential:
    """A plain deep network of width 32 on digits."""
    draw: dict[str, Any] = {"weight_initializer": initializer}
    block = Sequential(Dense(32, 32, **draw), activation)
    return Sequential(
        Dense(64, 32, **draw),
        activation,
        Repeat(block, layers),
        Dense(32, 10, weight_initializer=LeCun()),
    )


def twins() -> dict[str, Twin]:
    """The healthy recipes by name."""
    digits, key = _digits(), jax.random.key(1)
    entropy = fnn.losses.SoftmaxCrossEntropy()
    moons = _standardized(fnn.data.moons(key, ROWS))
    spirals = _standardized(fnn.data.spirals(key, ROWS, classes=3, turns=0.5))
    yes_or_no = moons._replace(y=moons.y[:, None].astype(np.float32))
    return {
        "digits": Twin(
            fnn.Recipe(
                mlp((64, 32, 32, 10)), entropy, Adam(3e-3), fnn.penalties.L2(1e-4)
            ),
            digits,
        ),
        "deep": Twin(fnn.Recipe(deep(ReLU(), He()), entropy, Adam(1e-3)), digits),
        "deep tanh": Twin(
            fnn.Recipe(deep(Tanh(), LeCun()), entropy, Adam(1e-3)), digits
        ),
        "spirals": Twin(
            fnn.Recipe(
                mlp((2, 32, 32, 3), Tanh()),
                entropy,
                Chain(ClipByGlobalNorm(1.0), Momentum(0.1)),
            ),
            spirals,
        ),
        "sine": Twin(
            fnn.Recipe(
                mlp((1, 32, 32, 1), Tanh()),
                fnn.losses.MeanSquaredError(),
                Momentum(0.03),
            ),
            _standardized(fnn.data.sine(key, ROWS)),
        ),
        "dropout": Twin(
            fnn.Recipe(mlp((2, 32, 3), dropout=0.1), entropy, Adam(1e-2)),
            spirals,
        ),
        "moons": Twin(
            fnn.Recipe(
                mlp((2, 16, 16, 1), fnn.layers.GELU()),
                fnn.losses.SigmoidCrossEntropy(),
                AdamW(1e-2),
            ),
            yes_or_no,
        ),
    }


def He() -> Initializer:
    return VarianceScaling(2.0)


def x(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[Run], Run]:
    """Other inputs."""

    def inject(run: Run) -> Run:
        inputs = function(np.array(run.data.x))
        return run._replace(data=run.data._replace(x=inputs))

    return inject


def y(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[Run], Run]:
    """Other targets."""

    def inject(run: Run) -> Run:
        targets = function(np.array(run.data.y))
        return run._replace(data=run.data._replace(y=targets))

    return inject


def part(**parts: Any) -> Callable[[Run], Run]:
    """Other parts of the recipe, and a state of it."""
    return recipe(lambda old: dataclasses.replace(old, **parts))


def model(function: Callable[[Any], Layer]) -> Callable[[Run], Run]:
    """Another model."""
    return recipe(lambda old: dataclasses.replace(old, model=function(old.model)))


def recipe(function: Callable[[Any], fnn.Recipe]) -> Callable[[Run], Run]:
    """Another recipe, and a state of it."""

    def inject(run: Run) -> Run:
        changed = function(run.recipe)
        return Run(changed, fnn.init(changed, run.state.key), run.data)

    return inject


def weights(initializer: Initializer) -> Callable[[Run], Run]:
    """Hidden weights drawn otherwise."""
    return model(lambda old: redraw(old, initializer))


def bias(value: float) -> Callable[[Run], Run]:
    """Biases, all of them, that start elsewhere."""

    def one(part: Any) -> Any:
        if not isinstance(part, Dense):
            return part
        return dataclasses.replace(part, bias_initializer=Constant(value))

    return model(lambda old: change(old, one))


def head(initializer: Initializer) -> Callable[[Run], Run]:
    """Weights of the last layer drawn otherwise."""

    def one(old: Sequential) -> Sequential:
        last = dataclasses.replace(old.layers[-1], weight_initializer=initializer)
        return Sequential(layers=(*old.layers[:-1], last))

    return model(one)


def rows(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """A value in twelve rows."""

    def one(array: np.ndarray) -> np.ndarray:
        array[5:605:50, 0] = value
        return array

    return one


def feature(array: np.ndarray) -> np.ndarray:
    array[:, 20] *= 1e4
    return array


def nan_weight(run: Run) -> Run:
    params = run.state.params
    first = params[0] | {"w": params[0]["w"].at[1, 4].set(jnp.nan)}
    return run._replace(state=run.state._replace(params=(first, *params[1:])))


def pushed(run: Run) -> Run:
    """Weights of the second layer that make its units negative on every example."""
    params = run.state.params
    second = params[2] | {"w": params[2]["w"] - 0.5}
    params = (*params[:2], second, *params[3:])
    return run._replace(state=run.state._replace(params=params))


def dropped(old: Layer) -> Layer:
    """Nineteen of twenty units dropped."""
    return change(
        old, lambda part: Dropout(0.95) if isinstance(part, Dropout) else part
    )


def _normalized(old: Layer) -> Layer:
    return add_normalization(old, BatchNorm)


def _sigmoid(old: Layer) -> Layer:
    return redraw(replace_activation(old, Sigmoid()), LeCun())


def _clipped(limit: float, rate: float) -> Chain:
    return Chain(ClipByGlobalNorm(limit), Momentum(rate))


def _roll(shift: int) -> Callable[[Run], Run]:
    return y(lambda array: np.roll(array, shift, axis=0))


FAULTS: dict[str, Fault] = {
    name: Fault(*row)
    for name, row in {
        "inputs x 1000": ("digits", "unscaled_inputs", x(lambda a: 1000 * a)),
        "inputs + 100": ("digits", "unscaled_inputs", x(lambda a: a + 100)),
        "inputs / 1000": ("digits", "unscaled_inputs", x(lambda a: a / 1000)),
        "one input x 10,000": ("digits", "unscaled_inputs", x(feature)),
        "deep, inputs x 1000": ("deep", "unscaled_inputs", x(lambda a: 1000 * a)),
        "spirals x 1000": ("spirals", "unscaled_inputs", x(lambda a: 1000 * a)),
        "spirals + 50": ("spirals", "unscaled_inputs", x(lambda a: a + 50)),
        "sine's inputs x 1000": ("sine", "unscaled_inputs", x(lambda a: 1000 * a)),
        "moons + 100": ("moons", "unscaled_inputs", x(lambda a: a + 100)),
        "NaN in x": ("digits", "nonfinite_data", x(rows(np.nan))),
        "infinity in x": ("digits", "nonfinite_data", x(rows(np.inf))),
        "NaN in y": ("sine", "nonfinite_data", y(rows(np.nan))),
        "NaN in spirals": ("spirals", "nonfinite_data", x(rows(np.nan))),
        "labels from 1": ("digits", "labels_out_of_range", y(lambda a: a + 1)),
        "labels from 1, spirals": (
            "spirals",
            "labels_out_of_range",
            y(lambda a: a + 1),
        ),
        "labels one row down": ("digits", "out_of_step", _roll(1)),
        "labels two rows up": ("digits", "out_of_step", _roll(-2)),
        "targets one row up": ("sine", "out_of_step", _roll(-1)),
        "targets x 1000": (
            "sine",
            "unscaled_targets",
            y(lambda a: 1000 * a + np.float32(5000)),
        ),
        "targets + 30": ("sine", "unscaled_targets", y(lambda a: a + np.float32(30))),
        "softmax twice": (
            "digits",
            "output_activation",
            model(lambda old: Sequential(layers=(*old.layers, Softmax()))),
        ),
        "sigmoid on the logits": (
            "spirals",
            "output_activation",
            model(lambda old: Sequential(layers=(*old.layers, Sigmoid()))),
        ),
        "NaN in a weight": ("spirals", "nonfinite_weights", nan_weight),
        "weights 0": ("digits", "equal_weights", weights(Zeros())),
        "weights 0.1": ("digits", "equal_weights", weights(Constant(0.1))),
        "deep, weights 0": ("deep", "equal_weights", weights(Zeros())),
        "spirals, weights 1": ("spirals", "equal_weights", weights(Constant(1.0))),
        "dead ReLU": ("digits", "biases", bias(-10.0)),
        "deep dead ReLU": ("deep", "biases", bias(-10.0)),
        "saturated by biases": ("deep tanh", "biases", bias(5.0)),
        "deep batch norm": ("deep", "batch_norm", model(_normalized)),
        "100 layers of tanh": (
            "deep tanh",
            "depth",
            model(lambda _: deep(Tanh(), LeCun(), 100)),
        ),
        "units pushed below 0": ("digits", "dead_units", pushed),
        "deep sigmoid": ("deep", "activation", model(_sigmoid)),
        "deep, weights small": ("deep", "weights", weights(Normal(1e-4))),
        "deep, PyTorch's weights": ("deep", "weights", weights(VarianceScaling(1 / 3))),
        "deep, weights large": ("deep", "weights", weights(Normal(0.25))),
        "deep, overflow": ("deep", "weights", weights(Normal(1e4))),
        "deep tanh, weights small": ("deep tanh", "weights", weights(Normal(0.01))),
        "deep tanh, weights large": ("deep tanh", "weights", weights(Normal(0.25))),
        "weights large": ("digits", "weights", weights(VarianceScaling(2000.0))),
        "weights small": ("digits", "weights", weights(VarianceScaling(2e-6))),
        "last weights large": ("digits", "weights", head(VarianceScaling(1e4))),
        "spirals, weights large": ("spirals", "weights", weights(VarianceScaling(1e4))),
        "dropout 0.95": ("dropout", "dropout", model(dropped)),
        "penalty 10": ("digits", "penalty", part(penalty=fnn.penalties.L2(10.0))),
        "weight decay 30": (
            "moons",
            "weight_decay",
            part(optimizer=AdamW(1e-2, weight_decay=30.0)),
        ),
        "clip at 1e-6": ("spirals", "clipping", part(optimizer=_clipped(1e-6, 0.1))),
        "epsilon 10": ("digits", "epsilon", part(optimizer=Adam(3e-3, epsilon=10.0))),
        "beta1 0.9995": (
            "digits",
            "momentum",
            part(optimizer=Adam(3e-3, beta1=0.9995)),
        ),
        "momentum 0.9999": (
            "sine",
            "momentum",
            part(optimizer=Momentum(0.03, 0.9999)),
        ),
        "Adam 3": ("digits", "learning_rate_high", part(optimizer=Adam(3.0))),
        "deep, Adam 0.3": ("deep", "learning_rate_high", part(optimizer=Adam(0.3))),
        "momentum, rate 10": (
            "sine",
            "learning_rate_high",
            part(optimizer=Momentum(10.0)),
        ),
        "spirals, rate 100": (
            "spirals",
            "learning_rate_high",
            part(optimizer=_clipped(1.0, 100.0)),
        ),
        "Adam 1e-7": ("digits", "learning_rate_low", part(optimizer=Adam(1e-7))),
        "deep, Adam 1e-7": ("deep", "learning_rate_low", part(optimizer=Adam(1e-7))),
        "sine, rate 1e-7": (
            "sine",
            "learning_rate_low",
            part(optimizer=Momentum(1e-7)),
        ),
        "spirals, rate 1e-6": (
            "spirals",
            "learning_rate_low",
            part(optimizer=_clipped(1.0, 1e-6)),
        ),
        "moons, rate 1e-6": (
            "moons",
            "learning_rate_low",
            part(optimizer=AdamW(1e-6)),
        ),
    }.items()
}
