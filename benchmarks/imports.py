"""What `import fnn` adds to `import jax`: in each of several new processes.

python -m benchmarks.imports
"""

import subprocess
import sys
from typing import Any

from benchmarks.peers import ensure_environment, environment
from fnn.cli.timing import spread

ROUNDS = 11
# Whole processes with and without fnn differ by more from round to round than fnn adds.
_PROGRAM = """
import time, jax
start = time.perf_counter()
import fnn
print(time.perf_counter() - start)
"""


def measure() -> dict[str, Any]:
    """Seconds that are added, each time."""
    added = [
        float(
            subprocess.check_output([sys.executable, "-c", _PROGRAM], env=environment())
        )
        for _ in range(ROUNDS + 1)
    ]
    # The first one reads the files from the disk.
    return {"added": added[1:]}


if __name__ == "__main__":
    ensure_environment()
    print(spread(measure()["added"]))
