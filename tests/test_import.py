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
later = {"fnn.health", "fnn.theory", "fnn.classic"}
assert not later & set(sys.modules), later & set(sys.modules)
assert {"health", "theory", "classic", "cure", "diagnose", "fit"} <= set(dir(fnn))
assert fnn.classic.__name__ == "fnn.classic" and fnn.theory.__name__ == "fnn.theory"
assert callable(fnn.cure) and callable(fnn.diagnose)
try:
    fnn.nothing
except AttributeError as error:
    assert str(error) == "module 'fnn' has no attribute 'nothing'"
else:
    raise AssertionError
print("imported")
"""


def test_import_loads_no_extra_and_starts_no_backend() -> None:
    # A platform that does not exist: the first array made at import would fail.
    environment = {**os.environ, "JAX_PLATFORMS": "nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "imported\n", done.stderr
