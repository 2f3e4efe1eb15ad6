"""Who takes part, and in which interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
# For all alike. The first line keeps glibc from giving big temporaries back to the
# kernel at every step, which is dear under virtualization and hurts torch most.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "67108864",
    "OMP_NUM_THREADS": str(os.cpu_count()),
    "KERAS_BACKEND": "jax",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
}


class Peer(NamedTuple):
    """One library.

    Attributes:
        name: of its module in `benchmarks.runners`.
        folder: of the virtual environment that has it, if it is not fnn's own.
        distributions: what must be installed there; their versions are recorded.
    """

    name: str
    folder: str
    distributions: tuple[str, ...]

    @property
    def compiles(self) -> bool:
        """Whether it is one of JAX's, which can keep compiled programs."""
        return self.folder == JAX or self.name == "fnn"

    @property
    def interpreter(self) -> str:
        """Of its environment; this one where there is none."""
        own = ROOT / self.folder / "bin" / "python"
        return str(own) if own.exists() else sys.executable


JAX, TORCH, OWN = ".venv-peers", ".venv-torch", ".venv"
PEERS = (
    Peer("fnn", OWN, ("fnn", "jax", "jaxlib")),
    Peer("plain_jax", JAX, ("jax", "jaxlib")),
    Peer("haiku", JAX, ("dm-haiku", "optax")),
    Peer("linen", JAX, ("flax", "optax")),
    Peer("nnx", JAX, ("flax", "optax")),
    Peer("equinox", JAX, ("equinox", "optax")),
    Peer("optax", JAX, ("optax",)),
    Peer("keras", JAX, ("keras",)),
    Peer("torch", TORCH, ("torch",)),
    Peer("sklearn", OWN, ("scikit-learn",)),
    Peer("numpy", OWN, ("numpy",)),
)
_VERSIONS = """
import importlib.metadata as m, json, sys
print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))
"""


class Entrant(NamedTuple):
    """A candidate of a case."""

    peer: Peer
    label: str

    @property
    def name(self) -> str:
        """As the tables have it."""
        return f"{self.peer.name}: {self.label}"


class Field(NamedTuple):
    """Who is there.

    Attributes:
        versions: of each peer's distributions.
        absent: why a peer is not there.
        entrants: for each case.
    """

    versions: dict[str, dict[str, str]]
    absent: dict[str, str]
    entrants: dict[str, list[Entrant]]


def field() -> Field:
    """Ask every peer what it has."""
    found = Field({}, {}, {})
    for peer in PEERS:
        try:
            found.versions[peer.name] = json.loads(
                _output(peer, "-c", _VERSIONS, *peer.distributions)
            )
            candidates = json.loads(_output(peer, "-m", module_of(peer), "--list"))
        except subprocess.CalledProcessError as error:
            found.absent[peer.name] = error.stderr.strip().splitlines()[-1]
            continue
        for case, labels in candidates.items():
            found.entrants.setdefault(case, []).extend(
                Entrant(peer, label) for label in labels
            )
    return found


def module_of(peer: Peer) -> str:
    return f"benchmarks.runners.{peer.name}"


def environment(variables: dict[str, str] | None = None) -> dict[str, str]:
    return os.environ | ENVIRONMENT | (variables or {})


def _output(peer: Peer, *words: str) -> str:
    return subprocess.run(
        [peer.interpreter, *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
