"""One example's whole pass, forward and back, as plain data and as a derivation."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fnn._core import keys
from fnn._core.batch_axis import batch_sum
from fnn._core.explain_checks import check_no_layer, check_one_example
from fnn._core.layer_checks import inside
from fnn._core.trees import cast
from fnn.data.base import as_batch
from fnn.gradients.base import over_batch
from fnn.layers import BatchNorm, Dense, Dropout, Elementwise
from fnn.layers.base import Layer, Sequential, Tree
from fnn.optimizers import SGD
from fnn.schedules import Schedule
from fnn.training.base import Recipe, TrainState, check_data
from fnn.training.explanation import Arrays, Explanation, LayerPass
from fnn.training.notation import split


class _Step(NamedTuple):
    """A layer with what belongs to it."""

    place: str
    layer: Layer
    params: Tree
    stats: Tree
    key: jax.Array


def explain(
    recipe: Recipe, state: TrainState, batch: Any, dtype: Any = None
) -> Explanation:
    """Take one example through the model and back, and keep every number on the way.

    This is the road `fnn.backprop` for a batch of one: the layers' own forward and
    backward rules on the state as it is, with the randomness of its next step. It runs
    operation by operation; it is for reading, not for `jax.jit`.

    Layers of a `Sequential` are told one by one, `Repeat` and `Residual` as a whole.

    Args:
        recipe: gives the model, the loss and the penalty; the learning rate too, if
            its optimizer is `fnn.optimizers.SGD`.
        state: a `TrainState` of that recipe.
        batch: one example: x (1, n) and y (1, ...).
        dtype: compute in this dtype, such as `jnp.float64`; that of the state if not
            given.

    Returns:
        An `Explanation`: print it, or call its `markdown`.

    Raises:
        TypeError: dtypes do not fit.
        ValueError: shapes do not fit, the batch has more than one row, or the model
            has a `BatchNorm`, which knows no single example.

    Example:
        >>> import fnn
        >>> model = fnn.layers.Sequential(fnn.layers.Dense(2, 1), fnn.layers.ReLU())
        >>> recipe = fnn.Recipe(
        ...     model, fnn.losses.HalfSquaredError(), fnn.optimizers.SGD(0.5))
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> ones = {"w": jnp.ones((2, 1)), "b": jnp.ones(1)}
        >>> state = state._replace(params=(ones, ()))
        >>> told = fnn.explain(recipe, state, (jnp.ones((1, 2)), jnp.ones((1, 1))))
        >>> [(layer.output_name, layer.output.tolist()) for layer in told.layers]
        [('z0', [3.0]), ('a0', [3.0])]
        >>> told.layers[0].gradients["w"].tolist(), told.layers[0].updates["b"].tolist()
        ([[2.0], [2.0]], [-1.0])
    """
    first = jax.tree.leaves(state.params) if isinstance(state, TrainState) else []
    dtype = np.dtype(dtype or (first[0].dtype if first else jnp.float32))
    wide = dtype == np.float64 or jax.config.jax_enable_x64  # pyright: ignore
    with jax.enable_x64(bool(wide)):
        batch = cast(as_batch(batch), dtype)
        if isinstance(state, TrainState):
            params, stats = cast((state.params, state.stats), dtype)
            state = state._replace(params=params, stats=stats)
        batch = check_data(recipe, state, batch)
        check_one_example(batch.x)
        check_no_layer(recipe.model, BatchNorm)
        return _explain(recipe, state, batch, dtype)


def _explain(recipe: Recipe, state: TrainState, batch: Any, dtype: Any) -> Explanation:
    parts = (recipe.model, recipe.loss, recipe.penalty)
    model, loss, penalty = (cast(part, dtype) for part in parts)
    params, stats = state.params, state.stats
    key = keys.for_step(state.key, state.step)

    def example(x: Any, y: Any, share: Any, key: Any) -> Tree:
        return _sweep(_steps(model, params, stats, key), loss, x, y, share)

    records, gradients, value, loss_gradient = over_batch(example, batch, key)
    # The same arrays in the same order, in a tree like the parameters.
    gradients = jax.tree.unflatten(
        jax.tree.structure(params), jax.tree.leaves(gradients)
    )
    trees = {"parameters": params, "gradients": gradients}
    if penalty is not None:
        own = penalty.gradient(params)
        gradients = jax.tree.map(jnp.add, gradients, own)
        trees |= {"gradients": gradients, "penalty_gradients": own}
    rate = after = None
    if type(recipe.optimizer) is SGD:
        rate = recipe.optimizer.learning_rate
        rate = rate(state.opt_state["step"]) if isinstance(rate, Schedule) else rate
        updates, _ = recipe.optimizer.update(gradients, state.opt_state, params)
        trees["updates"] = updates
        params_after = jax.tree.map(jnp.add, params, updates)

        def again(x: Any, y: Any, share: Any, key: Any) -> jax.Array:
            prediction, _, _ = model.forward(params_after, stats, x, key, train=True)
            return batch_sum(loss.weighted_value(prediction, y, share))

        after = float(over_batch(again, batch, key))
    steps = _steps(recipe.model, params, stats, key)
    return Explanation(
        dtype=dtype.name,
        x=np.asarray(batch.x[0]),
        target=np.asarray(batch.y[0]),
        layers=_passes(recipe.model, steps, records, trees),
        loss_name=repr(recipe.loss),
        loss=float(value),
        loss_gradient=np.asarray(loss_gradient),
        penalty=None if penalty is None else float(penalty.value(params)),
        learning_rate=None if rate is None else float(rate),
        loss_after=after,
    )


def _passes(
    model: Layer, steps: list[_Step], records: list[Tree], trees: dict[str, Tree]
) -> tuple[LayerPass, ...]:
    """What each layer did, its arrays as NumPy's and by name."""
    names = _names([step.layer for step in steps])
    parts = {name: _own(model, tree) for name, tree in trees.items()}
    passes = []
    for index, (step, record) in enumerate(zip(steps, records, strict=True)):
        own = {name: _named(part[index]) for name, part in parts.items()}
        passes.append(
            LayerPass(
                place=step.place,
                kind=type(step.layer).__name__,
                layer=repr(step.layer),
                input_name=names[index],
                output_name=names[index + 1],
                **jax.tree.map(np.asarray, record),
                parameters=own["parameters"],
                gradients=own["gradients"],
                penalty_gradients=own.get("penalty_gradients", {}),
                updates=own.get("updates"),
            )
        )
    return tuple(passes)


