"""What `import fnn` adds to `import jax`: processes in turn.

python -m benchmarks.imports
"""

import subprocess
import sys
import time
from typing import Any

from benchmarks.peers import ensure_environment, environment
from fnn.cli.timing import spread

ROUNDS = 11


def measure() -> dict[str, Any]:
    """Median seconds of a process that imports each, and what is added each time."""
    seconds: dict[str, list[float]] = {"jax": [], "fnn": []}
    for _ in range(ROUNDS + 1):
        for name, values in seconds.items():
            start = time.perf_counter()
            command = [sys.executable, "-c", f"import {name}"]
            subprocess.run(command, env=environment(), check=True)
            values.append(time.perf_counter() - start)
    # The first round reads the files from the disk.
    jax, fnn = (values[1:] for values in seconds.values())
    added = [b - a for a, b in zip(jax, fnn, strict=True)]
    return {"jax": spread(jax).median, "fnn": spread(fnn).median, "added": added}


if __name__ == "__main__":
    ensure_environment()
    print(measure())
