"""The flags that several commands share, one name for each kind."""

from pathlib import Path
from typing import Annotated, Literal

import tyro

import fnn

Flag = Annotated[
    bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help_behavior_hint="")
]
Json = Annotated[
    Flag, tyro.conf.arg(help="Print one JSON object and nothing else on stdout.")
]
# Those that have a slope, each with its usual constants.
Activation = Literal[
    "relu",
    "tanh",
    "sigmoid",
    "identity",
    "elu",
    "gelu",
    "gelu-tanh",
    "leaky-relu",
    "selu",
    "softplus",
    "swish",
]

ACTIVATIONS: dict[Activation, fnn.layers.Layer] = {
    "relu": fnn.layers.ReLU(),
    "tanh": fnn.layers.Tanh(),
    "sigmoid": fnn.layers.Sigmoid(),
    "identity": fnn.layers.Identity(),
    "elu": fnn.layers.ELU(),
    "gelu": fnn.layers.GELU(),
    "gelu-tanh": fnn.layers.GELUTanh(),
    "leaky-relu": fnn.layers.LeakyReLU(),
    "selu": fnn.layers.SELU(),
    "softplus": fnn.layers.Softplus(),
    "swish": fnn.layers.Swish(),
}
Plot = Annotated[Path | None, tyro.conf.arg(metavar="FILE.png", help_behavior_hint="")]

Optimizer = Literal["adam", "sgd", "momentum"]
OPTIMIZERS = {
    "adam": fnn.optimizers.Adam,
    "sgd": fnn.optimizers.SGD,
    "momentum": fnn.optimizers.Momentum,
}
# Tried with and without normalization, with every activation. The velocity of momentum
# 0.9 sums ten gradients, so its rate is a tenth of plain descent's.
LEARNING_RATES = {"adam": 0.002, "sgd": 0.3, "momentum": 0.03}
_IN_WORDS = ", ".join(f"{rate} {name}" for name, rate in LEARNING_RATES.items())
Rate = Annotated[
    float | None,
    tyro.conf.arg(metavar="FLOAT", help_behavior_hint=f"(default: {_IN_WORDS})"),
]
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}


def check_seed(seed: int) -> None:
    """Raise ValueError unless a seed is one that every key takes."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"--seed must be from 0 to 2^32 - 1, got {seed}.")


def check_picture(path: Path) -> None:
    """Raise ValueError unless a picture can be saved there."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"--plot must end in .png, got {path}.")
    if not path.parent.is_dir():
        raise ValueError(f"--plot: there is no folder {path.parent}.")


def check_plot(path: Path | None) -> None:
    """Raise ValueError unless a picture that is asked for can be drawn there."""
    if path is None:
        return
    check_picture(path)
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        raise ValueError(
            "--plot: matplotlib is not installed: pip install 'fnn[plot]'"
        ) from None
