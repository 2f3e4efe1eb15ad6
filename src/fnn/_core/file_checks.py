"""Checks of files of examples: what is wrong in them, and where; `checks` says how."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from fnn._core.checks import check_kind, describe

# Type codes of IDX files, and the big-endian numbers they stand for.
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def check_path(path: Any) -> Path:
    """The path of a file that exists; raises TypeError or FileNotFoundError."""
    check_kind("path", path, str | Path, "a string or a pathlib.Path")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be that of a file, got {str(path)!r}.")
    return path


def check_idx_start(path: Path, start: bytes) -> tuple[np.dtype[Any], int]:
    """The dtype and number of dimensions that the first 4 bytes of an IDX file name."""
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in IDX_TYPES:
        raise ValueError(
            f"{path.name} must begin with the 4 bytes of an IDX file, 0 0 type "
            f"dimensions, got {list(start)}. Is it another kind of file, or compressed "
            "without the ending .gz?"
        )
    if start[3] == 0:
        raise ValueError(f"{path.name} must have at least one dimension, got 0.")
    return np.dtype(IDX_TYPES[start[2]]), start[3]


def check_idx_sizes(path: Path, dimensions: int, sizes: bytes) -> tuple[int, ...]:
    """The shape that follows, 4 bytes a dimension."""
    if len(sizes) != 4 * dimensions:
        raise ValueError(
            f"{path.name} must name {dimensions} sizes, 4 bytes each, got a file that "
            f"ends after {len(sizes)} bytes of them. It is truncated: copy it again."
        )
    return tuple(np.frombuffer(sizes, ">u4").tolist())


def check_idx_values(
    path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], got: int
) -> None:
    """Raise ValueError unless there are as many bytes of values as the shape says."""
    expected = math.prod(shape) * dtype.itemsize
    if got != expected:
        more = "at least " if got > expected else ""
        raise ValueError(
            f"{path.name} must hold {expected} bytes of values for the shape {shape}, "
            f"got {more}{got}. It is truncated or not the file it seems: copy it again."
        )


def bad_file(path: Path, kind: str, error: Exception) -> NoReturn:
    """Raise ValueError for a file that its format's reader could not read."""
    raise ValueError(
        f"{path.name} must be {kind}, but reading it failed: {error}. It is truncated "
        "or not the file it seems: copy it again."
    ) from error


def check_table(path: Path, lines: Sequence[tuple[int, list[str]]]) -> None:
    """Raise ValueError unless rows (line number, cells) have at least 2 equal columns.

    The first row sets their number.
    """
    if not lines:
        raise ValueError(f"{path.name} must hold at least one row, got none.")
    columns = len(lines[0][1])
    if columns < 2:
        raise ValueError(
            f"{path.name} must have at least 2 columns, inputs and a target, got "
            f"{columns} in line {lines[0][0]}. Is the delimiter right?"
        )
    for line, cells in lines:
        if len(cells) != columns:
            raise ValueError(
                f"{path.name} must have {columns} columns in every line, got "
                f"{len(cells)} in line {line}."
            )


def check_header(path: Path, numeric: bool) -> None:
    """Raise ValueError if what should be names of columns are numbers."""
    if numeric:
        raise ValueError(
            f"{path.name} must have names of columns in its first line, got numbers. "
            "Write header=False."
        )


def check_column(path: Path, target: Any, columns: int, names: Any) -> int:
    """The place of the target's column, given by number or by name."""
    if isinstance(target, str):
        if names is None or target not in names:
            known = "no names, with header=False" if names is None else list(names)
            raise ValueError(
                f"target must name a column of {path.name}, got {target!r}; there are "
                f"{known}."
            )
        return list(names).index(target)
    check_kind("target", target, int, "a column's number or name")
    if not -columns <= target < columns:
        raise ValueError(
            f"target must be a column from {-columns} to {columns - 1}, got {target}."
        )
    return target % columns


def check_cell(path: Path, line: int, column: int, text: str, whole: bool) -> float:
    """The number in a cell; raises ValueError that says where there is none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    label = math.isfinite(value) and value == round(value) and abs(value) < 2**31
    if label if whole else math.isfinite(value):
        return value
    what = "a whole number, a label" if whole else "a finite number"
    hint = ""
    if whole and math.isfinite(value):
        hint = " For a regression write labels=False."
    elif line == 1:
        hint = " For names of columns write header=True."
    raise ValueError(
        f"{path.name} must hold {what} in line {line}, column {column + 1}, got "
        f"{text!r}.{hint}"
    )


def check_stored(path: Path, name: str, names: Sequence[str]) -> None:
    """Raise ValueError unless an array of this name is in the file."""
    if name not in names:
        raise ValueError(
            f"{path.name} must hold an array {name!r}, got {list(names)}. Name the "
            "arrays with x=, y= and weight=."
        )


def check_stored_numbers(path: Path, name: str, array: Any) -> None:
    """Raise TypeError unless an array of a file holds numbers."""
    numbers = np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_
    if not numbers:
        raise TypeError(
            f"{path.name} must hold numbers in {name!r}, got {describe(array)}."
        )


def check_private(folder: Path) -> None:
    """Raise ValueError unless a folder is this user's, and no other's to write to.

    Where there are no owners and modes as of POSIX, nothing is checked.
    """
    if not hasattr(os, "getuid"):
        return
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise ValueError(
            f"folder must belong to you, user {os.getuid()}, got {str(folder)!r} of "
            f"user {found.st_uid}: what is in it will be executed. Name another."
        )
    if found.st_mode & 0o022:
        raise ValueError(
            f"folder must not be writable by others, got {str(folder)!r} with mode "
            f"{found.st_mode & 0o777:o}: what is in it will be executed. Write chmod "
            "700, if you trust what is there."
        )
