"""The compiled programs: how many, whose memory they reuse, what they never do."""

import functools
import itertools
import re
from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

import fnn

L = fnn.layers
COMPILED: list[str] = []

OPTIMIZERS = {
    "SGD": fnn.optimizers.SGD,
    "Adam": fnn.optimizers.Adam,
    "Muon": lambda rate: fnn.optimizers.Muon(rate, fnn.optimizers.Adam(rate)),
}
ROADS = [fnn.autodiff, fnn.backprop]
# What leaves the device, or enters it, while a program runs.
TRANSFERS = r"\b(infeed|outfeed|send|recv|send-done|recv-done)\(|callback|[Hh]ost"


def _count(event: str, duration_secs: float, **details: Any) -> None:
    del duration_secs
    if event.endswith("backend_compile_duration"):
        COMPILED.append(str(details.get("fun_name", event)))


jax.monitoring.register_event_duration_secs_listener(_count)


def recipe(
    rate: float = 0.1, optimizer: str = "Adam", road: Any = fnn.autodiff
) -> fnn.Recipe:
    model = L.Sequential(
        L.Dense(4, 8, bias=False), L.BatchNorm(8), L.Tanh(), L.Dense(8, 3)
    )
    loss = fnn.losses.SoftmaxCrossEntropy()
    return fnn.Recipe(model, loss, OPTIMIZERS[optimizer](rate), gradient=road)


def data(rows: int = 32) -> fnn.Batch:
    x = np.linspace(-1, 1, 4 * rows, dtype=np.float32).reshape(rows, 4)
    return fnn.Batch(x, np.arange(rows, dtype=np.int32) % 3)


def test_fit_compiles_once_for_all_epochs_and_numbers() -> None:
    made = functools.partial(recipe, optimizer="SGD")
    state = fnn.init(made(), jax.random.key(0))
    options: Any = {
        "batch_size": 8,
        "validation": data(),
        "metrics": (fnn.metrics.accuracy,),
    }
    before = len(COMPILED)
    fnn.fit(made(0.1), state, data(), epochs=2, **options)
    assert len(COMPILED) > before, "the counter does not count"
    before = len(COMPILED)
    for rate in (0.01, 0.2):
        _, history = fnn.fit(made(rate), state, data(), epochs=4, **options)
        assert len(history.loss) == 4
    assert COMPILED[before:] == []


