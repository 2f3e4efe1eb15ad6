"""Layers: each a forward rule and its hand-derived backward rule, side by side."""

from fnn.layers.activations import Elementwise as Elementwise
from fnn.layers.activations import Identity as Identity
from fnn.layers.activations import ReLU as ReLU
from fnn.layers.activations import Sigmoid as Sigmoid
from fnn.layers.activations import Softmax as Softmax
from fnn.layers.activations import Tanh as Tanh
from fnn.layers.base import Layer as Layer
from fnn.layers.base import Sequential as Sequential
from fnn.layers.base import batch_sum as batch_sum
from fnn.layers.base import outer_sum as outer_sum
from fnn.layers.dense import Dense as Dense
from fnn.layers.dropout import Dropout as Dropout
from fnn.layers.mlp import mlp as mlp
from fnn.layers.normalization import BatchNorm as BatchNorm
from fnn.layers.normalization import LayerNorm as LayerNorm
from fnn.layers.repeat import Repeat as Repeat
from fnn.layers.residual import Residual as Residual
