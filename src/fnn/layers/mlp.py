"""The multilayer perceptron, assembled from its layers."""

import itertools
from collections.abc import Callable, Sequence

from fnn._core.checks import check_function
from fnn._core.layer_checks import check_layer, check_sizes
from fnn.initializers import Initializer, LeCun
from fnn.layers.base import Layer, Sequential
from fnn.layers.dense import Dense
from fnn.layers.dropout import Dropout
from fnn.layers.normalization import BatchNorm
from fnn.layers.rectifiers import ReLU


def mlp(
    sizes: Sequence[int],
    activation: Layer | None = None,
    *,
    normalization: Callable[[int], Layer] | None = None,
    dropout: float | None = None,
    initializer: Initializer | None = None,
) -> Sequential:
    """A multilayer perceptron: Dense, normalization, activation, dropout, ..., Dense.

    The last Dense stands alone: its outputs are logits, or the values of a regression.

    Args:
        sizes: the widths from input to output, at least two.
        activation: after every hidden Dense; ReLU if not given.
        normalization: makes a layer from a width, `fnn.layers.BatchNorm`,
            `fnn.layers.LayerNorm` or `fnn.layers.RMSNorm`. Before a BatchNorm the
            Dense has no bias.
        dropout: rate after every hidden activation.
        initializer: of the weights before an activation; the activation's own if not
            given: He for ReLU and its leaky kin, LeCun for the others.

    Returns:
        A `Sequential`; its parameters are a tuple, one entry a layer.

    Raises:
        ValueError: fewer than two sizes, or one below 1.

    Example:
        >>> mlp((64, 32, 10), dropout=0.1)  # doctest: +ELLIPSIS
        Sequential(Dense(n_in=64, n_out=32, ...), ReLU(), Dropout(rate=0.1), Dense(...))
    """
    check_sizes(sizes)
    activation = ReLU() if activation is None else activation
    check_layer("activation", activation, Layer, strict=True)
    if normalization is not None:
        example = "a function of a width such as fnn.layers.LayerNorm"
        check_function("normalization", normalization, example)
    own: Initializer = getattr(activation, "initializer", LeCun())
    drawn_by = own if initializer is None else initializer
    layers: list[Layer] = []
    for n_in, n_out in itertools.pairwise(sizes[:-1]):
        norm = None if normalization is None else normalization(n_out)
        bias = not isinstance(norm, BatchNorm)
        layers.append(Dense(n_in, n_out, bias=bias, weight_initializer=drawn_by))
        layers += [] if norm is None else [norm]
        layers.append(activation)
        layers += [] if dropout is None else [Dropout(dropout)]
    layers.append(Dense(sizes[-2], sizes[-1], weight_initializer=LeCun()))
    return Sequential(*layers)
