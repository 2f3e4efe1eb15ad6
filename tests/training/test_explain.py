"""`fnn.explain`: the numbers of the worked example, and those of both roads."""

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import fnn
from fnn._core import keys

L = fnn.layers
GOLDEN = json.loads(
    (Path(__file__).parent.parent / "golden/worked_221.json").read_text()
)
TRUE, AFTER = GOLDEN["float64"], GOLDEN["after"]

pytestmark = pytest.mark.usefixtures("x64")


def worked_example() -> tuple[fnn.Recipe, fnn.TrainState, fnn.Batch]:
    """The notes' network; their W has a row for each unit, fnn's a column."""
    model = L.Sequential(L.Dense(2, 2), L.Sigmoid(), L.Dense(2, 1), L.Sigmoid())
    loss, optimizer = fnn.losses.HalfSquaredError(), fnn.optimizers.SGD(AFTER["rate"])
    recipe = fnn.Recipe(model, loss, optimizer)
    hidden = {"w": np.array(GOLDEN["W1"]).T, "b": np.array(GOLDEN["b1"])}
    output = {"w": np.array([GOLDEN["W2"]]).T, "b": np.array([GOLDEN["b2"]])}
    state = fnn.init(recipe, jax.random.key(0))
    state = state._replace(params=(hidden, (), output, ()))
    return recipe, state, fnn.Batch(np.array([GOLDEN["x"]]), np.array([[GOLDEN["y"]]]))


def numbers(told: fnn.Explanation) -> dict[str, Any]:
    """The quantities of an explanation under the names of the golden file."""
    hidden, first, output, last = told.layers
    return {
        "z2": hidden.output,
        "a2": first.output,
        "z3": output.output[0],
        "a3": told.prediction[0],
        "J": told.loss,
        "dsigma_z3": last.slope[0] if last.slope is not None else None,
        "dJ_dz3": output.output_gradient[0],
        "dJ_dW2": output.gradients["w"][:, 0],
        "dJ_db2": output.gradients["b"][0],
        "dJ_da2": output.input_gradient,
        "dsigma_z2": first.slope,
        "dJ_dz2": first.input_gradient,
        "dJ_dW1": hidden.gradients["w"].T,
        "dJ_db1": hidden.gradients["b"],
        "dJ_dx": hidden.input_gradient,
    }


def test_every_number_of_the_worked_example() -> None:
    told = fnn.explain(*worked_example())
    assert told.dtype == "float64"
    computed = numbers(told)
    assert set(computed) == set(TRUE)
    for name, value in computed.items():
        np.testing.assert_allclose(value, TRUE[name], rtol=0, atol=1e-15, err_msg=name)


def test_one_gradient_step_of_the_worked_example() -> None:
    told = fnn.explain(*worked_example())
    assert told.learning_rate == 0.5
    hidden, _, output, _ = told.layers
    expected = {
        "W1": (hidden, "w", np.array(AFTER["W1"]).T),
        "b1": (hidden, "b", AFTER["b1"]),
        "W2": (output, "w", np.array([AFTER["W2"]]).T),
        "b2": (output, "b", [AFTER["b2"]]),
    }
    for name, (layer, parameter, value) in expected.items():
        assert layer.updates is not None
        new = layer.parameters[parameter] + layer.updates[parameter]
        np.testing.assert_allclose(new, value, rtol=0, atol=1e-15, err_msg=name)
    assert told.loss_after == pytest.approx(AFTER["J"], rel=0, abs=1e-15)


def test_double_precision_without_the_global_switch() -> None:
    recipe, state, batch = worked_example()
    with jax.enable_x64(False):
        narrow = fnn.explain(recipe, state, batch, np.float32)
        told = fnn.explain(recipe, state, batch, np.float64)
    assert narrow.dtype == narrow.layers[0].output.dtype.name == "float32"
    assert told.loss == pytest.approx(TRUE["J"], rel=0, abs=1e-15)
    assert 0 < abs(narrow.loss - told.loss) < 1e-7


def deep() -> L.Sequential:
    """A model with a layer of every kind that can be explained."""
    return L.Sequential(
        L.Dropout(0.3),
        L.mlp((6, 5, 3), normalization=L.LayerNorm, dropout=0.2),
        L.Residual(L.Sequential(L.Dense(3, 3), L.Tanh())),
        L.Repeat(L.Sequential(L.Tanh(), L.Dense(3, 3)), 2),
        L.Sigmoid(1.7),
    )


