"""Every remedy of the notes on a deep network, measured before and after training.

Digits, width 64, 40 hidden layers unless said otherwise. Prints the table of
docs/health.md.

    python -m examples.remedies
"""

import math
from datetime import date
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import numpy as np

import fnn
from fnn.health.remedies import (
    add_normalization,
    add_residual,
    found,
    replace_activation,
)
from fnn.initializers import Glorot, He, Initializer, LeCun, Normal
from fnn.layers import (
    BatchNorm,
    Dense,
    Layer,
    LayerNorm,
    ReLU,
    Repeat,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
)
from fnn.optimizers import SGD, Adam, Chain, ClipByGlobalNorm, ClipByValue, RMSprop

WIDTH, LAYERS, EPOCHS = 64, 40, 10


class Row(NamedTuple):
    """One line of the table: the theory's gain is given where mean fields have none."""

    words: str
    model: Layer
    optimizer: Any
    theory: float = math.nan


def network(
    activation: Layer, initializer: Initializer, layers: int = LAYERS
) -> Sequential:
    """A plain network with that many hidden layers."""
    draw: dict[str, Any] = {"weight_initializer": initializer}
    block = Sequential(Dense(WIDTH, WIDTH, **draw), activation)
    return Sequential(
        Dense(64, WIDTH, **draw),
        activation,
        Repeat(block, layers - 1),
        Dense(WIDTH, 10, weight_initializer=LeCun()),
    )


def vanishing() -> list[Row]:
    """Sigmoid with Glorot's weights, and what the notes advise against it."""
    ill = network(Sigmoid(), Glorot())
    adam, norm = Adam(1e-3), math.sqrt(fnn.theory.normalized_gain(Sigmoid()))
    return [
        Row("sigmoid, Glorot: vanishing", ill, adam),
        Row("ReLU instead, still Glorot", replace_activation(ill, ReLU()), adam),
        Row("ReLU with He", network(ReLU(), He()), adam),
        Row("tanh, Glorot", network(Tanh(), Glorot()), adam),
        Row("sigmoid with He", network(Sigmoid(), He()), adam),
        Row("batch norm", add_normalization(ill, BatchNorm), adam, norm),
        Row("layer norm", add_normalization(ill, LayerNorm), adam),
        Row("residual, scale 1/sqrt(L)", add_residual(ill), adam),
        Row("fewer layers: 3", network(Sigmoid(), Glorot(), 3), adam),
    ]


def exploding() -> list[Row]:
    """ReLU with twice He's variance, and what the notes advise against it."""
    large = Normal(4 / WIDTH)
    ill, sgd = network(ReLU(), large), SGD(0.01)
    norm = math.sqrt(fnn.theory.normalized_gain(ReLU()))
    return [
        Row("ReLU, twice He's variance: exploding", ill, sgd),
        Row("clip the norm at 1", ill, Chain(ClipByGlobalNorm(1.0), sgd)),
        Row("clip the values at 0.01", ill, Chain(ClipByValue(0.01), sgd)),
        Row("Adam", ill, Adam(1e-3)),
        Row("RMSprop", ill, RMSprop(1e-3)),
        Row("Glorot", network(ReLU(), Glorot()), sgd),
        Row("He", network(ReLU(), He()), sgd),
        Row("batch norm", add_normalization(ill, BatchNorm), sgd, norm),
        Row("layer norm", add_normalization(ill, LayerNorm), sgd),
        Row("fewer layers: 5", network(ReLU(), large, 5), sgd),
    ]


def healthy() -> list[Row]:
    """ReLU with He's weights: what batch norm does to it."""
    norm = math.sqrt(fnn.theory.normalized_gain(ReLU()))
    sound, adam = network(ReLU(), He()), Adam(1e-3)
    normal = add_normalization(sound, BatchNorm)
    return [
        Row("ReLU, He", sound, adam),
        Row("batch norm", normal, adam, norm),
        Row("batch norm and residual", add_residual(normal), adam),
        Row("residual, scale 1/sqrt(L)", add_residual(sound), adam),
    ]


def measured(row: Row) -> str:
    """The line of the table."""
    data = fnn.data.digits()
    scale = fnn.data.Standardize.fit(data.x, shared=True)
    data = data._replace(x=scale(data.x))
    loss = fnn.losses.SoftmaxCrossEntropy()
    recipe = fnn.Recipe(row.model, loss, row.optimizer)
    state = fnn.init(recipe, jax.random.key(0))
    report = fnn.diagnose(recipe, state, fnn.data.take(data, np.arange(256)))
    metrics = (fnn.metrics.accuracy,)
    _, history = fnn.fit(
        recipe, state, data, epochs=EPOCHS, validation=data, metrics=metrics
    )
    theory = report.predicted_gain if math.isnan(row.theory) else row.theory
    if found(row.model, Residual):
        theory = math.nan  # mean fields of a chain know of no skips
    last = {name: curve[-1] for name, curve in history.validation.items()}
    cells = (
        row.words,
        f"{report.gain:.3g}",
        "" if math.isnan(theory) else f"{theory:.3g}",
        f"{report.ratio:.2g}",
        report.verdict,
        f"{last['loss']:.3g}",
        f"{last['accuracy']:.0%}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    versions = (f"{name} {version(name)}" for name in ("fnn", "jax", "jaxlib"))
    print(f"{date.today()}, {', '.join(versions)}, {jax.default_backend()}\n")
    print("| network | gain | theory | R | verdict | loss | accuracy |")
    print("|---|--:|--:|--:|---|--:|--:|")
    for rows in (vanishing(), exploding(), healthy()):
        for row in rows:
            print(measured(row), flush=True)


if __name__ == "__main__":
    main()
