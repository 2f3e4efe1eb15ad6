"""Which tanh networks can be trained: predicted by mean-field theory, then tried.

Theory says that a network of depth L learns while L < 6 xi_c, the depth scale on which
two inputs become one or chaos (Schoenholz et al., 2017, Deep Information Propagation).
Here networks of 20 weight variances times 20 depths are trained, in one program, on
some of the digits. The picture shows their accuracies and the line of the prediction;
the area under the ROC curve says how well 6 xi_c / L tells what learns from what does
not. In these hundred steps nothing deeper than some forty layers learns: near the
critical variance, about 1.76, theory allows for more than so short a training shows.

    python examples/trainability.py trainability.png
"""

import functools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import fnn

L = fnn.layers
BIAS_VARIANCE = 0.05
LEARNING_RATE = 0.1
LEARNED = 0.9


class UpTo(L.Layer):
    """The first `depth` layers of a stack of n: a depth that is a number of the recipe.

    So networks of all depths are one program. The others cost nothing: both loops
    stop where the depth does, which is why only the hand-derived road goes this way.
    """

    layer: L.Layer
    depth: Any = fnn.number(at_least=0)
    n: int = fnn.static()

    def init(self, key: jax.Array) -> tuple[Any, Any]:
        return jax.vmap(self.layer.init)(jax.random.split(key, self.n))[0], ()

    def forward(
        self, params: Any, stats: Any, x: jax.Array, key: jax.Array, train: bool
    ) -> tuple[jax.Array, Any, Any]:
        def apply(index: Any, x: jax.Array) -> tuple[jax.Array, Any]:
            y, _, tape = self.layer.forward(_at(params, index), ((), ()), x, key, train)
            return y, tape

        def body(index: jax.Array, carry: Any) -> Any:
            x, tapes = carry
            y, tape = apply(index, x)
            return y, jax.tree.map(lambda all, one: all.at[index].set(one), tapes, tape)

        tape = jax.eval_shape(lambda x: apply(0, x)[1], x)
        tapes = jax.tree.map(lambda t: jnp.zeros((self.n, *t.shape), t.dtype), tape)
        y, tapes = lax.fori_loop(0, self.depth, body, (x, tapes))
        return y, stats, tapes

    def backward(self, params: Any, tape: Any, dy: jax.Array) -> tuple[jax.Array, Any]:
        def body(turn: jax.Array, carry: Any) -> Any:
            dy, gradients = carry
            index = self.depth - 1 - turn
            dx, own = self.layer.backward(_at(params, index), _at(tape, index), dy)
            put = jax.tree.map(lambda all, one: all.at[index].set(one), gradients, own)
            return dx, put

        start = dy, jax.tree.map(jnp.zeros_like, params)
        return lax.fori_loop(0, self.depth, body, start)


def _at(tree: Any, index: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], tree)


def recipe(weight_variance: Any, depth: Any, deepest: int, width: int) -> fnn.Recipe:
    """A tanh network with that many layers between its first and its last."""

    def dense(n_in: int, n_out: int) -> L.Dense:
        return L.Dense(
            n_in,
            n_out,
            weight_initializer=fnn.initializers.VarianceScaling(weight_variance),
            bias_initializer=fnn.initializers.Normal(BIAS_VARIANCE),
        )

    block = L.Sequential(dense(width, width), L.Tanh())
    model = L.Sequential(
        dense(64, width), L.Tanh(), UpTo(block, depth, deepest), dense(width, 10)
    )
    loss, optimizer = (
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(LEARNING_RATE),
    )
    return fnn.Recipe(model, loss, optimizer, gradient=fnn.backprop)


@functools.partial(jax.jit, static_argnames=("deepest", "width", "steps"))
def accuracies(
    variances: Any, depths: Any, x: Any, y: Any, deepest: int, width: int, steps: int
) -> jax.Array:
    """(variances, depths): on the examples that each network was trained with."""

    def train(weight_variance: jax.Array, depth: jax.Array) -> jax.Array:
        made = recipe(weight_variance, depth, deepest, width)

        def step(state: fnn.TrainState, _: None) -> tuple[fnn.TrainState, None]:
            return fnn.train_step(made, state, (x, y))[0], None

        state, _ = lax.scan(step, fnn.init(made, jax.random.key(0)), length=steps)
        return fnn.metrics.accuracy(fnn.predict(made, state, x), y)

    # One depth after another, so that shallow networks do not wait for deep ones.
    columns = lax.map(lambda d: jax.vmap(train, (0, None))(variances, d), depths)
    return columns.T


def experiment(
    count: int, deepest: int, width: int, rows: int, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Variances, depths, accuracies (count, count), and predicted depths, 6 xi_c."""
    data = fnn.data.digits()
    x = (data.x - data.x.mean(axis=0)) / (data.x.std(axis=0) + 1e-6)
    variances = np.linspace(1, 4, count).astype(np.float32)
    depths = np.round(np.geomspace(5, deepest, count)).astype(np.int32)
    told = accuracies(variances, depths, x[:rows], data.y[:rows], deepest, width, steps)
    predicted = [
        fnn.theory.phase(L.Tanh(), float(v), BIAS_VARIANCE).trainable_depth
        for v in variances
    ]
    return variances, depths, np.asarray(told), np.asarray(predicted)


def area(depths: np.ndarray, told: np.ndarray, predicted: np.ndarray) -> float:
    """How well 6 xi_c / depth ranks the networks that learned above the others."""
    score = jnp.asarray((predicted[:, None] / depths).ravel(), jnp.float32)
    learned = jnp.asarray((told > LEARNED).ravel(), jnp.int32)
    return float(fnn.metrics.roc_auc(score, learned))


def draw(
    path: str,
    variances: np.ndarray,
    depths: np.ndarray,
    told: np.ndarray,
    predicted: np.ndarray,
) -> None:
    """Accuracies over weight variance and depth, and the line of the prediction."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    mesh = axes.pcolormesh(variances, depths, told.T, cmap="viridis", vmin=0, vmax=1)
    axes.plot(variances, predicted, color="white", linewidth=4)
    axes.plot(variances, predicted, color="crimson", linewidth=2, label="6 ξ_c")
    axes.set(
        yscale="log",
        ylim=(depths[0], depths[-1]),
        xlabel="weight variance times inputs",
        ylabel="depth",
        title="Training accuracy, and the depth predicted before training",
    )
    axes.legend(loc="upper right")
    figure.colorbar(mesh, label="accuracy")
    figure.savefig(path, dpi=120)


def main() -> None:
    variances, depths, told, predicted = experiment(20, 150, 64, 64, 100)
    learned = (told > LEARNED).mean()
    print(f"AUC of 6 xi_c / depth {area(depths, told, predicted):.3f}")
    print(f"AUC of 1 / depth {area(depths, told, np.ones_like(predicted)):.3f}")
    print(f"{learned:.0%} learned")
    if len(sys.argv) > 1:
        draw(sys.argv[1], variances, depths, told, predicted)


if __name__ == "__main__":
    main()
