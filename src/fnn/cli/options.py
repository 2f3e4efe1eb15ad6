"""The flags that several commands share, one name for each kind."""

from typing import Annotated, Literal

import tyro

import fnn

Flag = Annotated[
    bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help_behavior_hint="")
]
Json = Annotated[
    Flag, tyro.conf.arg(help="Print one JSON object and nothing else on stdout.")
]
Activation = Literal["relu", "tanh", "sigmoid", "identity"]

ACTIVATIONS: dict[Activation, fnn.layers.Layer] = {
    "relu": fnn.layers.ReLU(),
    "tanh": fnn.layers.Tanh(),
    "sigmoid": fnn.layers.Sigmoid(),
    "identity": fnn.layers.Identity(),
}
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}


def check_seed(seed: int) -> None:
    """Raise ValueError unless a seed is one that every key takes."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be from 0 to 2^32 - 1, got {seed}.")
