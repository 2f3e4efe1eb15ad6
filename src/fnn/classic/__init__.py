"""Where it began: threshold units, the perceptron rule, networks of one layer."""

from fnn.classic.linear import linear_svm as linear_svm
from fnn.classic.linear import logistic_regression as logistic_regression
from fnn.classic.linear import softmax_regression as softmax_regression
from fnn.classic.perceptron import PerceptronFit as PerceptronFit
from fnn.classic.perceptron import perceptron_fit as perceptron_fit
from fnn.classic.units import McCullochPitts as McCullochPitts
from fnn.classic.units import ThresholdNetwork as ThresholdNetwork
from fnn.classic.units import xor_network as xor_network
