"""NumPy by hand: one flat vector of parameters, and no new array where it matters."""

import itertools
from typing import Any

import numpy as np

from benchmarks import cases
from benchmarks.cases import Case, Weights
from benchmarks.turns import Candidates, Run, serve


def layers_in(flat: np.ndarray, sizes: tuple[int, ...]) -> Weights:
    """Views of a flat vector: a matrix and biases a layer."""
    views, start = [], 0
    for n_in, n_out in itertools.pairwise(sizes):
        middle = start + n_in * n_out
        views.append(
            (flat[start:middle].reshape(n_in, n_out), flat[middle : middle + n_out])
        )
        start = middle + n_out
    return views


class Adam:
    """Adam in place, with its two constants folded into the rate and epsilon."""

    def __init__(self, rate: float, size: int) -> None:
        self.rate, self.count = rate, 0
        self.mean, self.square, self.a, self.b = np.zeros((4, size), np.float32)

    def update(self, params: np.ndarray, gradient: np.ndarray) -> None:
        self.count += 1
        a, b = self.a, self.b
        np.multiply(gradient, 1 - 0.9, out=a)
        self.mean *= 0.9
        self.mean += a
        np.multiply(gradient, gradient, out=a)
        a *= 1 - 0.999
        self.square *= 0.999
        self.square += a
        np.sqrt(self.square, out=a)
        root = (1 - 0.999**self.count) ** 0.5
        a += 1e-8 * root
        np.divide(self.mean, a, out=b)
        b *= self.rate * root / (1 - 0.9**self.count)
        params -= b


def gradients(layers: Weights, x: np.ndarray, y: np.ndarray, into: Weights) -> None:
    """Backpropagation of the mean cross-entropy through ReLUs, written into views."""
    inputs = [x]
    for w, b in layers[:-1]:
        z = inputs[-1] @ w
        z += b
        inputs.append(np.maximum(z, 0, out=z))
    w, b = layers[-1]
    delta = inputs[-1] @ w
    delta += b
    delta -= delta.max(axis=1, keepdims=True)
    np.exp(delta, out=delta)
    delta /= delta.sum(axis=1, keepdims=True)
    delta[np.arange(len(y)), y] -= 1
    delta /= len(y)
    for i in range(len(layers) - 1, -1, -1):
        w_gradient, b_gradient = into[i]
        np.matmul(inputs[i].T, delta, out=w_gradient)
        np.sum(delta, axis=0, out=b_gradient)
        if i:
            delta = delta @ layers[i][0].T
            delta *= inputs[i] > 0


def steps(case: Case) -> Run:
    """A Python loop over the batches."""
    given = cases.weights(case)
    flat = np.concatenate([part.ravel() for layer in given for part in layer])
    gradient = np.empty_like(flat)
    layers, into = layers_in(flat, case.sizes), layers_in(gradient, case.sizes)
    optimizer = Adam(case.rate, flat.size)
    batches = cases.batches(case)

    def turn() -> None:
        for x, y in batches:
            gradients(layers, x, y, into)
            optimizer.update(flat, gradient)

    return Run(turn, lambda: layers)


def forward(case: Case) -> Run:
    """The products, with the rest in place."""
    (*hidden, last), x = cases.weights(case), cases.data(case)[0]

    def run() -> Any:
        out = x
        for w, b in hidden:
            out = out @ w
            out += b
            np.maximum(out, 0, out=out)
        out = out @ last[0]
        out += last[1]
        return out

    def turn() -> None:
        for _ in range(case.steps):
            run()

    return Run(turn, run)


CANDIDATES: Candidates = {
    "C1": {"in place": steps},
    "C1 fit": {"in place": steps},
    "C2": {"in place": steps},
    "C7 1": {"in place": forward},
    "C7 4096": {"in place": forward},
    "C8": {"in place": steps},
}

if __name__ == "__main__":
    serve(CANDIDATES)
