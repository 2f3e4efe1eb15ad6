"""Examples from files of this machine: IDX, CSV, NPZ. Nothing in a file is executed."""

import csv
import gzip
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from fnn._core.file_checks import (
    bad_file,
    check_cell,
    check_column,
    check_header,
    check_idx_sizes,
    check_idx_start,
    check_idx_values,
    check_path,
    check_stored,
    check_stored_numbers,
    check_table,
)
from fnn.data.base import Batch, as_batch

# What zipfile and NumPy raise for files that are broken in one way or another.
_UNREADABLE = (
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_idx(path: str | Path) -> np.ndarray:
    """An array from an IDX file, the format of MNIST; with the ending .gz, unpacked.

    Two bytes 0, a byte for the type (8 uint8, 9 int8, 11 int16, 12 int32, 13 float32,
    14 float64), a byte for the number of dimensions, their sizes as big-endian uint32,
    then the values, big-endian, the last index fastest.

    Args:
        path: of the file.

    Returns:
        The array, in the byte order of this machine.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no IDX file, is truncated, or goes on after its values.

    Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "labels.idx1-ubyte"
        ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
        ...     read_idx(path).tolist()
        [7, 2, 1]
    """
    path = check_path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            dtype, dimensions = check_idx_start(path, file.read(4))
            shape = check_idx_sizes(path, dimensions, file.read(4 * dimensions))
            # One byte more than there should be tells whether the file goes on.
            expected = math.prod(shape) * dtype.itemsize
            values = _read(file, expected + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        bad_file(path, "a gzip file", error)
    check_idx_values(path, dtype, shape, len(values))
    array = np.frombuffer(values, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def read_csv(
    path: str | Path,
    *,
    target: int | str = -1,
    labels: bool = True,
    header: bool = True,
    delimiter: str = ",",
) -> Batch:
    """Examples from a text file of numbers, one in a line, one column the target.

    Empty lines are skipped. Every cell must hold a finite number: what stands for a
    missing value is decided before, not here.

    Args:
        path: of the file, in UTF-8.
        target: the target's column, its name or its number, from 0 or, from the end,
            from -1.
        labels: whether targets are class numbers, else values of a regression.
        header: whether the first line names the columns.
        delimiter: between the cells.

    Returns:
        x (B, n) float32; y (B,) int32 labels, or (B, 1) float32 values.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: an argument is of the wrong kind.
        ValueError: the file is malformed; the message names line and column.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "flowers.csv"
        ...     _ = path.write_text("length,width,kind\\n5.1,3.5,0\\n7,3.25,1\\n")
        ...     data = read_csv(path)
        >>> data.x.shape, data.y.tolist()
        ((2, 2), [0, 1])
    """
    path = check_path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except (csv.Error, UnicodeDecodeError) as error:
        bad_file(path, "a CSV file in UTF-8", error)
    check_table(path, lines)
    names = None
    if header:
        names = [name.strip() for name in lines[0][1]]
        check_header(path, all(map(_is_number, names)))
        lines = lines[1:]
        check_table(path, lines)
    column = check_column(path, target, len(lines[0][1]), names)
    table = np.array(
        [
            [
                check_cell(path, line, place, cell, whole=labels and place == column)
                for place, cell in enumerate(cells)
            ]
            for line, cells in lines
        ]
    )
    # A number too large for float32 becomes infinite, and is refused as that.
    with np.errstate(over="ignore"):
        table = table.astype(float if labels else np.float32)
        x = np.delete(table, column, axis=1).astype(np.float32)
    y = table[:, column]
    return as_batch(
        (x, y.astype(np.int32) if labels else y[:, None].astype(np.float32))
    )


def read_npz(
    path: str | Path, *, x: str = "x", y: str = "y", weight: str | None = None
) -> Batch:
    """Examples from arrays that `numpy.savez` stored. Pickled objects are refused.

    Args:
        path: of the file.
        x: name of the inputs' array, floating.
        y: name of the targets' array.
        weight: name of the array of examples' weights, or None for equal ones.

    Returns:
        The arrays as a batch, in the dtypes of the file.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: an array does not hold numbers.
        ValueError: the file is no NPZ file, truncated, lacks an array, or its arrays do
            not fit together.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "data.npz"
        ...     np.savez(path, x=np.ones((3, 2), np.float32), y=np.array([0, 1, 0]))
        ...     data = read_npz(path)
        >>> data.x.shape, data.y.tolist(), data.weight
        ((3, 2), [0, 1, 0], None)
    """
    path = check_path(path)
    wanted = [x, y] if weight is None else [x, y, weight]
    found: dict[str, Any] = {}
    try:
        # numpy.load takes other kinds of files as well; this takes one.
        with zipfile.ZipFile(path) as archive:
            stored = {name.removesuffix(".npy") for name in archive.namelist()}
        with np.load(path, allow_pickle=False) as arrays:
            for name in wanted:
                if name in stored:
                    found[name] = arrays[name]
    except _UNREADABLE as error:
        bad_file(path, "an NPZ file of plain arrays", error)
    for name in wanted:
        check_stored(path, name, sorted(stored))
        check_stored_numbers(path, name, found[name])
    return as_batch(tuple(found[name] for name in wanted))


def _read(file: Any, most: int, chunk: int = 1 << 24) -> bytes:
    """At most so many bytes, in pieces: a size in a broken file may be any number."""
    pieces: list[bytes] = []
    while most > 0 and (piece := file.read(min(most, chunk))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
