"""The notes' signs of vanishing and exploding gradients, as ten measured booleans.

Each is a function of the losses and of `fnn.Statistics` over some steps of training.
The notes' lists mix symptoms: "learns slowly" and "poor loss" have many causes, and
weights do not shrink when gradients vanish, they stay (errata I5, I6, I11). Hence the
verdict of `fnn.diagnose` rests on delta in one pass; the ten signs are told beside it.
"""

from typing import Any, NamedTuple

import numpy as np

_STILL = 1e-3
_SLOW = 0.99
_JUMP = 10.0
_DOUBLINGS = 3
_RISE = 10.0


class Criteria(NamedTuple):
    """Four signs of vanishing, then six of exploding gradients, over T steps.

    Attributes:
        early_layers_still: the first layer's relative updates are, on average over the
            steps, below 1e-3 of the largest layer's.
        weights_shrink: some layer's weights are half as large after the steps, or less.
        learns_slowly: the loss is above 99 % of what it was at first.
        weights_zero: all of a layer's weights are exactly 0.
        poor_loss: the last loss is above the first.
        loss_jumps: some loss is above 10 times the median of those before it.
        loss_not_finite: some loss is infinite or NaN.
        weights_grow: some layer's weights doubled three times over.
        weights_not_finite: some layer's weights are infinite or NaN.
        derivatives_rise: delta grows at every step, ten times over in all.
    """

    early_layers_still: bool
    weights_shrink: bool
    learns_slowly: bool
    weights_zero: bool
    poor_loss: bool
    loss_jumps: bool
    loss_not_finite: bool
    weights_grow: bool
    weights_not_finite: bool
    derivatives_rise: bool

    @property
    def vanishing(self) -> tuple[str, ...]:
        """The names of the signs of vanishing gradients that are seen."""
        return tuple(name for name in self._fields[:4] if getattr(self, name))

    @property
    def exploding(self) -> tuple[str, ...]:
        """The names of the signs of exploding gradients that are seen."""
        return tuple(name for name in self._fields[4:] if getattr(self, name))


def criteria(losses: Any, statistics: Any) -> Criteria:
    """The ten signs over some steps of training.

    Args:
        losses: (T,) the loss at each step, `Info.loss` of an epoch.
        statistics: `Info.statistics` of the same steps, arrays of shape (T, L). The
            recipe must report them: `fnn.Recipe(..., report=("statistics",))`.

    Returns:
        Ten booleans.

    Example:
        >>> import jax, fnn
        >>> recipe = fnn.Recipe(fnn.layers.mlp((64, 16, 10)),
        ...     fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.Adam(1e-2),
        ...     report=("statistics",))
        >>> state = fnn.init(recipe, jax.random.key(0))
        >>> state, info = fnn.train_epoch(recipe, state, fnn.data.digits(), 32)
        >>> any(criteria(info.loss, info.statistics))
        False
    """
    losses = np.asarray(losses, float)
    weight, update, delta = (
        np.asarray(part, float)
        for part in (statistics.weight, statistics.update, statistics.delta)
    )
    with np.errstate(all="ignore"):
        # Weights drawn as zeros have nothing to be compared with.
        weighed = np.where(weight == 0, np.nan, weight)
        moved = (update / weighed).mean(axis=0)
        growth = weight[-1] / weighed[0]
        medians = [np.median(losses[:step]) for step in range(1, len(losses))]
        largest = delta.max(axis=1)
        return Criteria(
            early_layers_still=bool((moved[0] < _STILL * moved).any()),
            weights_shrink=bool((growth < 0.5).any()),
            learns_slowly=bool(losses[-1] > _SLOW * losses[0]),
            weights_zero=bool((weight == 0).any()),
            poor_loss=bool(losses[-1] > losses[0]),
            loss_jumps=bool((losses[1:] > _JUMP * np.asarray(medians)).any()),
            loss_not_finite=not np.isfinite(losses).all(),
            weights_grow=bool((growth > 2**_DOUBLINGS).any()),
            weights_not_finite=not np.isfinite(weight).all(),
            derivatives_rise=bool(
                (np.diff(largest) > 0).all() and largest[-1] > _RISE * largest[0]
            ),
        )
