"""The goals, each as a number that a record of the benchmarks gives.

Peers are libraries; hand-written JAX (`plain_jax`) is told beside them and is no peer.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks import cases

Record = dict[str, Any]
JAX_PEERS = ("haiku", "linen", "nnx", "equinox", "optax", "keras")
LIBRARIES = (*JAX_PEERS, "torch", "sklearn", "numpy")


class Goal(NamedTuple):
    """Something to reach.

    Attributes:
        case: to which it belongs.
        words: what it is.
        limit: not to be exceeded.
        value: computes it; a KeyError or ValueError says that it was not measured.
    """

    case: str
    words: str
    limit: float
    value: Callable[[Record], float]


def fastest(record: Record, case: str, *starts: str, without: str = "\0") -> float:
    """The least seconds of the candidates whose names begin so."""
    rows = record["cases"][case]
    return min(
        row["seconds"]
        for name, row in rows.items()
        if name.startswith(starts) and without not in name and "seconds" in row
    )


def beside(
    case: str,
    peers: Iterable[str],
    ours: str = "fnn",
    other: str | None = None,
) -> Callable[[Record], float]:
    """fnn's fastest over the fastest of the peers, maybe in another case."""

    def value(record: Record) -> float:
        theirs = fastest(record, other or case, *peers)
        return fastest(record, case, ours) / theirs

    return value


def within(case: str, ours: str, theirs: str) -> Callable[[Record], float]:
    """One candidate's seconds over another one's, taken in the same rounds."""

    def value(record: Record) -> float:
        rows = record["cases"][case]
        return rows[ours]["ratio"] / rows[theirs]["ratio"]

    return value


def roads(record: Record) -> float:
    """The worst ratio of backprop to autodiff of all cases."""
    ratios = [
        row["ratio"] / rows[name.replace("backprop", "autodiff")]["ratio"]
        for rows in record["cases"].values()
        for name, row in rows.items()
        if name.startswith("fnn:") and "backprop" in name
    ]
    return max(ratios)


def operations(case: str) -> float:
    """Of a step's products; a multiply-add is two."""
    sizes = cases.CASES[case].sizes
    products = [a * b for a, b in pairwise(sizes)]
    # The inputs need no delta.
    return 2.0 * cases.CASES[case].batch_size * (3 * sum(products) - products[0])


def peak(record: Record, name: str) -> float:
    """The better of the ceilings before and after."""
    return max(one[name] for one in record["ceilings"])


def share_of_matmul(record: Record, case: str) -> float:
    """Of the matmul peak, by fnn's fastest."""
    return operations(case) / fastest(record, case, "fnn") / peak(record, "matmul")


def copy_bound(record: Record) -> float:
    """Seconds of Adam's update if it only moved its seven arrays."""
    numbers = cases.LEAVES * cases.LEAF[0] * cases.LEAF[1]
    return 7 * 4 * numbers / peak(record, "copy")


def _depth(record: Record, *names: str) -> Any:
    found = record["studies"]["depth"]
    for name in names:
        found = found[name]
    return found


def _memory(record: Record) -> float:
    kept = _depth(record, "temporaries_mb", "backprop")
    return kept / _depth(record, "temporaries_mb", "jax.grad, checkpoint")


def _compiled(record: Record) -> float:
    return max(_depth(record, "compile_1000_over_10").values())


def _statistics(record: Record) -> float:
    return max(_depth(record, "statistics_over_plain").values())


def _by_hand(record: Record) -> float:
    return max(row["ratio"] for row in record["studies"]["step"].values())


_NAIVE = ("torch", "keras", "equinox", "sklearn")
_CHECKPOINT = "fnn: train_step, autodiff, checkpoint"
_BACKPROP = "fnn: train_step, backprop"
GOALS = (
    Goal("C1", "`train_step` to the fastest peer", 0.8, beside("C1", LIBRARIES)),
    Goal(
        "C1",
        "`fit` to the fastest peer's step",
        0.6,
        beside("C1 fit", LIBRARIES, other="C1"),
    ),
    Goal(
        "C1",
        "`fit` to the step of torch, keras, equinox, sklearn, the fastest of them",
        0.15,
        beside("C1 fit", _NAIVE, other="C1"),
    ),
    Goal("C2", "to the fastest peer", 0.8, beside("C2", LIBRARIES)),
    Goal(
        "C2",
        "matmul peak to what is reached",
        1 / 0.75,
        lambda record: 1 / share_of_matmul(record, "C2"),
    ),
    Goal("C3", "to the fastest JAX peer", 0.95, beside("C3", JAX_PEERS)),
    Goal("C3", "bfloat16, to torch", 1.0, beside("C3 bfloat16", ("torch",))),
    Goal(
        "C4",
        "1,000 layers, backprop to the fastest peer",
        0.65,
        beside("C4 1000", LIBRARIES, ours=_BACKPROP),
    ),
    Goal(
        "C4",
        "1,000 layers, backprop to `jax.grad` with checkpointing",
        0.85,
        within("C4 1000", _BACKPROP, _CHECKPOINT),
    ),
    Goal("C4", "temporaries, the same", 1.0, _memory),
    Goal("C4", "compilation, 1,000 layers to 10", 1.2, _compiled),
    Goal(
        "C5",
        "to the loop of sklearn or torch, the faster",
        0.1,
        beside("C5", ("sklearn: loop", "torch: loop")),
    ),
    Goal("C5", "to a jitted JAX loop", 0.4, beside("C5", ("plain_jax",), "fnn: sweep")),
    Goal(
        "C6",
        "to seven arrays at copy bandwidth",
        1.1,
        lambda record: fastest(record, "C6", "fnn") / copy_bound(record),
    ),
    Goal("C7", "batch 4,096, to the fastest peer", 1.0, beside("C7 4096", LIBRARIES)),
    Goal(
        "C7",
        "batch 1, to the fastest JAX path",
        1.1,
        beside("C7 1", ("plain_jax", *JAX_PEERS)),
    ),
    Goal(
        "C8",
        "milliseconds that `import fnn` adds to `import jax`",
        60,
        lambda record: 1e3 * record["studies"]["imports"]["added"],
    ),
    Goal(
        "C8",
        "first epoch, to the fastest of flax",
        0.7,
        lambda record: (
            fastest(record, "C8", "fnn", without="cache")
            / fastest(record, "C8", "linen", "nnx", without="cache")
        ),
    ),
    Goal(
        "C8",
        "second process with the cache, to the first",
        0.5,
        lambda record: (
            min(
                row["seconds"]
                for name, row in record["cases"]["C8"].items()
                if name.startswith("fnn") and name.endswith("cache")
            )
            / fastest(record, "C8", "fnn", without="cache")
        ),
    ),
    Goal("all", "`train_step` to the step by hand", 1.05, _by_hand),
    Goal("all", "backprop to autodiff, the worst case", 1.05, roads),
    Goal("all", "step with statistics to without, the worst", 1.1, _statistics),
)
