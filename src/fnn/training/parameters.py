"""How many numbers a network learns."""

from typing import Any

import jax


def parameter_count(params: Any) -> int:
    """The number of trained numbers in a parameter tree.

    A Dense has (n_in + 1) n_out, one less for each output without bias; an mlp the sum
    over its layers. One hidden layer, wide enough, approximates any continuous
    function on a bounded set as closely as wanted (Cybenko, 1989; Leshno et al., 1993,
    for any activation that is no polynomial); neither says how many units that takes,
    or that training finds them.

    Args:
        params: the parameters of a network, of one layer, or their shapes.

    Example:
        >>> import fnn
        >>> params, _ = fnn.layers.mlp((64, 32, 10)).init(jax.random.key(0))
        >>> parameter_count(params), [parameter_count(layer) for layer in params]
        (2410, [2080, 0, 330])
    """
    return sum(leaf.size for leaf in jax.tree.leaves(params))
