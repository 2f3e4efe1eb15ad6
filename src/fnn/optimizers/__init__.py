"""Optimizers and gradient transforms, as pairs of pure functions."""

from fnn.optimizers.adam import Adam as Adam
from fnn.optimizers.base import ArrayOptimizer as ArrayOptimizer
from fnn.optimizers.base import Foreign as Foreign
from fnn.optimizers.base import Optimizer as Optimizer
from fnn.optimizers.sgd import SGD as SGD
from fnn.optimizers.sgd import Momentum as Momentum
from fnn.optimizers.transforms import Chain as Chain
from fnn.optimizers.transforms import ClipByGlobalNorm as ClipByGlobalNorm