def test_sweep_compiles_once_for_any_values_and_number_of_runs() -> None:
    def run(rates: list[float]) -> list[str]:
        keys = jax.random.split(jax.random.key(0), len(rates))
        before = len(COMPILED)
        recipes = [recipe(rate, "SGD") for rate in rates]
        swept = fnn.sweep(recipes, keys, data(), epochs=2, chunk=4)
        assert swept.loss.shape == (len(rates), 2)
        return [name for name in COMPILED[before:] if "train" in name]

    assert len(run([0.1, 0.2])) == 1
    assert run([0.3, 0.01, 0.5]) == []
    assert run([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == []


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_donated_state_is_updated_in_place_without_a_transfer(
    optimizer: str, road: Any
) -> None:
    made = jax.device_put(recipe(0.1, optimizer, road))
    state = fnn.init(made, jax.random.key(0))
    examples = jax.device_put(data())
    # Unused arguments are kept so that the places in the program are those here.
    options: Any = {"donate_argnums": 1, "keep_unused": True}
    step = jax.jit(fnn.train_step, **options)
    epoch = jax.jit(fnn.train_epoch, static_argnums=3, **options)
    first = len(jax.tree.leaves(made))
    places = range(first, first + len(jax.tree.leaves(state)))
    for function, rest in ((step, ()), (epoch, (8,))):
        program: Any = function.lower(made, state, examples, *rest).compile()
        assert aliased(program.as_text()) == set(places)
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        assert program.memory_analysis().alias_size_in_bytes == size
        assert re.findall(TRANSFERS, instructions(program.as_text())) == []
        old = jax.tree.map(jax.numpy.copy, state)
        with jax.transfer_guard("disallow"):
            new, info = program(made, old, examples)
            jax.block_until_ready(info)
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(old))
        assert int(new.step) == (1 if function is step else 4)


def aliased(text: str) -> set[int]:
    """The arguments whose memory an output takes, by the header of a program."""
    header = text.splitlines()[0]
    return {int(place) for place in re.findall(r"\{\d*\}: \((\d+), \{\}", header)}


def instructions(text: str) -> str:
    """A program's instructions, without where in the source they come from."""
    lines = [line for line in text.splitlines() if " = " in line]
    return re.sub(r"metadata=\{.*?\}", "", "\n".join(lines))


def perceptron(*between: Any, widths: tuple[int, ...] = (512, 256)) -> L.Layer:
    """784 inputs, 10 outputs; `between` builds what follows each hidden Dense."""
    sizes = (784, *widths)
    layers: list[L.Layer] = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers.append(L.Dense(n_in, n_out, bias=L.BatchNorm not in between))
        layers += [build(n_out) if build in NORMS else build() for build in between]
    return L.Sequential(*layers, L.Dense(sizes[-1], 10))


NORMS = (L.BatchNorm, L.LayerNorm)
AFFINE_RELU = (L.Dense(64, 64), L.ReLU())
BLOCK = L.Residual(L.Sequential(*AFFINE_RELU, L.Dropout(0.1)))
PLAIN_BLOCK = L.Residual(L.Sequential(*AFFINE_RELU))
KEY = np.array([0, 1], np.uint32)
DEEP = L.Repeat(L.Checkpoint(L.Repeat(PLAIN_BLOCK, 10)), 10)
# Model, and where autodiff's temporaries are known to be more, the share of them.
MODELS = {
    "tanh, 2 layers": (perceptron(L.Tanh, widths=(512,)), 1.0),
    "relu": (perceptron(L.ReLU), 0.65),
    "relu, dropout": (perceptron(L.ReLU, lambda: L.Dropout(0.1)), 1.0),
    "tanh, batch norm": (perceptron(L.BatchNorm, L.Tanh), 0.75),
    "gelu, layer norm": (perceptron(L.LayerNorm, L.GELU), 0.6),
    "residual relu": (L.Repeat(PLAIN_BLOCK, 50), 1.0),
    "residual, dropout": (L.Repeat(BLOCK, 50), 1.0),
    "checkpoint": (DEEP, 1.0),
}


def temporaries(model: L.Layer, loss: Any, x: Any, y: Any) -> list[int]:
    """Bytes by autodiff and by backprop; of x and y only shapes and dtypes matter."""
    params, stats = jax.eval_shape(model.init, KEY)

    def size(road: Any) -> int:
        compute = jax.jit(road, static_argnums=(0, 1))
        examples = fnn.Batch(x, y)
        lowered = compute.lower(model, loss, params, stats, examples, KEY)
        program: Any = lowered.compile()
        return program.memory_analysis().temp_size_in_bytes

    return list(map(size, ROADS))


@pytest.mark.parametrize("name", MODELS)
def test_backprop_takes_no_more_temporaries_than_autodiff(name: str) -> None:
    model, share = MODELS[name]
    width = 784 if isinstance(model, L.Sequential) else 64
    x = jax.ShapeDtypeStruct((128, width), np.float32)
    y = jax.ShapeDtypeStruct((128,), np.int32)
    auto, hand = temporaries(model, fnn.losses.SoftmaxCrossEntropy(), x, y)
    # A kilobyte for scalars: the arrays are what counts.
    assert hand <= share * auto + 1024


def test_what_both_ends_of_the_backward_pass_read_is_kept_once() -> None:
    """Nothing hides it in these small networks, whose last layer is no Dense."""
    labels = jax.ShapeDtypeStruct((32,), np.int32)
    rows = jax.ShapeDtypeStruct((32, 32), np.float32)
    block = L.Residual(L.Sequential(L.Dense(32, 32), L.ReLU(), L.Dropout(0.1)))
    dropped = L.Sequential(*[block] * 4), fnn.losses.SoftmaxCrossEntropy()
    auto, hand = temporaries(*dropped, rows, labels)
    assert hand <= auto
    bent = L.Sequential(L.Dense(32, 32), L.ELU()), fnn.losses.MeanSquaredError()
    auto, hand = temporaries(*bent, rows, rows)
    assert hand <= auto


def test_the_search_for_transfers_finds_one() -> None:
    def told(x: jax.Array) -> jax.Array:
        jax.debug.callback(print, x)
        return x + 1

    program: Any = jax.jit(told).lower(np.ones(2, np.float32)).compile()
    assert re.findall(TRANSFERS, instructions(program.as_text())) != []
