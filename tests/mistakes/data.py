"""Mistakes in what is trained on."""

import numpy as np

import fnn
from tests.mistakes.base import Table, X, Y, put, regress, run, step

EXAMPLES: Table = {
    "label -1": (
        lambda: step(y=put(Y, -1)),
        ValueError,
        "y must be class numbers from 0 to 2, got -1 in row 2",
    ),
    "label K": (
        lambda: step(y=put(Y, 3)),
        ValueError,
        "y must be class numbers from 0 to 2, got 3 in row 2",
    ),
    "labels float": (
        lambda: step(y=Y.astype(np.float32)),
        TypeError,
        r"y must be class numbers.*got float32.*y.astype\(np.int32\)",
    ),
    "labels strings": (
        lambda: step(y=Y.astype(str)),
        TypeError,
        r"y must hold numbers, got <U.*np.unique\(y",
    ),
    "labels objects": (
        lambda: step(y=Y.astype(object)),
        TypeError,
        r"y must hold numbers, got object.*np.unique\(y",
    ),
    "labels in a column": (
        lambda: step(y=Y[:, None]),
        ValueError,
        r"target y .*\(3,\) for one example, got \(1,\).*y\[:, 0\]",
    ),
    "labels a list": (
        lambda: step(y=Y.tolist()),
        TypeError,
        r"y must be a NumPy or JAX array, got list. Write np.asarray\(y\)",
    ),
    "NaN in x": (
        lambda: step(x=put(X, np.nan)),
        ValueError,
        "x must be finite, got 4 NaN or infinite entries, .* row 2. Remove",
    ),
    "infinity in x": (
        lambda: fnn.predict(*run(), put(X, np.inf)),
        ValueError,
        "x must be finite, got 4 .* row 2. Remove",
    ),
    "x of one dimension": (
        lambda: fnn.predict(*run(), X[0]),
        ValueError,
        r"x must have shape \(B, n\).*got \(4,\). .*x\[None\]",
    ),
    "x integer": (
        lambda: step(x=X.astype(np.int32)),
        TypeError,
        r"x must be floating, got int32. Write x.astype\(np.float32\)",
    ),
    "x a list": (
        lambda: step(x=X.tolist()),
        TypeError,
        r"x must be a NumPy or JAX array, got list. Write np.asarray\(x\)",
    ),
    "no examples": (
        lambda: step(x=X[:0], y=Y[:0]),
        ValueError,
        r"x must hold at least one example.*got an empty array of shape \(0, 4\)",
    ),
    "no features": (
        lambda: step(x=X[:, :0]),
        ValueError,
        r"x must hold .*one feature, got an empty array of shape \(8, 0\)",
    ),
    "y shorter than x": (
        lambda: step(y=Y[:5]),
        ValueError,
        r"y must have one row for each of the 8 rows of x, got shape \(5,\)",
    ),
    "a single array": (
        lambda: fnn.evaluate(*run(), X),
        TypeError,
        r"data must be an fnn.Batch or a tuple \(x, y\).*got float32 of shape \(8, 4\)",
    ),
    "a dictionary": (
        lambda: fnn.train_step(*run(), {"x": X, "y": Y}),
        TypeError,
        r"data must be an fnn.Batch or a tuple \(x, y\).*got a dict of 2",
    ),
    "four arrays": (
        lambda: fnn.train_step(*run(), (X, Y, X, Y)),
        TypeError,
        "data must be an fnn.Batch or a tuple .*got 4 items",
    ),
    "target of a regression flat": (
        lambda: regress(X[:, 0]),
        ValueError,
        r"target y .*\(1,\) for one example, got \(\). Write y\[:, None\]",
    ),
    "target of a regression too wide": (
        lambda: regress(X[:, :2]),
        ValueError,
        r"target y .*\(1,\) for one example, got \(2,\). Change the targets",
    ),
    "NaN in y": (
        lambda: regress(put(X, np.nan)[:, :1]),
        ValueError,
        "y must be finite, got 1 NaN .* row 2",
    ),
    "answers outside 0 to 1": (
        lambda: regress(put(Y[:, None] * 0, 2), fnn.losses.SigmoidCrossEntropy()),
        ValueError,
        "y must lie in 0 to 1 for this loss, got 2 in row 2. Rescale",
    ),
    "probabilities negative": (
        lambda: step(y=put(np.full((8, 3), 0.5, np.float32), -0.5)),
        ValueError,
        "y must lie in 0 to 1 for this loss, got -0.5 in row 2",
    ),
    "labels 0 and 1 for a hinge": (
        lambda: regress(put(np.ones((8, 1), np.int32), 0), fnn.losses.Hinge()),
        ValueError,
        r"y must be -1 or 1 for this loss, got 0 in row 2. .*write 2 \* y - 1",
    ),
    "a class too many for probabilities": (
        lambda: step(y=put(Y, 3), loss=fnn.losses.CategoricalCrossEntropy()),
        ValueError,
        "y must be class numbers from 0 to 2, got 3 in row 2",
    ),
}

WEIGHTS: Table = {
    "weight a list": (
        lambda: step(weight=[1.0] * 8),
        TypeError,
        r"weight must be a NumPy or JAX array, got list. Write np.asarray\(weight\)",
    ),
    "weight negative": (
        lambda: step(weight=put(np.ones(8), -1)),
        ValueError,
        "weight must be at least 0 .*minimum of -1.0 and a sum of 6.0. Write 0",
    ),
    "all weights 0": (
        lambda: step(weight=np.zeros(8)),
        ValueError,
        "weight must be at least 0 with a sum above 0, .*a sum of 0.0",
    ),
    "weight too short": (
        lambda: step(weight=np.ones(5)),
        ValueError,
        r"weight must have shape \(8,\).*got \(5,\)",
    ),
    "weight in a column": (
        lambda: step(weight=np.ones((8, 1))),
        ValueError,
        r"weight must have shape \(8,\).*got \(8, 1\)",
    ),
    "NaN in weight": (
        lambda: step(weight=put(np.ones(8), np.nan)),
        ValueError,
        "weight must be finite, got 1 NaN .*row 2",
    ),
}

TABLE: Table = {**EXAMPLES, **WEIGHTS}
