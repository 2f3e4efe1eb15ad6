"""A program is compiled once for all workers, and not again in the next run.

Compiling is most of what the tests and the examples in docstrings take. What is kept is
in pytest's own cache; `pytest --cache-clear` forgets it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

import fnn


def pytest_configure(config: pytest.Config) -> None:
    fnn.use_compilation_cache(_folder(config))
    for name in (
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    ):
        # For the commands that tests start.
        os.environ[name.upper()] = str(getattr(jax.config, name))


@pytest.fixture(autouse=True)
def compiled_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Put the folder back where a test or an example took another one."""
    folder = _folder(request.config)
    yield
    if jax.config.jax_compilation_cache_dir != str(folder):  # pyright: ignore
        fnn.use_compilation_cache(folder)


def _folder(config: pytest.Config) -> Path:
    cache = config.cache
    assert cache is not None
    # Not made by pytest: what it makes, others may be able to write to.
    return cache.mkdir("fnn").resolve() / "programs"
