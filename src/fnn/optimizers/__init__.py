"""Optimizers and gradient transforms, as pairs of pure functions."""

from fnn.optimizers.adam import Adam as Adam
from fnn.optimizers.adam import AdamW as AdamW
from fnn.optimizers.adam import AMSGrad as AMSGrad
from fnn.optimizers.adam import NAdam as NAdam
from fnn.optimizers.adaptive import Adadelta as Adadelta
from fnn.optimizers.adaptive import Adagrad as Adagrad
from fnn.optimizers.adaptive import RMSprop as RMSprop
from fnn.optimizers.base import ArrayOptimizer as ArrayOptimizer
from fnn.optimizers.base import Foreign as Foreign
from fnn.optimizers.base import Optimizer as Optimizer
from fnn.optimizers.chain import Chain as Chain
from fnn.optimizers.lion import Lion as Lion
from fnn.optimizers.muon import Muon as Muon
from fnn.optimizers.sgd import SGD as SGD
from fnn.optimizers.sgd import Momentum as Momentum
from fnn.optimizers.transforms import AdaptiveClip as AdaptiveClip
from fnn.optimizers.transforms import ClipByGlobalNorm as ClipByGlobalNorm
from fnn.optimizers.transforms import ClipByValue as ClipByValue
from fnn.optimizers.transforms import DecoupledWeightDecay as DecoupledWeightDecay
from fnn.optimizers.wrappers import Accumulate as Accumulate
from fnn.optimizers.wrappers import ParameterAverage as ParameterAverage
from fnn.optimizers.wrappers import ProximalL1 as ProximalL1
from fnn.optimizers.wrappers import SkipNonFinite as SkipNonFinite
