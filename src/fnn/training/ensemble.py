"""Many networks as one: the mean of their predictions, and how far they disagree."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import entr

from fnn._core.data_checks import check_inputs
from fnn._core.sweep_checks import (
    check_number_of_states,
    check_one_output,
    check_recipes,
    check_state_arrays,
    check_states,
)
from fnn.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    SigmoidCrossEntropy,
    SigmoidFocal,
    SoftmaxCrossEntropy,
    SoftmaxFocal,
)
from fnn.training.base import Recipe, TrainState, init, predict
from fnn.training.many import grouped, stacked

_SOFTMAX = SoftmaxCrossEntropy | SoftmaxFocal
_SIGMOID = SigmoidCrossEntropy | SigmoidFocal


class Ensemble(NamedTuple):
    """What the members of an ensemble predict together.

    Attributes:
        mean: (B, ...) the mean of their probabilities, or of their values.
        entropy: of the mean probabilities, in nats: all the uncertainty there is.
            (B,) for classes, (B, K) for K yes-or-no answers, None for values.
        disagreement: the part of it that comes from the members' differing, which
            more data would take away. For probabilities the mutual information of
            answer and member, in nats, of the shape of `entropy`; for values their
            standard deviation, (B, ...).
    """

    mean: jax.Array
    entropy: jax.Array | None
    disagreement: jax.Array


def ensemble(
    recipes: Recipe | Sequence[Recipe], states: Sequence[TrainState], x: Any
) -> Ensemble:
    """Predict with several trained networks, and measure how far they disagree.

    With p_m the probabilities of member m of M, H(p) = -sum_k p_k log p_k and means
    over the members,

        mean = mean_m p_m,  entropy = H(mean),  disagreement = H(mean) - mean_m H(p_m),

    the mutual information, which is the Jensen-Shannon divergence of the members: 0
    where they agree, however unsure they are, and at most log M. For values v_m,

        mean = mean_m v_m,  disagreement = sqrt(mean_m (v_m - mean)^2).

    Predictions are logits of classes to softmax losses and of yes-or-no answers to
    sigmoid losses, probabilities to `CategoricalCrossEntropy` and
    `BinaryCrossEntropy`, and values to all others.

    Sources: Lakshminarayanan, Pritzel and Blundell, 2017; Houlsby et al., 2011, for
    the mutual information (BALD).

    Args:
        recipes: one for each member, or one for all. Structures may differ; the
            outputs must have one shape and the first recipe's loss says what they are.
        states: the trained members, as `found.state(run)` of a sweep.
        x: (B, n) inputs.

    Returns:
        An `Ensemble`.

    Raises:
        TypeError: recipes or x are not what they should be.
        ValueError: no members, or not one recipe for each; shapes do not fit.

    Example:
        >>> import fnn
        >>> train, test = fnn.data.stratified_split(fnn.data.digits())
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(1e-2))
        >>> keys = jax.random.split(jax.random.key(0), 5)
        >>> found = fnn.sweep(recipe, keys, train, epochs=3)
        >>> states = [found.state(run) for run in range(5)]
        >>> together = fnn.ensemble(recipe, states, test.x)
        >>> wrong = together.mean.argmax(axis=1) != test.y
        >>> unsure = together.disagreement
        >>> bool(unsure[wrong].mean() > 2 * unsure[~wrong].mean())
        True
    """
    check_states(states, TrainState)
    recipes = [recipes] * len(states) if isinstance(recipes, Recipe) else recipes
    check_recipes(recipes, Recipe)
    check_number_of_states(states, recipes)
    groups = grouped(recipes)
    stacks = [_stack(recipes[runs[0]], runs, states) for runs in groups]
    predictions = predict_stacks(recipes, groups, stacks, x)
    loss = recipes[0].loss
    if isinstance(loss, _SOFTMAX):
        return of_classes(jax.nn.softmax(predictions))
    if isinstance(loss, CategoricalCrossEntropy):
        return of_classes(predictions)
    if isinstance(loss, _SIGMOID):
        return of_answers(jax.nn.sigmoid(predictions))
    if isinstance(loss, BinaryCrossEntropy):
        return of_answers(predictions)
    return of_values(predictions)


def of_classes(probabilities: jax.Array) -> Ensemble:
    """Of probabilities (M, B, K) of K classes."""
    return _of_probabilities(probabilities, lambda p: entr(p).sum(axis=-1))


def of_answers(probabilities: jax.Array) -> Ensemble:
    """Of probabilities (M, B, ...) of yes, each an answer of its own."""
    return _of_probabilities(probabilities, lambda p: entr(p) + entr(1 - p))


def of_values(values: jax.Array) -> Ensemble:
    """Of values (M, B, ...)."""
    return Ensemble(jnp.mean(values, axis=0), None, jnp.std(values, axis=0))


def _of_probabilities(probabilities: jax.Array, entropy: Any) -> Ensemble:
    mean = jnp.mean(probabilities, axis=0)
    whole, part = entropy(mean), jnp.mean(entropy(probabilities), axis=0)
    # Jensen's inequality; rounding may leave a little less than 0.
    return Ensemble(mean, whole, jnp.maximum(whole - part, 0))


def _stack(
    recipe: Recipe, runs: Sequence[int], states: Sequence[TrainState]
) -> TrainState:
    """What some members predict with: no moments, which may be twice as large."""
    expected = jax.eval_shape(lambda: init(recipe, jax.random.key(0)))
    check_state_arrays(states, runs, expected, ("params", "stats"))
    bare = {"opt_state": (), "key": (), "step": ()}
    return stacked([states[run]._replace(**bare) for run in runs])


def predict_stacks(
    recipes: Sequence[Recipe],
    groups: Sequence[Sequence[int]],
    stacks: Sequence[TrainState],
    x: Any,
) -> jax.Array:
    """(runs, B, ...) outputs of runs whose states are stacked by groups."""
    check_inputs(x)
    given = [
        (stacked([recipes[run] for run in runs]), stack, x)
        for runs, stack in zip(groups, stacks, strict=True)
    ]
    check_one_output([jax.eval_shape(_predict, *one).shape[1:] for one in given])
    parts = [_predict(*one) for one in given]
    order = np.argsort([run for runs in groups for run in runs])
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts)[order]


_predict = jax.jit(jax.vmap(predict, in_axes=(0, 0, None)))
