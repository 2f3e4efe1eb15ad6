"""A first recipe for a task, with the reasons for it in words."""

from typing import NamedTuple

from fnn._core.planning_checks import check_task
from fnn.layers import mlp
from fnn.losses import Loss, MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy
from fnn.optimizers import Adam, AdamW
from fnn.training.base import Recipe

# Below this, a network soon knows every example by heart.
FEW = 1000
MANY = 10_000

LOSSES: dict[str, tuple[Loss, str]] = {
    "classification": (
        SoftmaxCrossEntropy(),
        "loss: softmax cross-entropy on logits, the negative log-likelihood of one "
        "class of several; its gradient p - y does not fade on wrong answers. Targets "
        "are labels (B,).",
    ),
    "binary": (
        SigmoidCrossEntropy(),
        "loss: sigmoid cross-entropy on one logit, the negative log-likelihood of a "
        "yes-or-no answer. Targets are (B, 1) of 0 and 1.",
    ),
    "multilabel": (
        SigmoidCrossEntropy(),
        "loss: sigmoid cross-entropy on each logit, since any number of labels can be "
        "right at once. Targets are (B, K) of 0 and 1.",
    ),
    "regression": (
        MeanSquaredError(),
        "loss: mean squared error, whose minimum is the expected value; with outliers "
        "take fnn.losses.Huber. Targets are (B, K), best standardized.",
    ),
}


class Recommendation(NamedTuple):
    """What `fnn.recommend` gives.

    Attributes:
        recipe: ready for `fnn.init`.
        reasons: one sentence or two for each choice, in the order of the recipe.
    """

    recipe: Recipe
    reasons: tuple[str, ...]


def recommend(
    task: str, *, n_features: int, n_outputs: int = 1, rows: int
) -> Recommendation:
    """A recipe to begin with, and why.

    The loss follows from the task. The rest is opinion, a place to start from: the
    notes' own table of activations and optimizers is not followed (errata G9). Inputs
    should be standardized, as by `fnn.data.Standardize`.

    Args:
        task: "classification" into one of several classes, "binary", "multilabel", or
            "regression".
        n_features: number of inputs.
        n_outputs: number of classes, labels or values; 1 for "binary".
        rows: number of training examples.

    Returns:
        (recipe, reasons).

    Raises:
        TypeError: a size is not an integer.
        ValueError: an unknown task, or a size that does not fit it.

    Example:
        >>> recipe, reasons = recommend("regression", n_features=5, rows=200)
        >>> recipe.loss, recipe.optimizer
        (MeanSquaredError(), AdamW())
        >>> reasons[2]  # doctest: +ELLIPSIS
        'optimizer: AdamW at its usual rate ... weight decay because examples are few.'
    """
    check_task(task, n_features, n_outputs, rows)
    width, depth = (32, 1) if rows < FEW else (128, 2) if rows < MANY else (256, 2)
    model = mlp((n_features, *[width] * depth, n_outputs))
    loss, why_loss = LOSSES[task]
    layers = "1 hidden layer" if depth == 1 else f"{depth} hidden layers"
    few = rows < FEW
    optimizer, decay = (AdamW(), "with weight decay") if few else (Adam(), "no penalty")
    reasons = (
        f"model: {layers} of {width} ReLU units with He weights, a size for {rows} "
        "examples; the last layer is linear, because the loss takes logits or values.",
        why_loss,
        f"optimizer: {type(optimizer).__name__} at its usual rate of 0.001, which "
        f"fnn.find_learning_rate can better; {decay} because examples are "
        f"{'few' if few else 'many'}.",
    )
    return Recommendation(Recipe(model, loss, optimizer), reasons)