MODELS: dict[str, tuple[Callable[[], L.Layer], Any]] = {
    "every kind": (deep, L.Sequential),
    "a layer alone": (lambda: L.Dense(6, 3), None),
    "no bias": (lambda: L.Sequential(L.Dense(6, 3, bias=False), L.Softmax()), None),
}
LOSSES = {
    "softmax": (fnn.losses.SoftmaxCrossEntropy(), np.array([2])),
    "squared": (fnn.losses.MeanSquaredError(), np.array([[0.1, 0.5, 0.4]])),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", [None, fnn.penalties.L2(0.1)])
@pytest.mark.parametrize("model", MODELS)
def test_gradients_are_those_of_both_roads(
    model: str, penalty: Any, loss: str, rng: np.random.Generator, seed: int
) -> None:
    part, y = LOSSES[loss]
    recipe = fnn.Recipe(MODELS[model][0](), part, fnn.optimizers.Adam(), penalty)
    state = fnn.init(recipe, jax.random.key(seed))
    batch = fnn.Batch(rng.normal(size=(1, 6)), y)
    told = fnn.explain(recipe, state, batch)
    mine = [layer.gradients[name] for layer in told.layers for name in layer.gradients]
    key = keys.for_step(state.key, state.step)
    for road, tolerance in ((fnn.backprop, 1e-15), (fnn.autodiff, 1e-12)):
        value, _, gradients = road(
            recipe.model, part, state.params, state.stats, batch, key, penalty
        )
        assert told.loss + (told.penalty or 0) == pytest.approx(float(value), rel=1e-14)
        leaves = jax.tree.leaves(gradients)
        assert len(leaves) == len(mine)
        for a, b in zip(mine, leaves, strict=True):
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    assert told.learning_rate is None
    assert told.loss_after is None
    assert all(layer.updates is None for layer in told.layers)
    # All of it prints, and survives JSON.
    assert told.text() == str(told)
    assert told.markdown().count("$$") % 2 == 0
    assert json.loads(json.dumps(told.as_dict())) == told.as_dict()


def test_layers_hand_on_what_they_are_given(seed: int) -> None:
    recipe = fnn.Recipe(deep(), *_loss_and_optimizer())
    state = fnn.init(recipe, jax.random.key(seed))
    told = fnn.explain(recipe, state, (np.ones((1, 6)), np.array([1])))
    names = [(layer.place, layer.kind, layer.output_name) for layer in told.layers]
    assert names == [
        ("0", "Dropout", "x'"),
        ("1.0", "Dense", "z0"),
        ("1.1", "LayerNorm", "z0'"),
        ("1.2", "ReLU", "a0"),
        ("1.3", "Dropout", "a0'"),
        ("1.4", "Dense", "z1"),
        ("2", "Residual", "a1"),
        ("3", "Repeat", "a1'"),
        ("4", "Sigmoid", "a1''"),
    ]
    for below, above in itertools.pairwise(told.layers):
        assert below.output_name == above.input_name
        np.testing.assert_array_equal(below.output, above.input)
        np.testing.assert_array_equal(below.output_gradient, above.input_gradient)
    np.testing.assert_array_equal(told.layers[-1].output_gradient, told.loss_gradient)


def test_the_step_is_that_of_train_step(seed: int) -> None:
    schedule = fnn.schedules.Cosine(0.1, 20, 5)
    recipe = fnn.Recipe(
        deep(),
        fnn.losses.SoftmaxCrossEntropy(),
        fnn.optimizers.SGD(schedule),
        fnn.penalties.L1(0.1),
    )
    state = fnn.init(recipe, jax.random.key(seed))
    batch = fnn.Batch(np.ones((1, 6)), np.array([1]))
    state, _ = fnn.train_step(recipe, state, batch)
    told = fnn.explain(recipe, state, batch)
    assert told.learning_rate == pytest.approx(float(schedule(np.int32(1))))
    new = [
        layer.parameters[name] + layer.updates[name]
        for layer in told.layers
        if layer.updates is not None
        for name in layer.parameters
    ]
    state, info = fnn.train_step(recipe, state, batch)
    assert told.loss + (told.penalty or 0) == pytest.approx(float(info.loss))
    for a, b in zip(new, jax.tree.leaves(state.params), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_it_uses_the_layers_own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(L.Sigmoid, "derivative", lambda self, a: a + 1)
    told = fnn.explain(*worked_example())
    assert told.layers[3].slope == pytest.approx(np.array([1 + TRUE["a3"]]))
    assert abs(told.layers[0].gradients["b"][0] - TRUE["dJ_db1"][0]) > 1e-3


def test_small_networks_are_spelled_out() -> None:
    recipe, state, batch = worked_example()
    told = fnn.explain(recipe, state, batch)
    text = told.text(4)
    for line in (
        "z0[1] = 0.5 * 0.2 + 0.8 * 0.4 + 0.1 = 0.52",
        "a0[1] = 1 / (1 + exp(-0.52)) = 0.6271",
        "C = 1/2 sum_k (a1_k - y_k)^2 = 1/2 (0.7391 - 1)^2 = 0.03403",
        "delta1[1] = (-0.2609) * 0.1928 = -0.0503",
        "dC/dW0[2,1] = 0.8 * (-0.005881) = -0.004705",
        "new b1 = b1 - 0.5 * dC/db1 = [0.3252]",
    ):
        assert f"\n  {line}\n" in text
    page = told.markdown(4)
    for formula in (
        r"z^{(0)}_{1} = 0.5 \cdot 0.2 + 0.8 \cdot 0.4 + 0.1 = 0.52",
        r"\frac{\partial C}{\partial W^{(0)}} = {x}^\top \delta^{(0)}",
        r"W^{(0)} = \begin{pmatrix} 0.2 & 0.3 \cr 0.4 & 0.7 \end{pmatrix}",
    ):
        assert f"\n$$ {formula} $$\n" in page
    assert "\n## Backward: Dense at place 0\n" in page


def test_the_penalty_is_in_the_equations_of_the_weights() -> None:
    recipe, state, batch = worked_example()
    recipe = dataclasses.replace(recipe, penalty=fnn.penalties.L2(0.1))
    told = fnn.explain(recipe, state, batch)
    line = "d(C + R)/dW0[1,1] = 0.5 * (-0.005881) + 0.02 = 0.01706"
    assert line in told.text(4)
    np.testing.assert_allclose(
        told.layers[0].penalty_gradients["w"], 0.1 * np.array(GOLDEN["W1"]).T
    )


def test_large_networks_are_summed_up() -> None:
    recipe = fnn.Recipe(L.mlp((64, 16, 10)), *_loss_and_optimizer())
    state = fnn.init(recipe, jax.random.key(0))
    told = fnn.explain(recipe, state, fnn.data.take(fnn.data.digits(), slice(1)))
    assert "dC/dW0 = 64 x 16 values from " in told.text()
    assert len(told.text()) < 10_000
    assert np.shape(told.as_dict()["layers"][0]["gradients"]["w"]) == (64, 16)


MISTAKES: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "two examples": (
        lambda: _explain(x=np.ones((2, 4)), y=np.array([0, 1])),
        ValueError,
        r"batch must be one example, x of shape \(1, n\), got 2 rows. Write .*slice",
    ),
    "batch norm": (
        lambda: _explain(L.mlp((4, 5, 3), normalization=L.BatchNorm)),
        ValueError,
        r"model.layers\[1\] is a BatchNorm, which cannot be explained on one example",
    ),
    "batch norm inside": (
        lambda: _explain(
            L.Sequential(L.Repeat(L.Residual(L.BatchNorm(4)), 2), L.Dense(4, 3))
        ),
        ValueError,
        r"model.layers\[0\].layer.layer is a BatchNorm",
    ),
    "another width": (
        lambda: _explain(x=np.ones((1, 5))),
        ValueError,
        r"model: .*takes an input of shape \(4,\), got \(5,\)",
    ),
    "no state": (
        lambda: fnn.explain(
            fnn.Recipe(L.Dense(4, 3), *_loss_and_optimizer()),
            None,  # pyright: ignore
            (np.ones((1, 4)), np.array([0])),
        ),
        TypeError,
        "state must be an fnn.TrainState, from fnn.init, got None",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str) -> None:
    call, kind, words = MISTAKES[name]
    with pytest.raises(kind, match=words) as caught:
        call()
    assert len(str(caught.value)) <= 300
    assert Path(caught.traceback[-1].path).parent.name == "_core"


def _explain(model: Any = None, x: Any = None, y: Any = None) -> fnn.Explanation:
    recipe = fnn.Recipe(model or L.Dense(4, 3), *_loss_and_optimizer())
    state = fnn.init(recipe, jax.random.key(0))
    x = np.ones((1, 4)) if x is None else x
    return fnn.explain(recipe, state, (x, np.array([0]) if y is None else y))


def _loss_and_optimizer() -> tuple[Any, Any]:
    return fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD(0.1)
