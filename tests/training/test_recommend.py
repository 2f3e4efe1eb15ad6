"""What is recommended trains, and says why."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn import recommend
from fnn.metrics import accuracy, binary_accuracy, r2


def classification() -> Any:
    return fnn.data.digits(), 10, accuracy, 0.93


def binary() -> Any:
    data = fnn.data.moons(jax.random.key(0), 600, noise=0.1)
    return data._replace(y=data.y[:, None]), 1, binary_accuracy, 0.93


def multilabel() -> Any:
    """A line, a band, and a circle."""
    x = np.random.default_rng(0).normal(size=(900, 4)).astype(np.float32)
    y = [x[:, 0] + x[:, 1] > 0, np.abs(x[:, 2]) < 0.7, x[:, 0] ** 2 + x[:, 3] ** 2 < 1]
    return fnn.Batch(x, np.stack(y, axis=1).astype(np.int32)), 3, binary_accuracy, 0.93


def regression() -> Any:
    data = fnn.data.friedman(jax.random.key(0), 2000, noise=0.1)
    return data._replace(y=(data.y - 14.4) / 5), 1, r2, 0.93


TASKS = {
    "classification": classification,
    "binary": binary,
    "multilabel": multilabel,
    "regression": regression,
}


@pytest.mark.parametrize("task", TASKS)
def test_what_is_recommended_trains(task: str) -> None:
    data, outputs, metric, good = TASKS[task]()
    data = jax.tree.map(np.asarray, data)
    rows = np.random.default_rng(0).permutation(len(data.x))
    split = int(0.8 * len(rows))
    train, test = (fnn.data.take(data, part) for part in np.split(rows, [split]))
    scale = fnn.data.Standardize.fit(train.x)
    train, test = (part._replace(x=scale(part.x)) for part in (train, test))
    recipe, reasons = recommend(
        task, n_features=train.x.shape[1], n_outputs=outputs, rows=split
    )
    words = [reason.split(":")[0] for reason in reasons]
    assert words == ["model", "loss", "optimizer"]
    assert type(recipe.optimizer).__name__ in reasons[2]
    state = fnn.init(recipe, jax.random.key(0))
    epochs = 100 if split < 1000 else 30
    state, _ = fnn.fit(recipe, state, train, epochs=epochs)
    told = fnn.evaluate(recipe, state, test, (metric,))
    assert float(told[metric.__name__]) > good


def test_size_goes_with_the_examples() -> None:
    counts = []
    for rows in (100, 5000, 100_000):
        recipe, reasons = recommend("regression", n_features=9, n_outputs=2, rows=rows)
        params, _ = jax.eval_shape(lambda m=recipe.model: m.init(jax.random.key(0)))
        counts.append(fnn.parameter_count(params))
        assert f"{rows} examples" in reasons[0]
        assert params[-1]["w"].shape[1] == 2
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"task": "clustering"}, ValueError, "task must be 'classification' or 'bin"),
        ({"rows": 0}, ValueError, "rows must be at least 1, got 0"),
        ({"n_features": 2.0}, TypeError, "n_features must be an integer, got 2.0"),
        ({"n_outputs": 1}, ValueError, "n_outputs must be at least 2, got 1"),
        ({"task": "binary"}, ValueError, "n_outputs must be 1 for a yes-or-no answer"),
    ],
    ids=str,
)
def test_mistakes(change: dict[str, Any], kind: Any, words: str) -> None:
    usual = {"task": "classification", "n_features": 4, "n_outputs": 3, "rows": 100}
    with pytest.raises(kind, match=words):
        recommend(**{**usual, **change})


def test_targets_of_the_reasons_are_those_of_the_loss() -> None:
    """Labels, (B, 1), (B, K): what the sentence says is what the loss takes."""
    targets = {
        "classification": jnp.zeros(4, jnp.int32),
        "binary": jnp.zeros((4, 1)),
        "multilabel": jnp.zeros((4, 3)),
        "regression": jnp.zeros((4, 3)),
    }
    for task, y in targets.items():
        outputs = 1 if task == "binary" else 3
        recipe, _ = recommend(task, n_features=2, n_outputs=outputs, rows=4)
        state = fnn.init(recipe, jax.random.key(0))
        jax.eval_shape(fnn.train_step, recipe, state, (jnp.ones((4, 2)), y))
