"""fnn: feedforward networks in JAX as pure functions over pytrees.

The verbs stand here; parts stand in their rooms: `fnn.layers`, `fnn.losses`,
`fnn.optimizers`, `fnn.schedules`, `fnn.initializers`, `fnn.penalties`, `fnn.metrics`,
`fnn.data`. In the order of the loop: data, model, loss, gradient, optimizer, state.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fnn import data as data
from fnn import initializers as initializers
from fnn import layers as layers
from fnn import losses as losses
from fnn import metrics as metrics
from fnn import optimizers as optimizers
from fnn import penalties as penalties
from fnn import schedules as schedules
from fnn._core.component import Component as Component
from fnn._core.component import number as number
from fnn._core.component import static as static
from fnn.data.base import Batch as Batch
from fnn.gradients.autodiff import autodiff as autodiff
from fnn.gradients.backprop import backprop as backprop
from fnn.gradients.compare import compare_gradients as compare_gradients
from fnn.gradients.finite_differences import finite_differences as finite_differences
from fnn.gradients.report import GradientReport as GradientReport
from fnn.gradients.statistics import Statistics as Statistics
from fnn.training.base import Info as Info
from fnn.training.base import Recipe as Recipe
from fnn.training.base import TrainState as TrainState
from fnn.training.base import init as init
from fnn.training.base import predict as predict
from fnn.training.bias_variance import BiasVariance as BiasVariance
from fnn.training.bias_variance import bias_variance as bias_variance
from fnn.training.compilation_cache import (
    use_compilation_cache as use_compilation_cache,
)
from fnn.training.compiled import CompiledPredict as CompiledPredict
from fnn.training.compiled import compile_predict as compile_predict
from fnn.training.cross_validation import CrossValidation as CrossValidation
from fnn.training.cross_validation import cross_validate as cross_validate
from fnn.training.early_stopping import EarlyStopping as EarlyStopping
from fnn.training.ensemble import Ensemble as Ensemble
from fnn.training.ensemble import ensemble as ensemble
from fnn.training.epoch import train_epoch as train_epoch
from fnn.training.evaluate import evaluate as evaluate
from fnn.training.explain import explain as explain
from fnn.training.explanation import Explanation as Explanation
from fnn.training.explanation import LayerPass as LayerPass
from fnn.training.fit import Epoch as Epoch
from fnn.training.fit import History as History
from fnn.training.fit import fit as fit
from fnn.training.learning_rate import LearningRates as LearningRates
from fnn.training.learning_rate import find_learning_rate as find_learning_rate
from fnn.training.memory import MemoryPlan as MemoryPlan
from fnn.training.memory import memory_plan as memory_plan
from fnn.training.optuna_search import optuna_search as optuna_search
from fnn.training.parameters import parameter_count as parameter_count
from fnn.training.points import LogUniform as LogUniform
from fnn.training.points import Uniform as Uniform
from fnn.training.recommend import Recommendation as Recommendation
from fnn.training.recommend import recommend as recommend
from fnn.training.search import Search as Search
from fnn.training.search import grid as grid
from fnn.training.search import random_search as random_search
from fnn.training.search import successive_halving as successive_halving
from fnn.training.shrink import shrink as shrink
from fnn.training.step import train_step as train_step
from fnn.training.sweep import Sweep as Sweep
from fnn.training.sweep import sweep as sweep
from fnn.training.unit_variance import unit_variance as unit_variance

if TYPE_CHECKING:
    from fnn import classic as classic
    from fnn import health as health
    from fnn import theory as theory
    from fnn.health.cure import cure as cure
    from fnn.health.diagnose import diagnose as diagnose

__version__ = "0.1.0"

# Training does without these: they are imported when they are first named.
_ROOMS = ("classic", "health", "theory")
_VERBS = {"cure": "fnn.health.cure", "diagnose": "fnn.health.diagnose"}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"fnn.{name}")
    if name in _VERBS:
        return getattr(importlib.import_module(_VERBS[name]), name)
    raise AttributeError(f"module 'fnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_VERBS})
