"""Compiled programs kept on disk: opt-in, private, found again by the next process."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import pytest

import fnn

SCRIPT = """
import json, sys
import jax, jax.monitoring, numpy as np
import fnn

seen = {"cache_hits": 0, "cache_misses": 0}

def count(event, **details):
    name = event.rsplit("/", 1)[-1]
    if name in seen:
        seen[name] += 1

jax.monitoring.register_event_listener(count)
untouched = jax.config.jax_compilation_cache_dir is None
folder = fnn.use_compilation_cache()
model = fnn.layers.Dense(4, 3)
loss, optimizer = fnn.losses.SoftmaxCrossEntropy(), fnn.optimizers.SGD
recipe = jax.device_put(fnn.Recipe(model, loss, optimizer(float(sys.argv[1]))))
state = fnn.init(recipe, np.array([0, 1], np.uint32))
started = dict(seen)
x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(8, 4)
data = (x, np.arange(8, dtype=np.int32) % 3)
state, info = jax.jit(fnn.train_step)(recipe, state, data)
step = {name: seen[name] - started[name] for name in seen}
print(json.dumps([untouched, str(folder), step, state.params["w"].tolist()]))
"""


def process(home: Path, rate: float) -> Any:
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(rate)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_the_next_process_finds_the_programs(tmp_path: Path) -> None:
    untouched, folder, first, params = process(tmp_path, 0.1)
    assert untouched
    assert Path(folder) == tmp_path.resolve() / "fnn"
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    assert first == {"cache_hits": 0, "cache_misses": 1}
    # The second time with another learning rate as well, which is no other program.
    _, _, second, again = process(tmp_path, 0.1)
    _, _, third, other = process(tmp_path, 0.5)
    assert second == third == {"cache_hits": 1, "cache_misses": 0}
    assert again == params
    assert other != params


@pytest.fixture
def config() -> Any:
    """The settings of JAX's cache; `compiled_once` puts the folder back."""
    names = (
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    )
    return {name: getattr(jax.config, name) for name in names}


def test_an_own_folder_is_created_private(tmp_path: Path, config: Any) -> None:
    del config
    folder = fnn.use_compilation_cache(str(tmp_path / "a" / "programs"))
    assert folder == tmp_path.resolve() / "a" / "programs"
    assert jax.config.jax_compilation_cache_dir == str(folder)  # pyright: ignore
    assert fnn.use_compilation_cache(folder) == folder
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
def test_a_folder_that_others_can_fill_is_refused(
    tmp_path: Path, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode in (0o770, 0o702, 0o1777):
        tmp_path.chmod(mode)
        with pytest.raises(ValueError, match="must not be writable by others, got"):
            fnn.use_compilation_cache(tmp_path)
    tmp_path.chmod(0o755)
    # A link to the folder is the folder.
    link = tmp_path / "link"
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link.symlink_to(shared)
    with pytest.raises(ValueError, match="must not be writable by others, got"):
        fnn.use_compilation_cache(link)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(ValueError, match=f"must belong to you, user {owner + 1}, got"):
        fnn.use_compilation_cache(tmp_path)
    # Nothing was set on the way.
    assert {name: getattr(jax.config, name) for name in config} == config


def test_a_folder_must_be_a_path() -> None:
    with pytest.raises(TypeError, match=r"folder must be a string or a pathlib\.Path"):
        fnn.use_compilation_cache(3)  # pyright: ignore[reportArgumentType]
