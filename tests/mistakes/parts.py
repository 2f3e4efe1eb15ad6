"""Mistakes in the parts of a recipe."""

import jax
import jax.numpy as jnp
import numpy as np

import fnn
from fnn import initializers, optimizers
from tests.mistakes.base import KEY, L, Table, init

# A leaf out of its range, as a Python number: the constructor says so.
NUMBERS: Table = {
    "learning rate negative": (
        lambda: optimizers.SGD(-0.1),
        ValueError,
        "SGD.learning_rate must be at least 0, got -0.1",
    ),
    "learning rate NaN": (
        lambda: optimizers.Adam(np.nan),
        ValueError,
        "Adam.learning_rate must be at least 0, got nan",
    ),
    "learning rate infinite": (
        lambda: optimizers.Momentum(np.inf),
        ValueError,
        "Momentum.learning_rate must be at least 0, got inf",
    ),
    "momentum 1": (
        lambda: optimizers.Momentum(0.1, momentum=1),
        ValueError,
        "Momentum.momentum must be at least 0 and below 1, got 1",
    ),
    "beta1 1": (
        lambda: optimizers.Adam(beta1=1.0),
        ValueError,
        "Adam.beta1 .* below 1, got 1",
    ),
    "beta2 1": (
        lambda: optimizers.Adam(beta2=1.0),
        ValueError,
        "Adam.beta2 .* below 1, got 1",
    ),
    "epsilon 0": (
        lambda: optimizers.Adam(epsilon=0),
        ValueError,
        "Adam.epsilon .* above 0, got 0",
    ),
    "max_norm 0": (
        lambda: optimizers.ClipByGlobalNorm(0),
        ValueError,
        "ClipByGlobalNorm.max_norm must be above 0, got 0",
    ),
    "dropout rate 1": (
        lambda: L.Dropout(1.0),
        ValueError,
        "Dropout.rate .* below 1, got 1",
    ),
    "dropout rate negative": (
        lambda: L.Dropout(-0.1),
        ValueError,
        "Dropout.rate must be at least 0 .*got -0.1",
    ),
    "dropout rate in percent": (
        lambda: L.mlp((4, 8, 3), dropout=50),
        ValueError,
        "Dropout.rate .* below 1, got 50",
    ),
    "keep 1": (
        lambda: L.BatchNorm(3, keep=1.0),
        ValueError,
        "BatchNorm.keep .* below 1",
    ),
    "gain 0": (
        lambda: initializers.Orthogonal(gain=0.0),
        ValueError,
        "Orthogonal.gain must be above 0, got 0",
    ),
    "penalty negative": (
        lambda: fnn.penalties.L2(-1e-3),
        ValueError,
        "L2.strength must be at least 0, got -0.001",
    ),
    "penalty's second strength negative": (
        lambda: fnn.penalties.ElasticNet(0.1, -0.1),
        ValueError,
        "ElasticNet.l2 must be at least 0, got -0.1",
    ),
    "label smoothing 1": (
        lambda: fnn.losses.SoftmaxCrossEntropy(label_smoothing=1.0),
        ValueError,
        "SoftmaxCrossEntropy.label_smoothing .* below 1, got 1",
    ),
    "positive weight 0": (
        lambda: fnn.losses.SigmoidCrossEntropy(positive_weight=0),
        ValueError,
        "SigmoidCrossEntropy.positive_weight must be above 0, got 0",
    ),
    "gamma negative": (
        lambda: fnn.losses.SoftmaxFocal(-1.0),
        ValueError,
        "SoftmaxFocal.gamma must be at least 0, got -1",
    ),
    "delta 0": (
        lambda: fnn.losses.Huber(0.0),
        ValueError,
        "Huber.delta must be above 0, got 0",
    ),
    "alpha NaN": (
        lambda: fnn.losses.GeneralRobust(np.nan),
        ValueError,
        "GeneralRobust.alpha must be at least -inf, got nan",
    ),
    "floor in percent": (
        lambda: fnn.losses.BinaryCrossEntropy(5),
        ValueError,
        "BinaryCrossEntropy.floor must be above 0 and below 1, got 5",
    ),
    "warm-up longer than the run": (
        lambda: fnn.schedules.Cosine(0.1, total_steps=10, warmup_steps=20),
        ValueError,
        "Cosine.warmup_steps must be below 10, got 20",
    ),
    "no steps": (
        lambda: fnn.schedules.Cosine(0.1, total_steps=0),
        ValueError,
        "Cosine.total_steps must be at least 1, got 0",
    ),
}

