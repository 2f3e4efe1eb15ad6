"""What `import fnn` adds to `import jax`: processes in turn.

python -m benchmarks.imports
"""

import os
import subprocess
import sys
import time
from statistics import median
from typing import Any

ROUNDS = 11


def measure() -> dict[str, Any]:
    """Median seconds of a process that imports each, and of what is added."""
    seconds: dict[str, list[float]] = {"jax": [], "fnn": []}
    # As on a user's machine, where compiled modules are kept.
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(ROUNDS + 1):
        for name, values in seconds.items():
            start = time.perf_counter()
            command = [sys.executable, "-c", f"import {name}"]
            subprocess.run(command, env=variables, check=True)
            values.append(time.perf_counter() - start)
    # The first round reads the files from the disk.
    jax, fnn = (values[1:] for values in seconds.values())
    added = [b - a for a, b in zip(jax, fnn, strict=True)]
    return {"jax": median(jax), "fnn": median(fnn), "added": median(added)}


if __name__ == "__main__":
    print(measure())
