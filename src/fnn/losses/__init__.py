"""Losses: each value beside its hand-derived gradient."""

from fnn.losses.absolute_error import GeneralRobust as GeneralRobust
from fnn.losses.absolute_error import Huber as Huber
from fnn.losses.absolute_error import MeanAbsoluteError as MeanAbsoluteError
from fnn.losses.base import Loss as Loss
from fnn.losses.hinge import Hinge as Hinge
from fnn.losses.hinge import SquaredHinge as SquaredHinge
from fnn.losses.overlap import Dice as Dice
from fnn.losses.overlap import Tversky as Tversky
from fnn.losses.probability import BinaryCrossEntropy as BinaryCrossEntropy
from fnn.losses.probability import CategoricalCrossEntropy as CategoricalCrossEntropy
from fnn.losses.sigmoid import SigmoidCrossEntropy as SigmoidCrossEntropy
from fnn.losses.sigmoid import SigmoidFocal as SigmoidFocal
from fnn.losses.softmax import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from fnn.losses.softmax import SoftmaxFocal as SoftmaxFocal
from fnn.losses.squared_error import HalfSquaredError as HalfSquaredError
from fnn.losses.squared_error import MeanSquaredError as MeanSquaredError
