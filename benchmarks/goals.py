"""The goals, each as ratios that a record of the benchmarks gives.

Peers are libraries, and NumPy, though its loops are written by hand. Hand-written JAX
(`plain_jax`) is told beside them and is no peer.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from benchmarks import step
from benchmarks.cases import CASES, LEAF, LEAVES
from benchmarks.peers import Failed
from benchmarks.record import Record, Rows, is_good, peak
from fnn.cli.timing import operations, ratios_of, spread

JAX_PEERS = ("haiku", "linen", "nnx", "equinox", "optax", "keras")
LIBRARIES = (*JAX_PEERS, "torch", "onnxruntime", "sklearn", "numpy")
FNN = ("fnn",)
Names = tuple[str, ...]


class Goal(NamedTuple):
    """Something to reach.

    Attributes:
        case: to which it belongs.
        words: what it is.
        limit: not to be exceeded.
        ratios: computes it, for each round where there are rounds; a KeyError says
            that it was not measured, and `Failed` that what it needs failed.
    """

    case: str
    words: str
    limit: float
    ratios: Callable[[Record], tuple[float, ...]]


def fastest(rows: Rows, names: Names) -> list[float]:
    """The samples of the fastest: a name is a candidate's or a peer's for all it has.

    Those that failed or whose figure deviates cannot win.
    """
    taken = [
        row for name, row in rows.items() if {name, name.split(":")[0]} & set(names)
    ]
    if not taken:
        raise KeyError(names)
    if not (good := [row["samples"] for row in taken if is_good(row)]):
        raise Failed
    return min(good, key=lambda samples: spread(samples).median)


def beside(case: str, ours: Names, theirs: Names) -> Callable[[Record], Any]:
    """fnn's fastest of these over their fastest, in the same rounds."""

    def ratios(record: Record) -> tuple[float, ...]:
        rows = record["cases"][case]
        return ratios_of(fastest(rows, ours), fastest(rows, theirs))

    return ratios


def products_seconds(record: Record, name: str) -> float:
    """Of a step's products at the matmul peak."""
    case = CASES[name]
    ceiling = "matmul_bfloat16" if case.half else "matmul"
    return operations(case.sizes, case.batch_size) / peak(record, name, ceiling)


def _over_products(record: Record) -> tuple[float, ...]:
    bound = products_seconds(record, "C2 fit")
    return tuple(s / bound for s in fastest(record["cases"]["C2 fit"], FNN))


def _over_copy(record: Record) -> tuple[float, ...]:
    bound = 7 * 4 * LEAVES * LEAF[0] * LEAF[1] / peak(record, "C6", "copy")
    return tuple(s / bound for s in fastest(record["cases"]["C6"], FNN))


def _study(record: Record, name: str) -> Any:
    if "failed" in (found := record["studies"][name]):
        raise Failed
    return found


def _worst(found: Any) -> tuple[float, ...]:
    return max(map(tuple, found), key=lambda ratios: spread(ratios).median)


def _temporaries(record: Record) -> tuple[float, ...]:
    found = _study(record, "depth")["temporaries_mb"]
    return (found["backprop"] / found["jax.grad, checkpoint"],)


def _compilation(record: Record) -> tuple[float, ...]:
    return _worst(_study(record, "depth")["compile_1000_over_10"].values())


def _roads(record: Record) -> tuple[float, ...]:
    return _worst(_study(record, "roads").values())


def _statistics(record: Record) -> tuple[float, ...]:
    return _worst(_study(record, "depth")["statistics_over_plain"].values())


def _by_hand(record: Record, form: str = "") -> tuple[float, ...]:
    """The worst of fnn's steps of a form, to the one by hand of that form."""
    rows = _study(record, "step")
    by_hand = rows[f"by hand{form}"]["ratios"]
    roads = ("autodiff", "backprop")
    found = (rows[f"fnn, {road}{form}"]["ratios"] for road in roads)
    return _worst(ratios_of(ratios, by_hand) for ratios in found)


def _import(record: Record) -> tuple[float, ...]:
    return tuple(1e3 * seconds for seconds in _study(record, "imports")["added"])


