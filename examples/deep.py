"""Train a very deep plain network: no shortcut, no normalization, any activation.

    python examples/deep.py --layers 1000 --activation relu

From the usual start deltas vanish on their way through so many layers, or inputs become
alike. Theory says where to start instead:

1. Centered weights: orthogonal, and blind to what all units have in common. Then every
   activation has a critical point, where deltas keep their length, for signals of every
   variance q around every mean (`fnn.theory.centered_critical`).
2. A mean where the activation is straight: at its inflection, or beside its kink.
   Biases put pre-activations there (`START`).
3. Signals of the right length. Long ones are bent too much on the way, short ones too
   little to learn from: q is chosen so that the squared singular values of the whole
   network's Jacobian have mean 1 and variance 2 (`fnn.theory.isometric_q`).

And a learning rate divided by the depth, for all layers move the output together.
"""

import argparse
import math
import resource
import sys
import time

import jax

import fnn
from fnn import layers, theory
from fnn.initializers import Constant, Initializer, Orthogonal
from fnn.layers import Dense, Layer, Repeat, Sequential

# Each activation, and the mean of pre-activations where it is straight.
START: dict[str, tuple[Layer, float]] = {
    "tanh": (layers.Tanh(), 0.0),  # its inflection, as with the next three
    "sigmoid": (layers.Sigmoid(), 0.0),
    "swish": (layers.Swish(), 2.4),
    "gelu": (layers.GELU(), math.sqrt(2)),
    "relu": (layers.ReLU(), 1.0),  # beside the kink at 0, as with the next four
    "leaky_relu": (layers.LeakyReLU(), 1.0),
    "prelu": (layers.PReLU(), 1.0),
    "elu": (layers.ELU(), 1.0),
    "selu": (layers.SELU(), 1.0),
    "softplus": (layers.Softplus(), 3.0),  # ever straighter
}
PIXELS, CLASSES, BATCH_SIZE = 64, 10, 64
VARIANCE = 2.0  # of squared singular values
RATE = 0.03  # over the number of layers


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The flags, of the command line if none are given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--layers", type=int, default=150, help="layers with weights")
    parser.add_argument("--activation", choices=START, default="tanh")
    parser.add_argument("--width", type=int, default=64, help="of hidden layers")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches")
    parser.add_argument("--epochs", type=int, default=30)
    return parser.parse_args(given)


def critical_point(name: str, depth: int) -> tuple[Layer, float, theory.Critical]:
    """(activation, mean, critical point) at which this depth is nearly isometric."""
    activation, mean = START[name]
    q = theory.isometric_q(activation, depth, VARIANCE, mean)
    return activation, mean, theory.centered_critical(activation, q, mean)


def network(name: str, depth: int, width: int) -> Layer:
    """The layers, with the initializers that theory asks for."""
    activation, mean, point = critical_point(name, depth)
    q = point.q_star
    # Pixels of variance 1 become pre-activations of variance q around the mean; at the
    # other end activations become outputs of variance 1.
    first = Orthogonal(math.sqrt(q))
    last = theory.CenteredOrthogonal(math.sqrt(point.weight_variance / q))
    weights, biases = theory.centered_initializers(activation, q, mean)
    hidden = Dense(width, width, weight_initializer=weights, bias_initializer=biases)
    return Sequential(
        Dense(PIXELS, width, True, first, Constant(mean)),
        Repeat(Sequential(activation, hidden), depth - 2),
        activation,
        Dense(width, CLASSES, weight_initializer=last),
    )


def predict(name: str, depth: int, width: int) -> None:
    """Print what theory says of the usual start, and of this one."""
    activation, mean, point = critical_point(name, depth)
    usual: Initializer = activation.initializer  # pyright: ignore
    variance = theory.weight_variance_of(usual, width)
    phase = theory.phase(activation, variance)
    ratio = theory.log_gradient_ratio(activation, depth, variance)
    _, spread = theory.jacobian_moments(activation, variance, 0.0, depth)
    print(f"{depth:,} layers of width {width}, {activation}")
    print(
        f"  from {usual}: q* {phase.q_star:.3g}, chi_1 {phase.chi_1:.4g}, xi_c "
        f"{phase.xi_c:.3g}; deltas x 1e{ratio:+.1f}, squared singular values vary by "
        f"{spread:.3g}"
    )
    print(
        f"  from here: q* {point.q_star:.3g} around {mean:.3g}, chi_1 1, xi_c inf; "
        f"deltas x 1, squared singular values vary by {VARIANCE:.3g}"
    )


def digits() -> tuple[fnn.Batch, fnn.Batch]:
    """Four fifths to train on and one to test on, pixels of variance 1."""
    train, test = fnn.data.stratified_split(fnn.data.digits(), 0.2)
    scale = fnn.data.Standardize.fit(train.x, shared=True)
    train, test = (part._replace(x=scale(part.x)) for part in (train, test))
    return jax.device_put((train, test))


def recipe_for(name: str, depth: int, width: int, steps: int) -> fnn.Recipe:
    """What is trained for so many steps, and how."""
    # Sigmoid's weights are four times as large as the others': twice their step lies
    # between the same step and the same share of a weight, and does better than both.
    _, _, point = critical_point(name, depth)
    peak = RATE * point.weight_variance**0.25 / depth
    rate = fnn.schedules.OneCycle(peak, steps)
    recipe = fnn.Recipe(
        network(name, depth, width),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.Adam(rate),
        gradient=fnn.backprop,  # keeps one array a layer, where autodiff keeps three
    )
    return jax.device_put(recipe)


def main(flags: list[str] | None = None) -> None:
    """Predict, measure, train, test."""
    given = arguments(flags)
    shape = given.activation, given.layers, given.width
    predict(*shape)
    train, test = digits()
    recipe = recipe_for(*shape, given.epochs * (len(train.x) // BATCH_SIZE))

    start = time.perf_counter()
    state = fnn.init(recipe, jax.random.key(given.seed))
    report = fnn.diagnose(
        recipe, state, fnn.data.take(train, slice(BATCH_SIZE)), steps=1
    )
    print(f"  measured: deltas x {report.ratio:.3g} in all, {report.verdict}")
    drawn = time.perf_counter()
    train_epoch = jax.jit(
        fnn.train_epoch, static_argnames="batch_size", donate_argnums=1
    )
    epoch = train_epoch.lower(recipe, state, train, batch_size=BATCH_SIZE).compile()
    begun = time.perf_counter()
    print(
        f"{fnn.parameter_count(state.params):,} parameters; drawn and measured in "
        f"{drawn - start:.1f} s, compiled in {begun - drawn:.1f} s"
    )

    evaluate = jax.jit(fnn.evaluate, static_argnames="metrics")
    accuracy = math.nan
    for number in range(1, given.epochs + 1):
        state, info = epoch(recipe, state, train)
        told = evaluate(recipe, state, test, metrics=(fnn.metrics.accuracy,))
        loss, accuracy = float(info.loss.mean()), float(told["accuracy"])
        seconds = time.perf_counter() - begun
        print(
            f"epoch {number:3}: loss {loss:.4f}, accuracy {accuracy:.4f}, "
            f"{seconds:.1f} s",
            flush=True,
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    print(
        f"{used.ru_utime + used.ru_stime:.0f} s of processor time, "
        f"{used.ru_maxrss * unit / 2**30:.2f} GiB of memory at the peak"
    )
    print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