def _steps(
    model: Layer, params: Tree, stats: Tree, key: jax.Array, place: str = ""
) -> list[_Step]:
    """The layers of a model in order, those of a Sequential inside another too."""
    if type(model) is not Sequential:
        return [_Step(place or "0", model, params, stats, key)]
    steps = []
    for index, layer in enumerate(model.layers):
        # The key that Sequential gives its layers: the dropout is that of the step.
        own = jax.random.fold_in(key, index)
        inner = f"{place}.{index}" if place else str(index)
        steps += _steps(layer, params[index], stats[index], own, inner)
    return steps


def _sweep(steps: list[_Step], loss: Any, x: Any, y: Any, share: Any) -> Tree:
    """Forward, the loss, backward, and everything on the way."""
    inputs, tapes = [x], []
    for step in steps:
        with inside(f"layer {step.place}"):
            output, _, tape = step.layer.forward(
                step.params, step.stats, inputs[-1], step.key, train=True
            )
        inputs.append(output)
        tapes.append(tape)
    value = loss.weighted_value(inputs[-1], y, share)
    loss_gradient = dy = loss.weighted_gradient(inputs[-1], y, share)
    records, gradients = [], []
    for index, step in reversed(list(enumerate(steps))):
        slope = None
        if isinstance(step.layer, Elementwise):
            # The rule is dy f'(z), entry by entry: f'(z) is what it makes of ones.
            slope, _ = step.layer.backward(step.params, tapes[index], jnp.ones_like(dy))
        dx, gradient = step.layer.backward(step.params, tapes[index], dy)
        record = {
            "input": inputs[index],
            "output": inputs[index + 1],
            "slope": slope,
            "output_gradient": dy,
            "input_gradient": dx,
        }
        # The sum over a batch of one is the value itself, without the batch's axis.
        records.append(jax.tree.map(batch_sum, record))
        gradients.append(gradient)
        dy = dx
    ends = batch_sum(value), batch_sum(loss_gradient)
    return records[::-1], gradients[::-1], *ends


def _names(layers: list[Layer]) -> list[str]:
    """The symbol of the input and of every layer's output."""
    names, number = ["x"], -1
    for layer in layers:
        if isinstance(layer, Dense):
            number += 1
            name = f"z{number}"
        elif number < 0 or isinstance(layer, Dropout) or _normalizes(layer):
            name = names[-1] + "'"
        else:
            # An activation; a whole of several layers, such as Residual, ends as one.
            last = names[-1]
            name = last + "'" if split(last)[0] == "a" else f"a{number}"
        names.append(name)
    return names


def _normalizes(layer: Layer) -> bool:
    return type(layer).__name__.endswith("Norm")


def _own(model: Layer, tree: Tree) -> list[Tree]:
    """A tree like the parameters, cut into what belongs to each layer."""
    if type(model) is not Sequential:
        return [tree]
    pairs = zip(model.layers, tree, strict=True)
    return [own for layer, part in pairs for own in _own(layer, part)]


def _named(params: Tree) -> Arrays:
    """Parameters by name: "w", or "0.w" for those of a layer inside the layer."""
    return {
        ".".join(str(getattr(key, "key", getattr(key, "idx", key))) for key in path): (
            np.asarray(leaf)
        )
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }
