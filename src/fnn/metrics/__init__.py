"""Metrics of predictions against targets; each is jit-able and takes a whole set."""

from fnn.metrics.calibration import brier_score as brier_score
from fnn.metrics.calibration import (
    expected_calibration_error as expected_calibration_error,
)
from fnn.metrics.calibration import temperature as temperature
from fnn.metrics.classification import accuracy as accuracy
from fnn.metrics.classification import binary_accuracy as binary_accuracy
from fnn.metrics.classification import confusion_matrix as confusion_matrix
from fnn.metrics.classification import f1 as f1
from fnn.metrics.classification import precision as precision
from fnn.metrics.classification import recall as recall
from fnn.metrics.ranking import RocCurve as RocCurve
from fnn.metrics.ranking import roc_auc as roc_auc
from fnn.metrics.ranking import roc_curve as roc_curve
from fnn.metrics.regression import r2 as r2
from fnn.metrics.series import exponential_average as exponential_average
from fnn.metrics.series import trailing_mean as trailing_mean
