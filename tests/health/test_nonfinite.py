"""Where the first value that is not finite came up: right in every planted case.

Identity weights pass positive inputs through unchanged, so what is planted is known to
be the first; runs that blow up by themselves stand beside a run in NumPy.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.health import NonFinite

L = fnn.layers
WIDTH, ROWS, LAYERS, ROW = 4, 6, 5, 2
ROADS = {"autodiff": fnn.autodiff, "backprop": fnn.backprop}
FORMS = ["flat", "stack"]
KINDS = [(form, road) for form in FORMS for road in ROADS]


def recipe(form: str, road: str, rate: float = 0.0) -> fnn.Recipe:
    one = fnn.initializers.ScaledIdentity(1.0)
    dense = L.Dense(WIDTH, WIDTH, weight_initializer=one)
    parts = (L.ReLU(), dense)
    model = (
        L.Sequential(dense, *parts * (LAYERS - 1))
        if form == "flat"
        else L.Sequential(dense, L.Repeat(L.Sequential(*parts), LAYERS - 1))
    )
    loss, optimizer = fnn.losses.HalfSquaredError(), fnn.optimizers.SGD(rate)
    return fnn.Recipe(model, loss, optimizer, gradient=ROADS[road])


def name(form: str, layer: int) -> str:
    if form == "flat":
        return f"{2 * layer} Dense"
    return "0 Dense" if layer == 0 else f"1 Repeat[{layer - 1}] / 1 Dense"


def with_layers(form: str, w: np.ndarray, b: np.ndarray) -> Any:
    """The parameters as the model has them, from (LAYERS, n, n) and (LAYERS, n)."""
    if form == "flat":
        layers = [
            {"w": jnp.asarray(w[i]), "b": jnp.asarray(b[i])} for i in range(LAYERS)
        ]
        return tuple(part for layer in layers for part in ((), layer))[
            1:
        ]  # no activation before the first
    first, others = {"w": w[0], "b": b[0]}, {"w": w[1:], "b": b[1:]}
    return jax.tree.map(jnp.asarray, (first, ((), others)))


def found(
    form: str, road: str, x: Any, y: Any, w: Any, b: Any, rate: float = 0.0
) -> NonFinite | None:
    made = recipe(form, road, rate)
    state = fnn.init(made, jax.random.key(0))._replace(params=with_layers(form, w, b))
    return fnn.diagnose(made, state, (x, y), steps=6).nonfinite


def plain() -> dict[str, np.ndarray]:
    return {
        "x": np.full((ROWS, WIDTH), 0.5, np.float32),
        "y": np.zeros((ROWS, WIDTH), np.float32),
        "w": np.stack([np.eye(WIDTH, dtype=np.float32)] * LAYERS),
        "b": np.zeros((LAYERS, WIDTH), np.float32),
    }


def planted(form: str) -> list[tuple[Any, NonFinite | None]]:
    """Networks with something wrong in them, and what should be said of each."""
    cases: list[tuple[Any, NonFinite | None]] = [(plain(), None)]
    everyone = tuple(range(ROWS))
    for bad in (np.nan, np.inf):
        for quantity in ("x", "y"):
            for row in (0, ROWS - 1):
                net = plain()
                net[quantity][row, 1] = bad
                cases.append((net, NonFinite(0, quantity, None, (row,))))
        for layer in range(LAYERS):
            net = plain()
            net["w"][layer, 0, 1] = bad
            cases.append((net, NonFinite(0, "weight", name(form, layer), ())))
            net = plain()
            net["b"][layer, 3] = bad
            cases.append((net, NonFinite(0, "z", name(form, layer), everyone)))
    for layer in range(LAYERS):
        # One row overflows, of the weights that are large in this layer.
        net = plain()
        net["x"][ROW], net["w"][layer] = 1e20, 1e25 * np.eye(WIDTH)
        cases.append((net, NonFinite(0, "z", name(form, layer), (ROW,))))
        # Just not: outputs of 1e38 are finite, and their squares in the loss are not.
        net = plain()
        net["x"][ROW], net["w"][layer] = 1e20, 1e18 * np.eye(WIDTH)
        net["x"][np.arange(ROWS) != ROW] = 0.1
        cases.append((net, NonFinite(0, "loss", None, (ROW,))))
    net = plain()
    net["x"][1], net["x"][4] = 1e20, 3e19
    cases.append((net, NonFinite(0, "loss", None, (1, 4))))
    for layer in range(1, LAYERS):
        # Deltas of 1e17 times 1e25; the outputs are small.
        net = plain()
        net["x"][:], net["y"][:] = 1e-30, 1e18
        net["w"][layer] = 1e25 * np.eye(WIDTH)
        cases.append((net, NonFinite(0, "delta", name(form, layer - 1), ())))
        # Just not: 1e17 times 3e20.
        net = {key: value.copy() for key, value in net.items()}
        net["w"][layer] = 3e20 * np.eye(WIDTH)
        cases.append((net, None))
    # Inputs of 1e20 times deltas of 1e19; neither overflows.
    net = plain()
    net["x"][:], net["y"][:, 0] = 1e20, 1e19
    net["w"][-1] = 1e-20 * np.eye(WIDTH)
    cases.append((net, NonFinite(0, "gradient", name(form, LAYERS - 1), ())))
    return cases


@pytest.mark.parametrize(("form", "road"), KINDS)
def test_every_planted_case_is_found_where_it_is(form: str, road: str) -> None:
    wrong = []
    cases = planted(form)
    for index, (net, expected) in enumerate(cases):
        said = found(form, road, **net)
        if said != expected:
            wrong.append((index, said, expected))
    assert len(cases) == 1 + 8 + 20 + 2 * LAYERS + 1 + 2 * (LAYERS - 1) + 1
    assert wrong == []


def reference(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray, rate: float
) -> tuple[int, str, int | None] | None:
    """The same training in NumPy, in float32, until something is not finite."""
    w, b, rate = w.copy(), b.copy(), np.float32(rate)  # pyright: ignore
    for step in range(6):
        a, inputs = x, []
        for layer in range(LAYERS):
            if not np.isfinite(w[layer]).all():
                return step, "weight", layer
        for layer in range(LAYERS):
            inputs.append(a)
            z = a @ w[layer] + b[layer]
            if not np.isfinite(z).all():
                return step, "z", layer
            a = np.maximum(z, 0) if layer < LAYERS - 1 else z
        if not np.isfinite(np.float32(0.5) * np.square(a - y).sum(axis=1)).all():
            return step, "loss", None
        delta = (a - y) / np.float32(ROWS)
        for layer in range(LAYERS - 1, -1, -1):
            if not np.isfinite(delta).all():
                return step, "delta", layer
            gradient = inputs[layer].T @ delta
            if not np.isfinite(gradient).all():
                return step, "gradient", layer
            update = rate * gradient
            if not np.isfinite(update).all():
                return step, "update", layer
            bias_update = rate * delta.sum(axis=0)
            delta = (delta @ w[layer].T) * (inputs[layer] > 0)
            w[layer], b[layer] = w[layer] - update, b[layer] - bias_update
    return None


RATES = [0.1, 1e2, 1e4, 1e7, 1e10, 1e20, 1e37]


@pytest.mark.parametrize(("form", "road"), KINDS)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid:RuntimeWarning")
def test_runs_that_blow_up_by_themselves(form: str, road: str) -> None:
    """Steps of these sizes: from never, over some steps, to the first update."""
    rng = np.random.default_rng(1)
    steps = set()
    for rate in RATES:
        net = plain()
        net["x"] = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
        net["y"] = rng.normal(size=(ROWS, WIDTH)).astype(np.float32)
        net["w"] += 0.5 * rng.normal(size=net["w"].shape).astype(np.float32)
        expected = reference(**net, rate=rate)
        said = found(form, road, **net, rate=rate)
        if expected is None:
            assert said is None
            continue
        assert said is not None
        step, quantity, layer = expected
        place = None if layer is None else name(form, layer)
        assert (said.step, said.quantity, said.layer) == (step, quantity, place), rate
        steps.add(step)
    assert len(steps) >= 3


def test_an_example_weight_may_be_at_fault_too() -> None:
    net, made = plain(), recipe("flat", "backprop")
    weight = np.ones(ROWS, np.float32)
    weight[ROW] = np.nan
    state = fnn.init(made, jax.random.key(0))
    report = fnn.diagnose(made, state, (net["x"], net["y"], weight), steps=2)
    assert report.nonfinite == NonFinite(0, "example weight", None, (ROW,))
    assert report.verdict == "nonfinite"
    assert f"example weight, rows {ROW}" in str(report)


def test_an_activation_that_is_not_finite_where_its_input_is() -> None:
    class Logarithm(L.ReLU):
        def function(self, z: jax.Array) -> jax.Array:
            return jnp.log(z)

    made = recipe("flat", "backprop")
    layers = [
        L.Dense(WIDTH, WIDTH, weight_initializer=fnn.initializers.ScaledIdentity())
    ]
    model = L.Sequential(*layers, Logarithm(), *layers)
    made = fnn.Recipe(model, made.loss, made.optimizer)
    x = np.ones((ROWS, WIDTH), np.float32)
    x[ROW, 0] = -1
    report = fnn.diagnose(made, fnn.init(made, jax.random.key(0)), (x, x), steps=2)
    assert report.nonfinite == NonFinite(0, "a", "0 Dense", (ROW,))
