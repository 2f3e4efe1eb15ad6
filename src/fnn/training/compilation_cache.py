"""Compiled programs kept on disk, so that the next process need not compile."""

import os
from pathlib import Path

import jax
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from fnn._core.checks import check_kind
from fnn._core.file_checks import check_private


def use_compilation_cache(folder: str | Path | None = None) -> Path:
    """Keep compiled programs in a folder, for all of this process and the next ones.

    This turns on JAX's persistent compilation cache, small programs included: a fit of
    a small network spends most of its first seconds compiling. A program is found
    again by the same structure, shapes, dtypes, device and versions of JAX; numbers
    such as a learning rate are not part of it. Nothing is set unless this is called.

    Programs in the folder are executed as they are. It is therefore created for its
    owner alone, and one that others could have written to is refused. It only grows:
    delete it whenever you like.

    Args:
        folder: where; by default "fnn" in the user's cache folder, which is
            $XDG_CACHE_HOME or ~/.cache.

    Returns:
        The folder.

    Raises:
        TypeError: `folder` is no path.
        ValueError: `folder` belongs to another user, or others may write to it.

    Example:
        >>> import tempfile, fnn
        >>> with tempfile.TemporaryDirectory() as scratch:
        ...     print(fnn.use_compilation_cache(Path(scratch, "programs")).name)
        ...     jax.config.update("jax_compilation_cache_dir", None)
        programs
    """
    check_kind("folder", folder, str | Path | None, "a string or a pathlib.Path")
    # Resolved once: the folder checked is the folder used, whatever links are changed.
    path = (_default() if folder is None else Path(folder)).expanduser().resolve()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(path)
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    # JAX opens a cache once; without this it would stay with the folder before.
    reset_cache()
    return path


def _default() -> Path:
    """The standard of the XDG base directories: a relative path is ignored."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "fnn"