_BACKPROP = ("fnn: train_step, backprop",)
_CHECKPOINT = ("fnn: train_step, autodiff, checkpoint",)
_LOOPS = ("sklearn: loop", "torch: loop")
_JITTED = (
    "plain_jax: loop of jitted runs",
    "plain_jax: loop of jitted runs, jax.random.permutation",
)
_FIRST = ("fnn: train_step, autodiff", "fnn: train_step, backprop")
_SECOND = tuple(f"{name}, filled cache" for name in _FIRST)
_FLAX = ("linen: TrainState", "nnx: split + jit")
_SLOW_STEPS = {
    "torch, eager with fused Adam": "torch: eager, fused Adam, one thread",
    "keras, `fit`": "keras: fit",
    "equinox, `filter_jit`": "equinox: filter_jit",
    "sklearn, `partial_fit`": "sklearn: partial_fit",
}
GOALS = (
    Goal("C1", "`train_step` to the fastest peer", 0.8, beside("C1", FNN, LIBRARIES)),
    Goal(
        "C1", "`fit` to the fastest peer's step", 0.6, beside("C1 fit", FNN, LIBRARIES)
    ),
    *(
        Goal("C1", f"`fit` to a step of {words}", 0.15, beside("C1 fit", FNN, (name,)))
        for words, name in _SLOW_STEPS.items()
    ),
    Goal("C2", "`train_step` to the fastest peer", 0.8, beside("C2", FNN, LIBRARIES)),
    Goal(
        "C2", "`fit` to the fastest peer's step", 0.8, beside("C2 fit", FNN, LIBRARIES)
    ),
    Goal("C2", "`fit` to its products at the matmul peak", 1 / 0.75, _over_products),
    Goal("C3", "to the fastest JAX peer", 0.95, beside("C3", FNN, JAX_PEERS)),
    Goal("C3", "bfloat16, to torch", 1.0, beside("C3 bfloat16", FNN, ("torch",))),
    Goal(
        "C4",
        "1,000 layers, backprop to the fastest peer",
        0.65,
        beside("C4 1000", _BACKPROP, LIBRARIES),
    ),
    Goal(
        "C4",
        "1,000 layers, backprop to `jax.grad` with checkpointing",
        0.85,
        beside("C4 1000", _BACKPROP, _CHECKPOINT),
    ),
    Goal("C4", "temporaries, the same", 1.0, _temporaries),
    Goal("C4", "compilation, 1,000 layers to 10", 1.2, _compilation),
    Goal(
        "C5",
        "to the loop of sklearn or torch, the faster, on one core",
        0.1,
        beside("C5", ("fnn: sweep",), _LOOPS),
    ),
    Goal("C5", "to a jitted JAX loop", 0.4, beside("C5", ("fnn: sweep",), _JITTED)),
    Goal(
        "C5",
        "the same in one order for all, which is easier work",
        0.4,
        beside("C5", ("fnn: sweep, shared order",), _JITTED),
    ),
    Goal("C6", "to seven arrays at copy bandwidth", 1.1, _over_copy),
    Goal(
        "C7",
        "batch 4,096, to the fastest peer",
        1.0,
        beside("C7 4096", FNN, LIBRARIES),
    ),
    Goal(
        "C7",
        "batch 1, to the fastest JAX path",
        1.1,
        beside("C7 1", FNN, ("plain_jax", *JAX_PEERS)),
    ),
    Goal("C8", "milliseconds that `import fnn` adds to `import jax`", 60, _import),
    Goal("C8", "first epoch, to the fastest of flax", 0.7, beside("C8", _FIRST, _FLAX)),
    Goal(
        "C8",
        "beyond: second process with the cache, to the first",
        0.5,
        beside("C8", _SECOND, _FIRST),
    ),
    Goal("all", "`train_step` of a recipe to the step by hand", 1.05, _by_hand),
    Goal(
        "all",
        "the same, the numbers of both as arguments",
        1.05,
        partial(_by_hand, form=step.OPEN),
    ),
    Goal("all", "backprop to autodiff, the worst case", 1.05, _roads),
    Goal("all", "step with statistics to without, the worst", 1.1, _statistics),
)