# The same as arrays, or as no number at all: `fnn.init` says so.
LEAVES: Table = {
    "learning rate a string": (
        lambda: init(optimizer=optimizers.SGD("0.1")),
        TypeError,
        "SGD.learning_rate must be a number or an array, got str '0.1'",
    ),
    "learning rate a lambda": (
        lambda: init(optimizer=optimizers.SGD(lambda step: 0.1)),
        TypeError,
        "SGD.learning_rate must be a number.* got the function.*schedule",
    ),
    "learning rate a schedule's class": (
        lambda: init(optimizer=optimizers.SGD(fnn.schedules.Cosine)),
        TypeError,
        "SGD.learning_rate must be a number.* got the class Cosine.*schedule",
    ),
    "learning rate None": (
        lambda: init(optimizer=optimizers.SGD(None)),
        TypeError,
        "SGD.learning_rate must be a number or an array, got None",
    ),
    "array negative": (
        lambda: init(optimizer=optimizers.Adam(jax.device_put(np.float32(-1)))),
        ValueError,
        "Adam.learning_rate must be at least 0, got -1.0",
    ),
    "one of a sweep negative": (
        lambda: init(
            optimizer=optimizers.Chain(optimizers.SGD(np.array([0.1, -0.2, 0.3])))
        ),
        ValueError,
        "SGD.learning_rate must be at least 0, got -0.2",
    ),
    "array in a nested layer": (
        lambda: init(model=L.Residual(L.Sequential(L.Dropout(np.float32(1))))),
        ValueError,
        "Dropout.rate must be at least 0 and below 1, got 1",
    ),
    "array in a schedule": (
        lambda: init(optimizer=optimizers.SGD(fnn.schedules.Constant(np.array(-1.0)))),
        ValueError,
        "Constant.value must be at least 0, got -1",
    ),
    "initializer's class": (
        lambda: init(model=L.Dense(4, 3, weight_initializer=initializers.He)),  # pyright: ignore
        TypeError,
        r"Dense.weight_initializer must be an instance.* class He. Write He\(",
    ),
    "initializer a function": (
        lambda: init(model=L.Dense(4, 3, weight_initializer=jnp.zeros)),  # pyright: ignore
        TypeError,
        "Dense.weight_initializer must be an instance.* got the function zeros",
    ),
    "initializer's distribution": (
        lambda: initializers.Glorot(distribution="gaussian"),
        ValueError,
        "Glorot.distribution must be 'normal' or 'uniform', got 'gaussian'",
    ),
    "initializer on a vector": (
        lambda: initializers.He()(KEY, (3,), np.float32),  # pyright: ignore
        ValueError,
        r"shape must be that of a matrix, \(n_in, n_out\), got \(3,\). Use Zeros",
    ),
}

LAYERS: Table = {
    "no outputs": (
        lambda: L.Dense(4, 0),
        ValueError,
        "Dense.n_out must be at least 1, got 0",
    ),
    "negative inputs": (
        lambda: L.Dense(-4, 3),
        ValueError,
        "Dense.n_in must be at least 1, got -4",
    ),
    "float outputs": (
        lambda: L.Dense(4, 128 / 2),  # pyright: ignore
        TypeError,
        "Dense.n_out must be an integer, got 64.0",
    ),
    "features True": (
        lambda: L.BatchNorm(True),
        TypeError,
        "BatchNorm.n must be an integer, got True",
    ),
    "repeat 0 times": (
        lambda: L.Repeat(L.Dense(4, 4), 0),
        ValueError,
        "Repeat.n must be at least 1, got 0",
    ),
    "mlp of one size": (
        lambda: L.mlp((4,)),
        ValueError,
        r"sizes must name at least input and output, got \(4,\).*Write",
    ),
    "mlp of a number": (
        lambda: L.mlp(64, 10),  # pyright: ignore
        TypeError,
        r"sizes must be a tuple of widths.*\(64, 32, 10\), got int 64",
    ),
    "mlp with a size 0": (
        lambda: L.mlp((4, 0, 3)),
        ValueError,
        r"sizes\[1\] must be at least 1, got 0",
    ),
    "mlp with an activation's class": (
        lambda: L.mlp((4, 3), L.Tanh),  # pyright: ignore
        TypeError,
        r"activation must be a layer.*got the class Tanh. Write Tanh\(",
    ),
    "mlp with an activation's name": (
        lambda: L.mlp((4, 3), "relu"),  # pyright: ignore
        TypeError,
        "activation must be a layer such as fnn.layers.ReLU.*got str 'relu'",
    ),
    "mlp with a made normalization": (
        lambda: L.mlp((4, 8, 3), normalization=L.BatchNorm(8)),  # pyright: ignore
        TypeError,
        "normalization must be a function of a width.*got BatchNorm",
    ),
    "class in place of a layer": (
        lambda: L.Sequential(L.Dense(4, 3), L.ReLU),  # pyright: ignore
        TypeError,
        r"layer 1 must be a layer.*got the class ReLU. Write ReLU\(",
    ),
    "function in place of a layer": (
        lambda: L.Sequential(L.Dense(4, 3), jax.nn.relu),  # pyright: ignore
        TypeError,
        "layer 1 must be a layer such as fnn.layers.ReLU.*got the function relu",
    ),
    "list of layers": (
        lambda: L.Sequential([L.Dense(4, 3), L.ReLU()]),  # pyright: ignore
        TypeError,
        "layer 0 must be a layer, got a list. .*Sequential",
    ),
    "function in a Residual": (
        lambda: L.Residual(jnp.tanh),  # pyright: ignore
        TypeError,
        "Residual.layer must be a layer.*got the function tanh",
    ),
    "list in a Repeat": (
        lambda: L.Repeat([L.Dense(4, 4), L.Tanh()], 3),  # pyright: ignore
        TypeError,
        "Repeat.layer must be a layer, got a list. .*Sequential",
    ),
}

TABLE: Table = {**NUMBERS, **LEAVES, **LAYERS}
