"""What `fnn compare` needs scikit-learn for: its data sets and its models."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import fnn
from fnn.data import Batch

_LOADERS: dict[str, Callable[..., Any]] = {
    "breast-cancer": datasets.load_breast_cancer,
    "wine": datasets.load_wine,
    "diabetes": datasets.load_diabetes,
}


def load(name: str) -> Batch:
    """A data set with (B,) integer labels, or (B, 1) values to be predicted."""
    if name == "digits":
        return fnn.data.digits()
    x, y = _LOADERS[name](return_X_y=True)
    target = y[:, None].astype(np.float32) if name == "diabetes" else y.astype(np.int32)
    return Batch(x.astype(np.float32), target)


def classifiers(seed: int) -> dict[str, Any]:
    """scikit-learn's classifiers by the name of their row."""
    return {
        "KNN": KNeighborsClassifier(),
        "SVM (RBF)": SVC(),
        "decision tree": DecisionTreeClassifier(random_state=seed),
        "random forest": RandomForestClassifier(random_state=seed),
        # Its default of 100 steps is not enough for the digits.
        "logistic/ridge": LogisticRegression(max_iter=1000),
    }


def regressors(seed: int) -> dict[str, Any]:
    """scikit-learn's regressors, in the same rows."""
    return {
        "KNN": KNeighborsRegressor(),
        "SVM (RBF)": SVR(),
        "decision tree": DecisionTreeRegressor(random_state=seed),
        "random forest": RandomForestRegressor(random_state=seed),
        "logistic/ridge": Ridge(),
    }


class Estimator(NamedTuple):
    """A model of scikit-learn whose output has the shape of a network's.

    Attributes:
        estimator: of scikit-learn.
        classes: their number K, or 0 for values.
    """

    estimator: Any
    classes: int

    def predict(self, train: Batch, x: np.ndarray, fold: int) -> np.ndarray:
        """Fit and predict: (B, K) with a 1 at the label, or (B, 1) values."""
        del fold
        predicted = self.estimator.fit(train.x, train.y.reshape(-1)).predict(x)
        if self.classes:
            return np.eye(self.classes, dtype=np.float32)[predicted]
        return predicted.astype(np.float32)[:, None]

    def __str__(self) -> str:
        return str(self.estimator)
