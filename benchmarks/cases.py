"""The cases, with their data and initial weights: the same numbers for every peer.

NumPy alone is needed here, and Python 3.11: a peer's interpreter need not have fnn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

DIGITS = Path(__file__).parents[1] / "src" / "fnn" / "data" / "digits.npz"
Weights = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Case:
    """What all candidates of a case do alike.

    Attributes:
        title: for the table.
        unit: what a time is the time of.
        sizes: of the layers, from the inputs on.
        rows: examples in the data set.
        batch_size: examples in a step.
        steps: units in a turn.
        settle: turns before the figure is taken.
        tolerance: by which a figure may differ from the median one, of its size.
        activation: between the layers.
        optimizer: which one.
        rate: its learning rate.
        half: whether products take bfloat16 factors.
    """

    title: str
    unit: str
    sizes: tuple[int, ...]
    rows: int
    batch_size: int
    steps: int
    settle: int = 1
    tolerance: float = 0.01
    activation: str = "relu"
    optimizer: str = "adam"
    rate: float = 1e-3
    half: bool = False

    @property
    def labels(self) -> bool:
        """Whether targets are labels and the loss is a cross-entropy."""
        return self.sizes[-1] == 10


_DIGITS, _MNIST, _WIDE = (64, 100, 10), (784, 512, 256, 10), (1024, 4096, 4096, 1024)


def _deep(depth: int) -> tuple[int, ...]:
    return (64,) * depth + (10,)


CASES = {
    "C1": Case("digits, 64-100-10", "step", _DIGITS, 1797, 32, 56, 10),
    # Whole epochs take part, which shuffle by themselves: figures differ as by seeds.
    "C1 fit": Case(
        "digits, 64-100-10, ten epochs", "step", _DIGITS, 1797, 32, 560, 1, 0.25
    ),
    "C2": Case("MNIST's shape, 784-512-256-10", "step", _MNIST, 12_800, 128, 50),
    "C2 fit": Case(
        "784-512-256-10, two epochs", "step", _MNIST, 12_800, 128, 200, 1, 0.25
    ),
    "C3": Case("wide, 1024-4096-4096-1024", "step", _WIDE, 1024, 512, 1, 2),
    "C3 bfloat16": Case(
        "1024-4096-4096-1024, bfloat16 products",
        "step",
        _WIDE,
        1024,
        512,
        1,
        2,
        0.05,
        half=True,
    ),
    # A few steps of plain descent change the loss by less than a hundredth.
    "C4 150": Case(
        "150 layers of 64", "step", _deep(150), 1797, 64, 28, 1, 1e-4, "tanh", "sgd"
    ),
    "C4 1000": Case(
        "1,000 layers of 64", "step", _deep(1000), 1797, 64, 5, 1, 1e-4, "tanh", "sgd"
    ),
    "C5": Case(
        "256 networks 64-32-10, 10 epochs",
        "sweep of all",
        (64, 32, 10),
        1797,
        64,
        1,
        1,
        0.25,
    ),
    "C6": Case("Adam alone, 20 M parameters in 40 leaves", "update", (), 0, 0, 4, 2),
    "C7 1": Case("forward, 784-512-256-10, batch 1", "call", _MNIST, 1, 1, 200),
    "C7 4096": Case(
        "forward, 784-512-256-10, batch 4,096", "call", _MNIST, 4096, 4096, 4
    ),
    "C8": Case("a new process, one epoch of C1", "process", _DIGITS, 1797, 32, 56),
}
NETWORKS, EPOCHS = 256, 10  # of C5
LEAVES, LEAF = 40, (500, 1000)  # of C6


@cache
def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """(x, y): the digits, or random inputs and what a random network makes of them."""
    if case.sizes[0] == 64:
        with np.load(DIGITS) as arrays:
            x, y = arrays["x"].astype(np.float32), arrays["y"].astype(np.int32)
        return (x - x.mean()) / x.std(), y
    rng = np.random.default_rng(0)
    x = rng.normal(size=(case.rows, case.sizes[0])).astype(np.float32)
    teacher = rng.normal(size=(case.sizes[0], case.sizes[-1])) / case.sizes[0] ** 0.5
    y = x @ teacher.astype(np.float32)
    return x, y.argmax(axis=1).astype(np.int32) if case.labels else y


@cache
def weights(case: Case, seed: int = 0) -> Weights:
    """A matrix (n_in, n_out) and biases a layer: orthogonal at depth, else Glorot's."""
    rng = np.random.default_rng(seed)
    made = []
    for n_in, n_out in pairwise(case.sizes):
        w = rng.normal(size=(n_in, n_out)) * (2 / (n_in + n_out)) ** 0.5
        if len(case.sizes) > 100:
            w = np.linalg.qr(w)[0]
        made.append((w.astype(np.float32), np.zeros(n_out, np.float32)))
    return made


@cache
def batches(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    """The batches of a turn, on the host, shuffled once for all."""
    x, y = data(case)
    order = np.random.default_rng(1).permutation(len(x))
    rows = (
        order[start : start + case.batch_size]
        for start in range(0, len(x) - case.batch_size + 1, case.batch_size)
    )
    parts = [(x[part], y[part]) for part in rows]
    return [parts[step % len(parts)] for step in range(case.steps)]


def prepare(name: str) -> None:
    """Make what the candidates of a case begin with: it is theirs only to copy."""
    case = CASES[name]
    if name == "C6":
        leaves()
        return
    batches(case)
    for seed in range(NETWORKS if name == "C5" else 1):
        weights(case, seed)


def rates() -> np.ndarray:
    """A learning rate for each network of C5; the first two are of the middle."""
    spread = np.logspace(-4, -2, NETWORKS).astype(np.float32)
    return np.random.default_rng(4).permutation(spread)


@cache
def leaves() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(parameters, gradients) of C6."""
    rng = np.random.default_rng(0)
    made = [rng.normal(size=LEAF).astype(np.float32) for _ in range(2 * LEAVES)]
    return made[:LEAVES], made[LEAVES:]


def forward(case: Case, weights: Weights, x: np.ndarray) -> np.ndarray:
    """The network in NumPy, by which every candidate's weights are judged."""
    act: Callable[[Any], Any] = np.tanh
    if case.activation == "relu":
        act = _relu
    for w, b in weights[:-1]:
        x = act(x @ w + b)
    w, b = weights[-1]
    return x @ w + b


def loss(case: Case, weights: Weights) -> float:
    """The mean loss over the data set."""
    x, y = data(case)
    out = forward(case, weights, x).astype(np.float64)
    if not case.labels:
        return float(np.mean((out - y) ** 2))
    out = out - out.max(axis=1, keepdims=True)
    picked = out[np.arange(len(y)), y] - np.log(np.exp(out).sum(axis=1))
    return float(-picked.mean())


def figure(name: str, result: Any) -> float:
    """What must be the same for all candidates of a case.

    Args:
        name: of the case.
        result: the outputs (C7), the parameters (C6), the weights of the first networks
            (C5) or the weights after the turns so far.
    """
    case = CASES[name]
    if name.startswith("C7"):
        # On a fixed direction, where a row in another's place counts.
        direction = np.random.default_rng(5).normal(size=np.shape(result))
        return float(np.mean(direction * result))
    if name == "C6":
        # How far it went against the gradient: without an update, nowhere.
        moved = zip(*leaves(), result, strict=True)
        return float(np.mean([np.mean((p - new) * np.sign(g)) for p, g, new in moved]))
    if name == "C5":
        return float(np.mean([loss(case, weights) for weights in result]))
    return loss(case, result)


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)
