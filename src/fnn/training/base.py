"""What is trained and how (the recipe), and what training carries (the state)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fnn._core import keys
from fnn._core.batch_axis import BATCH
from fnn._core.checks import check_function, check_key, check_kind, check_names
from fnn._core.component import Component, check_component, static
from fnn._core.data_checks import check_inputs
from fnn._core.layer_checks import check_same_arrays, inside
from fnn.data import Batch
from fnn.data.base import as_batch
from fnn.gradients.autodiff import autodiff
from fnn.gradients.base import Road
from fnn.gradients.statistics import Statistics
from fnn.layers.base import Layer, Tree
from fnn.losses import Loss
from fnn.optimizers.base import EXPECTED, Optimizer, as_optimizer
from fnn.penalties import Penalty

REPORTS = ("gradient_norm", "statistics")


class Recipe(Component):
    """Everything a training run is made of, except its data and its key.

    Its numbers are leaves: a change of one never recompiles, `jax.vmap` over them is a
    sweep. Where a compiled step takes it as an argument, give it
    `jax.device_put(recipe)`, or its numbers go to the device in every call; `fnn.fit`
    does so itself.

    Args:
        model: a layer, usually `fnn.layers.mlp(...)` or a `Sequential`.
        loss: a loss that fits the model's output.
        optimizer: an optimizer, or any object with its `init` and `update`, such as an
            Optax transformation.
        penalty: added to the loss, or None.
        gradient: the road, `fnn.autodiff` or `fnn.backprop`.
        report: what `Info` shall hold besides the loss: "gradient_norm", "statistics".

    Raises:
        TypeError: a part is not of its kind.
        ValueError: an unknown report.

    Example:
        >>> import fnn
        >>> Recipe(fnn.layers.Dense(4, 1), fnn.losses.MeanSquaredError(),
        ...     fnn.optimizers.SGD(0.1), gradient=fnn.backprop).gradient.__name__
        'backprop'
    """

    model: Layer
    loss: Loss
    optimizer: Any
    penalty: Penalty | None = None
    gradient: Road = static(default=autodiff)
    report: tuple[str, ...] = static(default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "optimizer", as_optimizer(self.optimizer))
        check_names("report", self.report, REPORTS)


class TrainState(NamedTuple):
    """What one step hands to the next.

    Attributes:
        params: the parameters, a plain pytree.
        stats: what is learned without a gradient, such as running means.
        opt_state: the optimizer's state.
        key: the key of the run, as raw words; it never changes.
        step: int32 scalar, the number of steps made.
    """

    params: Tree
    stats: Tree
    opt_state: Tree
    key: jax.Array
    step: jax.Array


class Info(NamedTuple):
    """What one step tells, and the next does not need.

    Attributes:
        loss: of the batch, before the update, with the penalty.
        gradient_norm: the Euclidean norm of all gradients together, if the recipe
            reports it, else None.
        statistics: an `fnn.Statistics` of every layer with weights, if the recipe
            reports it, else None.
    """

    loss: jax.Array
    gradient_norm: jax.Array | None = None
    statistics: Statistics | None = None


def init(recipe: Recipe, key: jax.Array) -> TrainState:
    """Draw the parameters and start the optimizer.

    Args:
        recipe: what to train.
        key: a key of `jax.random`. The state carries it; initial weights, the order of
            examples and dropout are all functions of it.

    Returns:
        The state before the first step.

    Raises:
        TypeError: a part of the recipe is not of its kind, or `key` is no key.
        ValueError: a number of the recipe is out of its range.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((4, 8, 3)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> state.params[0]["w"].shape, int(state.step)
        ((4, 8), 0)
    """
    check_recipe(recipe)
    check_key(key)
    params, stats = recipe.model.init(keys.for_init(key))
    opt_state = recipe.optimizer.init(params)
    step = jnp.zeros((), jnp.int32)
    return TrainState(params, stats, opt_state, keys.stored(key), step)


def check_recipe(recipe: Any) -> None:
    """Raise unless the recipe's parts are of their kinds and its numbers in range."""
    check_kind("recipe", recipe, Recipe, "an fnn.Recipe")
    check_kind("recipe.model", recipe.model, Layer, "one of fnn.layers")
    check_kind("recipe.loss", recipe.loss, Loss, "one of fnn.losses")
    check_kind("recipe.optimizer", recipe.optimizer, Optimizer, EXPECTED)
    check_kind(
        "recipe.penalty", recipe.penalty, Penalty | None, "one of fnn.penalties or None"
    )
    check_function(
        "recipe.gradient", recipe.gradient, "a road, fnn.autodiff or fnn.backprop"
    )
    check_component(recipe)


def check_run(recipe: Any, state: Any) -> None:
    """Raise unless a verb's first two arguments are a recipe and a state of it.

    The recipe's parts were checked by `init`.
    """
    check_kind("recipe", recipe, Recipe, "an fnn.Recipe")
    check_kind("state", state, TrainState, "an fnn.TrainState, from fnn.init")
    params, stats = _initial.eval_shape(recipe.model)
    check_same_arrays("state.params", params, state.params)
    check_same_arrays("state.stats", stats, state.stats)


def check_opt_state(recipe: Recipe, state: TrainState) -> None:
    """Raise unless the optimizer's state is of the recipe's optimizer.

    For what trains, where it is traced: a state need not have it to predict.
    """
    expected = jax.eval_shape(recipe.optimizer.init, state.params)
    check_same_arrays("state.opt_state", expected, state.opt_state, "optimizer")


def check_data(recipe: Recipe, state: TrainState, data: Any) -> Batch:
    """The data as a `Batch`; raises unless they fit the recipe.

    Shapes and dtypes always, values where they are concrete: an array that is traced
    has none yet.
    """
    check_run(recipe, state)
    data = as_batch(data)
    with inside("model"):
        prediction = prediction_shape(recipe, state, data.x)
    recipe.loss.check_targets(prediction, data.y)
    return data


def prediction_shape(recipe: Recipe, state: TrainState, x: Any) -> Any:
    """Shape and dtype of the model's output for one example of x (B, n)."""
    return _first_prediction.eval_shape(recipe.model, state.params, state.stats, x)


# Compiled for their shapes alone, which JAX then remembers: the verbs ask every time.
@jax.jit
def _initial(model: Layer) -> tuple[Tree, Tree]:
    return model.init(jax.random.key(0))


@jax.jit
def _first_prediction(model: Layer, params: Tree, stats: Tree, x: Any) -> jax.Array:
    # No randomness is used in inference; any key will do.
    return model.forward(params, stats, x[0], jax.random.key(0), train=False)[0]


def predict(recipe: Recipe, state: TrainState, x: Any) -> jax.Array:
    """The model's outputs for a batch, in inference mode.

    Pure: `jax.jit` it when it is called often.

    Args:
        recipe: gives the model.
        state: gives parameters and statistics.
        x: (B, n) inputs.

    Returns:
        (B, ...) outputs, logits for a classifier.

    Raises:
        TypeError: x is not a floating array.
        ValueError: x does not fit the model, or a concrete x is not finite.

    Example:
        >>> import fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((4, 8, 3)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam())
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> fnn.predict(recipe, state, jnp.ones((5, 4))).shape
        (5, 3)
    """
    check_run(recipe, state)
    check_inputs(x)
    key = jax.random.key(0)

    def one(x: jax.Array) -> jax.Array:
        return recipe.model.forward(state.params, state.stats, x, key, train=False)[0]

    with inside("model"):
        return jax.vmap(one, axis_name=BATCH)(x)
