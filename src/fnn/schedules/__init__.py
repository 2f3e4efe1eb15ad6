"""Learning rates as functions of the step, 0 at the first update (errata G12)."""

from fnn.schedules.base import Schedule as Schedule
from fnn.schedules.cycles import Cosine as Cosine
from fnn.schedules.cycles import OneCycle as OneCycle
from fnn.schedules.cycles import Warmup as Warmup
from fnn.schedules.decays import Constant as Constant
from fnn.schedules.decays import Exponential as Exponential
from fnn.schedules.decays import InverseSquareRoot as InverseSquareRoot
from fnn.schedules.decays import InverseTime as InverseTime
from fnn.schedules.decays import Linear as Linear
from fnn.schedules.decays import MultiStep as MultiStep
from fnn.schedules.decays import Step as Step
