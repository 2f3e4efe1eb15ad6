"""Health: what goes wrong in a network's gradients, where, why, and what cures it."""

from fnn.health.case import Cause as Cause
from fnn.health.causes import causes as causes
from fnn.health.criteria import Criteria as Criteria
from fnn.health.criteria import criteria as criteria
from fnn.health.cure import Cure as Cure
from fnn.health.cure import Trial as Trial
from fnn.health.nonfinite import NonFinite as NonFinite
from fnn.health.report import HealthReport as HealthReport
