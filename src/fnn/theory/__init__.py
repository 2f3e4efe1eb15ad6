"""Theory: what mean fields and exact laws predict of a network before it is trained.

All of it is computed in float64 on the host, whatever JAX is set to, and none of it
is traced. Weights have variance weight_variance / n_in, biases bias_variance.
"""

from fnn.theory.centered import CenteredOrthogonal as CenteredOrthogonal
from fnn.theory.centered import centered_critical as centered_critical
from fnn.theory.centered import centered_initializers as centered_initializers
from fnn.theory.criticality import Critical as Critical
from fnn.theory.criticality import critical as critical
from fnn.theory.criticality import critical_initializers as critical_initializers
from fnn.theory.criticality import weight_variance_of as weight_variance_of
from fnn.theory.finite_width import born_dead as born_dead
from fnn.theory.finite_width import inverse_width_sum as inverse_width_sum
from fnn.theory.finite_width import relu_fourth_moment as relu_fourth_moment
from fnn.theory.finite_width import relu_log_gain as relu_log_gain
from fnn.theory.float_range import LinearChain as LinearChain
from fnn.theory.float_range import linear_chain as linear_chain
from fnn.theory.float_range import overflow_layer as overflow_layer
from fnn.theory.float_range import vanishing_layer as vanishing_layer
from fnn.theory.jacobians import (
    input_jacobian_singular_values as input_jacobian_singular_values,
)
from fnn.theory.jacobians import isometric_q as isometric_q
from fnn.theory.jacobians import jacobian_moments as jacobian_moments
from fnn.theory.leaky import leaky_relu_correlation as leaky_relu_correlation
from fnn.theory.leaky import leaky_relu_slope as leaky_relu_slope
from fnn.theory.maps import correlation_map as correlation_map
from fnn.theory.maps import length_map as length_map
from fnn.theory.normalization import gaussian_normalized as gaussian_normalized
from fnn.theory.normalization import moment_map as moment_map
from fnn.theory.normalization import moment_map_jacobian as moment_map_jacobian
from fnn.theory.normalization import normalized_gain as normalized_gain
from fnn.theory.phases import Phase as Phase
from fnn.theory.phases import phase as phase
from fnn.theory.ratio import log_gradient_ratio as log_gradient_ratio
