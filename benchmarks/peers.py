"""Who takes part, and in which interpreter."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PATIENCE = 300  # seconds without a word


def _cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# For all alike. The first line keeps glibc from giving big temporaries back to the
# kernel at every step, which is dear under virtualization and hurts torch most.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "67108864",
    "OMP_NUM_THREADS": str(_cores()),
    "KERAS_BACKEND": "jax",
    "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_COMPILATION_CACHE": "false",
}


class Peer(NamedTuple):
    """One library.

    Attributes:
        name: of its module in `benchmarks.runners`.
        folder: of the virtual environment that has it; none is fnn's own.
        distributions: what must be installed there; their versions are recorded.
    """

    name: str
    folder: str | None
    distributions: tuple[str, ...]

    @property
    def compiles(self) -> bool:
        """Whether it is one of JAX's, which can keep compiled programs."""
        return "jax" in self.distributions

    @property
    def interpreter(self) -> str:
        """Of its environment."""
        if self.folder is None:
            return sys.executable
        return str(ROOT / self.folder / "bin" / "python")


_JAX, _TORCH = ".venv-peers", ".venv-torch"
PEERS = (
    Peer("fnn", None, ("fnn", "jax", "jaxlib")),
    Peer("plain_jax", _JAX, ("jax", "jaxlib")),
    Peer("haiku", _JAX, ("dm-haiku", "optax", "jax")),
    Peer("linen", _JAX, ("flax", "optax", "jax")),
    Peer("nnx", _JAX, ("flax", "optax", "jax")),
    Peer("equinox", _JAX, ("equinox", "optax", "jax")),
    Peer("optax", _JAX, ("optax", "jax")),
    Peer("keras", _JAX, ("keras", "jax")),
    Peer("torch", _TORCH, ("torch",)),
    Peer("onnxruntime", _JAX, ("onnxruntime", "onnx")),
    Peer("sklearn", None, ("scikit-learn",)),
    Peer("numpy", None, ("numpy",)),
)
# The version of each distribution, or null where it is missing.
_VERSIONS = """
import importlib.metadata as m, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""


class Entrant(NamedTuple):
    """A candidate of a case."""

    peer: Peer
    label: str

    @property
    def name(self) -> str:
        """As the tables have it."""
        return f"{self.peer.name}: {self.label}"


class Failed(Exception):
    """Why there is no result."""


class Absent(Exception):
    """What is not installed."""


class Field(NamedTuple):
    """Who is there.

    Attributes:
        versions: of each peer's Python and distributions.
        absent: for each peer that is not installed, what is missing.
        failed: for each peer that is installed and does not run, its last words.
        entrants: for each case.
    """

    versions: dict[str, dict[str, str]]
    absent: dict[str, str]
    failed: dict[str, str]
    entrants: dict[str, list[Entrant]]


def field() -> Field:
    """Ask every peer what it has."""
    found = Field({}, {}, {}, {})
    with ThreadPoolExecutor(2) as two:
        answers = zip(PEERS, two.map(_ask, PEERS), strict=True)
    for peer, answer in answers:
        if isinstance(answer, Absent):
            found.absent[peer.name] = str(answer)
            continue
        if isinstance(answer, Exception):
            found.failed[peer.name] = str(answer)
            continue
        found.versions[peer.name], candidates = answer
        for case, labels in candidates.items():
            found.entrants.setdefault(case, []).extend(
                Entrant(peer, label) for label in labels
            )
    return found


def _ask(peer: Peer) -> tuple[dict[str, str], dict[str, list[str]]] | Exception:
    """Its versions and candidates, or why it has none."""
    if not Path(peer.interpreter).exists():
        return Absent(f"no {peer.folder}; make peers")
    try:
        versions = _output(peer, "-c", _VERSIONS, *peer.distributions)
        if missing := [name for name, version in versions.items() if version is None]:
            return Absent(f"{', '.join(missing)} not installed")
        return versions, _output(peer, "-m", module_of(peer), "--list")
    except (Failed, OSError, ValueError, subprocess.TimeoutExpired) as why:
        return why


def module_of(peer: Peer) -> str:
    return f"benchmarks.runners.{peer.name}"


def environment(variables: dict[str, str] | None = None) -> dict[str, str]:
    """The same for all; compiled modules are kept, as on a user's machine."""
    mine = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return mine | ENVIRONMENT | (variables or {})


def ensure_environment() -> None:
    """Begin again in that environment: malloc and JAX read it when they begin."""
    if ENVIRONMENT.items() - os.environ.items():
        words = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, words, environment())


def _output(peer: Peer, *words: str) -> Any:
    done = subprocess.run(
        [peer.interpreter, *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise Failed(lines[-1] if lines else f"exit status {done.returncode}")
    return json.loads(done.stdout)
