"""Mean prediction and disagreement of an ensemble, against float64 and by cases."""

# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn.training.ensemble import of_answers, of_classes, of_values

L = fnn.layers


def entropy(p: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, -p * np.log(p), 0)


def test_members_that_agree_do_not_disagree(rng: np.random.Generator) -> None:
    row = rng.dirichlet(np.ones(4), size=6).astype(np.float32)
    same = of_classes(np.stack([row] * 5))
    np.testing.assert_allclose(same.mean, row, rtol=1e-6)
    np.testing.assert_allclose(same.disagreement, 0, atol=1e-6)
    np.testing.assert_allclose(same.entropy, entropy(row).sum(axis=1), rtol=1e-5)


def test_sure_members_of_as_many_minds_disagree_by_log_m() -> None:
    sure = np.eye(3, dtype=np.float32)[:, None]
    found = of_classes(sure)
    np.testing.assert_allclose(found.disagreement, np.log(3), rtol=1e-6)
    np.testing.assert_allclose(found.entropy, np.log(3), rtol=1e-6)


def test_probabilities_against_float64(rng: np.random.Generator) -> None:
    p = rng.dirichlet(np.ones(4), size=(7, 5))
    found = of_classes(p.astype(np.float32))
    whole = entropy(p.mean(axis=0)).sum(axis=-1)
    # Jensen and Shannon: the mean divergence of the members from their mean.
    divergence = (p * np.log(p / p.mean(axis=0))).sum(axis=-1).mean(axis=0)
    np.testing.assert_allclose(found.entropy, whole, rtol=1e-4)
    np.testing.assert_allclose(found.disagreement, divergence, rtol=1e-3, atol=1e-5)
    # A yes-or-no answer is two classes.
    two = np.stack([p[..., 0], 1 - p[..., 0]], axis=-1)
    answers = of_answers(p[..., 0].astype(np.float32))
    classes = of_classes(two.astype(np.float32))
    np.testing.assert_allclose(answers.entropy, classes.entropy, rtol=1e-5)
    np.testing.assert_allclose(
        answers.disagreement, classes.disagreement, rtol=1e-3, atol=1e-5
    )


def test_values_have_a_mean_and_a_deviation(rng: np.random.Generator) -> None:
    values = rng.normal(size=(7, 5, 2))
    found = of_values(values.astype(np.float32))
    np.testing.assert_allclose(found.mean, values.mean(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.disagreement, values.std(axis=0), rtol=1e-4)
    assert found.entropy is None


def softmax(z: np.ndarray) -> np.ndarray:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


KINDS: dict[str, tuple[Any, Any]] = {
    "SoftmaxFocal": (fnn.losses.SoftmaxFocal(), lambda z: of_classes(softmax(z))),
    "CategoricalCrossEntropy": (fnn.losses.CategoricalCrossEntropy(), of_classes),
    "SigmoidCrossEntropy": (
        fnn.losses.SigmoidCrossEntropy(),
        lambda z: of_answers(1 / (1 + np.exp(-z))),
    ),
    "BinaryCrossEntropy": (fnn.losses.BinaryCrossEntropy(), of_answers),
    "Huber": (fnn.losses.Huber(), of_values),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_loss_says_what_predictions_are(
    name: str, rng: np.random.Generator
) -> None:
    loss, expected = KINDS[name]
    recipe = fnn.Recipe(L.Dense(3, 3, bias=False), loss, fnn.optimizers.SGD(0.1))
    state = fnn.init(recipe, jax.random.key(0))
    # Each member puts the entries of x in an order of its own.
    orders = [[0, 1, 2], [2, 0, 1]]
    swaps = [np.eye(3, dtype=np.float32)[:, order] for order in orders]
    x = rng.dirichlet(np.ones(3), size=8).astype(np.float32)
    states = [state._replace(params={"w": swap}) for swap in swaps]
    found = fnn.ensemble(recipe, states, x)
    members = np.stack([x[:, order] for order in orders])
    assert found.disagreement.max() > 1e-3
    for one, other in zip(found, expected(members), strict=True):
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_members_may_differ_in_structure(rng: np.random.Generator) -> None:
    recipes = [
        fnn.Recipe(L.Dense(4, 2, bias=b), fnn.losses.Huber(), fnn.optimizers.SGD(0.1))
        for b in (True, False, True)
    ]
    keys = jax.random.split(jax.random.key(1), 3)
    states = [fnn.init(r, k) for r, k in zip(recipes, keys, strict=True)]
    x = rng.normal(size=(8, 4)).astype(np.float32)
    outputs = [x @ np.asarray(state.params["w"]) for state in states]
    found = fnn.ensemble(recipes, states, x)
    np.testing.assert_allclose(
        found.mean, np.mean(outputs, axis=0), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        found.disagreement, np.std(outputs, axis=0), rtol=1e-4, atol=1e-5
    )
