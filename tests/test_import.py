"""`import fnn` brings in nothing extra and does no work."""

import os
import subprocess
import sys

SCRIPT = """
import sys
before = set(sys.modules)
import fnn
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
extras = {"tyro", "rich", "matplotlib", "optax", "flax", "torch", "sklearn", "pytest"}
assert not loaded & extras, loaded & extras
assert "fnn.cli" not in sys.modules
print("imported")
"""


def test_import_loads_no_extra_and_starts_no_backend() -> None:
    # A platform that does not exist: the first array made at import would fail.
    environment = {**os.environ, "JAX_PLATFORMS": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "imported\n", done.stderr
