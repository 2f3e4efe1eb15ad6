"""Losses: each value beside its hand-derived gradient."""

from fnn.losses.base import Loss as Loss
from fnn.losses.cross_entropy import SigmoidCrossEntropy as SigmoidCrossEntropy
from fnn.losses.cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from fnn.losses.squared_error import HalfSquaredError as HalfSquaredError
from fnn.losses.squared_error import MeanSquaredError as MeanSquaredError
