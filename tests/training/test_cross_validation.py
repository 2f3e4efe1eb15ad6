"""Each fold's numbers are those of fitting on that fold alone."""

import jax
import numpy as np

import fnn
from tests.training.runs import PLAIN, clouds

METRICS = (fnn.metrics.accuracy,)
# 51 examples in 4 folds: training parts of 38 and of 39.
DATA = clouds(np.random.default_rng(3), rows=51)
FOLDS = fnn.data.stratified_k_fold(DATA.y, 4)


def test_folds_are_fits_on_their_own_part() -> None:
    slow = fnn.Recipe(PLAIN.model, PLAIN.loss, fnn.optimizers.SGD(0.1))
    recipes, keys = [PLAIN, slow], jax.random.split(jax.random.key(0), 2)
    found = fnn.cross_validate(
        recipes, keys, DATA, folds=FOLDS, epochs=2, batch_size=16, metrics=METRICS
    )
    assert len({len(fold.train) for fold in FOLDS}) == 2
    for row, recipe in enumerate(recipes):
        # One of each size.
        for place, fold in ((0, FOLDS[0]), (3, FOLDS[3])):
            _, history = fnn.fit(
                recipe,
                fnn.init(recipe, keys[row]),
                fnn.data.take(DATA, fold.train),
                epochs=2,
                batch_size=16,
                validation=fnn.data.take(DATA, fold.test),
                metrics=METRICS,
            )
            np.testing.assert_allclose(found.loss[row, place], history.loss, rtol=1e-4)
            for name, curve in history.validation.items():
                np.testing.assert_allclose(
                    found.validation[name][row, place], curve, rtol=1e-4
                )
    np.testing.assert_array_equal(found.scores(), found.validation["loss"][:, :, -1])
    # The folds do differ, and so do the recipes.
    assert len(np.unique(found.scores())) == 8
