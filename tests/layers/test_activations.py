"""What activations promise beside their formulas: kinks, tapes, starts, refusals."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.initializers import He, LeCun, VarianceScaling
from tests.catalogue import LAYERS

L = fnn.layers
KEY = jax.random.key(0)


def slopes(layer: L.Layer, z: float) -> tuple[float, float]:
    """The slope at one point by hand and by autodiff."""
    params, stats = layer.init(KEY)

    def run(z: jax.Array) -> Any:
        y, _, tape = layer.forward(params, stats, z, KEY, train=True)
        return y, tape

    def by_hand(z: jax.Array) -> jax.Array:
        return layer.backward(params, run(z)[1], jnp.ones_like(z))[0]

    x = jnp.array([[z]])
    hand = jax.vmap(by_hand, axis_name="batch")(x)
    auto = jax.vmap(jax.grad(lambda z: run(z)[0].sum()))(x)
    return float(hand[0, 0]), float(auto[0, 0])


@pytest.mark.parametrize(
    ("layer", "slope"),
    [
        (L.ReLU(), 0.0),
        (L.LeakyReLU(0.5), 0.5),
        (L.LeakyReLU(2.0), 2.0),
        (L.PReLU(), 0.25),
        (L.PReLU(-0.5), -0.5),
        (L.ELU(1.5), 1.5),
        (L.SELU(), 1.7580993408),
    ],
    ids=repr,
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_slope_at_a_kink_is_the_left_one(
    layer: L.Layer, slope: float, zero: float
) -> None:
    """Errata E1 to E3; a half would be `jnp.maximum`'s, 1 `jax.nn.leaky_relu`'s."""
    assert slopes(layer, zero) == pytest.approx((slope, slope), rel=1e-6)


def test_leaky_relu_does_not_swap_its_sides() -> None:
    """Errata T13: max(alpha z, z) gives -1 here."""
    assert float(L.LeakyReLU(2.0).function(jnp.array(-1.0))) == -2.0


@pytest.mark.parametrize(
    "name",
    [name for name, build in LAYERS.items() if isinstance(build(), L.Elementwise)],
)
@pytest.mark.parametrize("z", [1e30, -1e30, 100.0, -100.0])
def test_no_slope_is_nan_far_out(name: str, z: float) -> None:
    """Errata E5: `where` does not stop a NaN of the branch not taken."""
    hand, auto = slopes(LAYERS[name](), z)
    assert np.isfinite(hand)
    assert auto == pytest.approx(hand, abs=1e-6)


def test_maxout_ties_share_the_gradient() -> None:
    layer = L.Maxout(2, 1, 3)
    params = {"w": jnp.ones((2, 1, 3)), "b": jnp.array([[0.0, 0.0, -1.0]])}

    def by_hand(x: jax.Array) -> Any:
        _, _, tape = layer.forward(params, (), x, KEY, train=True)
        return layer.backward(params, tape, jnp.ones(1))

    x = jnp.array([[1.0, 2.0]])
    dx, dparams = jax.vmap(by_hand, out_axes=(0, None), axis_name="batch")(x)
    assert dx.tolist() == [[1.0, 1.0]]
    assert dparams["b"].tolist() == [[0.5, 0.5, 0.0]]
    assert dparams["w"].tolist() == [[[0.5, 0.5, 0.0]], [[1.0, 1.0, 0.0]]]


@pytest.mark.parametrize("road", [fnn.backprop, fnn.autodiff])
def test_heaviside_refuses_both_roads_in_the_same_words(road: Any) -> None:
    model = L.Sequential(L.Dense(2, 2), L.Heaviside(), L.Dense(2, 1))
    params, stats = model.init(KEY)
    batch = fnn.Batch(jnp.ones((3, 2)), jnp.ones((3, 1)))
    words = r"Heaviside has no derivative.*Sigmoid\(beta\)"
    with pytest.raises(TypeError, match=words):
        jax.jit(road, static_argnums=(0, 1))(
            model, fnn.losses.MeanSquaredError(), params, stats, batch, KEY
        )


def test_heaviside_computes_what_a_threshold_unit_does() -> None:
    """XOR of McCulloch-Pitts units, compiled and mapped."""
    model = L.Sequential(L.Dense(2, 2), L.Heaviside(), L.Dense(2, 1), L.Heaviside())
    params = (
        {"w": jnp.ones((2, 2)), "b": jnp.array([-0.5, -1.5])},
        (),
        {"w": jnp.array([[1.0], [-1.0]]), "b": jnp.array([-0.5])},
        (),
    )
    inputs = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    stats = ((), (), (), ())
    run = jax.vmap(lambda x: model.forward(params, stats, x, KEY, train=False)[0])
    assert jax.jit(run)(inputs)[:, 0].tolist() == [0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("activation", "initializer"),
    [
        (L.ReLU(), He()),
        (L.LeakyReLU(0.5), VarianceScaling(1.6)),
        (L.PReLU(), VarianceScaling(2 / 1.0625)),
        (L.Tanh(), LeCun()),
        (L.SELU(), LeCun()),
        (L.Softmax(), LeCun()),
    ],
    ids=repr,
)
def test_mlp_starts_as_the_activation_asks(
    activation: L.Layer, initializer: Any
) -> None:
    first = L.mlp((4, 3, 2), activation).layers[0]
    assert isinstance(first, L.Dense)
    assert first.weight_initializer == initializer


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 2.0])
def test_leaky_relu_starts_where_the_signal_is_kept(slope: float) -> None:
    """n Var(w) E[f(z)^2] = 1 for z of N(0, 1), by the quadrature of Gauss and Hermite.

    f^2 is a square on either side, so that nodes of both signs are exact.
    """
    nodes, shares = np.polynomial.hermite_e.hermegauss(40)
    a = np.asarray(L.LeakyReLU(slope).function(jnp.asarray(nodes, jnp.float32)))
    square = (shares * a**2).sum() / shares.sum()
    gain = L.LeakyReLU(slope).initializer.variance((1, 1))
    assert gain * square == pytest.approx(1, rel=1e-5)


def test_selu_reproduces_mean_0_and_variance_1() -> None:
    """Its constants are the fixed point (errata E16)."""
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    a = np.asarray(L.SELU().function(jnp.asarray(z, jnp.float32)), float)
    assert (a * density).sum() == pytest.approx(0, abs=1e-6)
    assert (a**2 * density).sum() == pytest.approx(1, abs=1e-6)


def test_learned_numbers_are_learned_but_not_penalised() -> None:
    model = L.Sequential(L.PReLU(), L.LearnedSwish())
    params, stats = model.init(KEY)
    assert float(fnn.penalties.L2(1.0).value(params)) == 0
    batch = fnn.Batch(jnp.array([[-1.0, 2.0]]), jnp.zeros((1, 2)))
    loss = fnn.losses.MeanSquaredError()
    _, _, gradients = fnn.backprop(model, loss, params, stats, batch, KEY)
    assert all(float(leaf) != 0 for leaf in jax.tree.leaves(gradients))


@pytest.mark.parametrize("z", [1e30, -1e30])
def test_gradient_of_a_learned_beta_does_not_overflow(z: float) -> None:
    """z^2 alone would."""
    layer = L.LearnedSwish()
    params, _ = layer.init(KEY)
    x = jnp.array([[z]])

    def by_hand(z: jax.Array) -> Any:
        return layer.backward(params, z, jnp.ones_like(z))[1]

    def value(params: Any) -> jax.Array:
        return layer.forward(params, (), x[0], KEY, train=True)[0].sum()

    hand = jax.vmap(by_hand, out_axes=None, axis_name="batch")(x)
    assert float(hand["beta"]) == float(jax.grad(value)(params)["beta"]) == 0


def test_a_bias_before_batch_norm_warns_the_user_once() -> None:
    with pytest.warns(
        UserWarning, match=r"layer 0.*Dense\(\.\.\., bias=False\)"
    ) as told:
        model = L.Sequential(L.Dense(4, 4), L.BatchNorm(4), L.ReLU())
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jax.tree.map(lambda leaf: leaf, model) == model
        jax.jit(lambda model: model)(model)
        L.Repeat(model, 3)


@pytest.mark.parametrize(
    "layers",
    [
        (L.Dense(4, 4, bias=False), L.BatchNorm(4)),
        (L.Dense(4, 4), L.LayerNorm(4)),
        (L.Dense(4, 4), L.RMSNorm(4)),
        (L.Dense(4, 4), L.ReLU(), L.BatchNorm(4)),
        (L.Maxout(4, 4, 2), L.BatchNorm(4)),
    ],
    ids=repr,
)
def test_nothing_else_warns(layers: tuple[L.Layer, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        L.Sequential(*layers)
    L.mlp((4, 4, 4), normalization=L.BatchNorm)


def test_tape_holds_the_input_only_where_the_output_does_not_tell() -> None:
    """In a stack the output of one layer is stored once, as the input of the next."""
    z = jnp.array([-1.0, 1.0])
    for layer in (L.ELU(), L.SELU(), L.Softplus(), L.Tanh()):
        y, _, tape = layer.forward((), (), z, KEY, train=True)
        assert tape is y
    for layer in (L.ReLU(), L.LeakyReLU()):
        y, _, tape = layer.forward((), (), z, KEY, train=True)
        assert tape.array is y
    for layer in (L.Swish(), L.GELU(), L.GELUTanh()):
        assert layer.forward((), (), z, KEY, train=True)[2] is z
