"""Files that are right are read to the last bit; broken ones are refused, with why."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fnn
from fnn.data import read_csv, read_idx, read_npz

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array: np.ndarray, code: int) -> bytes:
    """An IDX file, by its description."""
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    values = array.astype(array.dtype.newbyteorder(">")).tobytes()
    return bytes([0, 0, code, array.ndim]) + sizes + values


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 5), (0, 4)])
@pytest.mark.parametrize("kind", CODES)
def test_idx(
    kind: str,
    shape: tuple[int, ...],
    packed: bool,
    tmp_path: Path,
    rng: np.random.Generator,
) -> None:
    array = (100 * rng.normal(size=shape)).astype("i1").astype(kind)
    content = idx(array, CODES[kind])
    path = tmp_path / ("data.gz" if packed else "data")
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    for name in (path, str(path)):
        got = read_idx(name)
        assert (got.dtype, got.shape) == (np.dtype(kind), shape)
        assert got.dtype.isnative
        assert got.flags.writeable
        np.testing.assert_array_equal(got, array)


LABELS = idx(np.array([7, 2, 1], "u1"), 8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"must begin with the 4 bytes of an IDX file.* got \[\]"),
        (b"\x89PNG" + LABELS, "must begin with the 4 bytes"),
        (gzip.compress(LABELS, mtime=0), "compressed without the ending .gz"),
        (bytes([0, 0, 10, 1]) + LABELS[4:], "must begin with the 4 bytes"),
        (bytes([0, 0, 8, 0, 5]), "at least one dimension"),
        (LABELS[:6], "name 1 sizes.* ends after 2 bytes"),
        (
            LABELS[:-1],
            r"3 bytes of values for the shape \(3,\), got 2. It is truncated",
        ),
        (LABELS + b"\0", "3 bytes of values .*, got at least 4"),
        (bytes([0, 0, 14, 3]) + b"\xff" * 12, "got 0. It is truncated"),
    ],
)
def test_broken_idx(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.idx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"labels.idx .*{words}"):
        read_idx(path)


@pytest.mark.parametrize("content", [LABELS, gzip.compress(LABELS, mtime=0)[:-9]])
def test_broken_gzip(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"labels.gz must be a gzip file, but"):
        read_idx(path)


TABLE = "length, width,kind\n5.1,3.5,0\n\n-7e-1,.25,2\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode())
    return path


def test_csv(tmp_path: Path) -> None:
    path = written(tmp_path, TABLE)
    for target in (-1, 2, "kind"):
        data = read_csv(path, target=target)
        np.testing.assert_array_equal(
            data.x, np.array([[5.1, 3.5], [-0.7, 0.25]], "f4")
        )
        assert (data.x.dtype, data.y.dtype) == (np.float32, np.int32)
        assert data.y.tolist() == [0, 2]
    data = read_csv(path, target="width", labels=False)
    np.testing.assert_array_equal(data.x, np.array([[5.1, 0], [-0.7, 2]], "f4"))
    np.testing.assert_array_equal(data.y, np.array([[3.5], [0.25]], "f4"))


def test_csv_of_other_habits(tmp_path: Path) -> None:
    """No header, semicolons, Windows line ends, a byte order mark, quotes."""
    text = "\ufeff" + '"1";2;0\r\n3;4;1.0\r\n'
    data = read_csv(written(tmp_path, text), header=False, delimiter=";")
    assert data.x.tolist() == [[1, 2], [3, 4]]
    assert data.y.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, "at least one row, got none"),
        ("a,b\n", {}, "at least one row, got none"),
        ("a\n1\n", {}, "at least 2 columns.*got 1 in line 1. Is the delimiter"),
        ("a,b\n1,2\n1,2,3\n", {}, "2 columns in every line, got 3 in line 3"),
        ("1,2\n1,2\n", {}, "names of columns in its first line.*header=False"),
        (
            "a,b\n1,2\n",
            {"header": False},
            "'a'. For names of columns write header=True",
        ),
        ("a,b\n1.5,2\n,1\n", {}, "finite number in line 3, column 1, got ''"),
        ("a,b\nnan,2\n", {}, "finite number in line 2, column 1, got 'nan'"),
        ("a,b\n1,2.5\n", {}, "whole number, .*column 2, got '2.5'. .*labels=False"),
        ("a,b\n1,1e12\n", {}, "a whole number.* got '1e12'"),
        ("a,b\n1,x\n", {"labels": False}, "finite number in line 2, column 2, got 'x'"),
        ("a,b\n1e300,1\n", {}, "x must be finite"),
        ("a,b\n1,2\n", {"target": "c"}, r"target must name a column .*\['a', 'b'\]"),
        ("1,2\n", {"target": "c", "header": False}, "no names, with header=False"),
        ("a,b\n1,2\n", {"target": 2}, "target must be a column from -2 to 1, got 2"),
        ('a,b\n1,"2\n', {}, "must be a CSV file in UTF-8, but reading it failed"),
    ],
)
def test_broken_csv(
    text: str, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        read_csv(written(tmp_path, text), **options)


def test_csv_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match=r"data.csv must be a CSV file in UTF-8"):
        read_csv(path)


X, Y = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0, 1, 0])


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=X, labels=Y, w=np.ones(3))
    data = read_npz(path, y="labels")
    assert isinstance(data, fnn.Batch)
    assert data.weight is None
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)
    assert data.x.dtype == np.float32
    data = read_npz(path, y="labels", weight="w")
    np.testing.assert_array_equal(data.weight, np.ones(3))


def save(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


def cut(path: Path) -> None:
    np.savez(path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-30])


def plain(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, X)


@pytest.mark.parametrize(
    ("write", "kind", "words"),
    [
        (save(x=X), ValueError, r"must hold an array 'y', got \['x'\]. Name"),
        (save(x=X, y=Y[:2]), ValueError, "y must have one row for each of the 3 rows"),
        (save(x=X.astype(int), y=Y), TypeError, "x must be floating, got int64"),
        (save(x=X, y=np.array(["a", "b", "c"])), TypeError, "hold numbers in 'y'"),
        (save(x=X, y=Y.astype(object)), ValueError, "NPZ file of plain .*pickle"),
        (cut, ValueError, "must be an NPZ file of plain arrays, but reading it failed"),
        (plain, ValueError, "must be an NPZ file of plain arrays"),
        (lambda path: path.write_text("x"), ValueError, "must be an NPZ file"),
    ],
)
def test_broken_npz(write: Any, kind: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write(path)
    with pytest.raises(kind, match=words):
        read_npz(path)


@pytest.mark.parametrize("reader", [read_idx, read_csv, read_npz])
def test_paths(reader: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FileNotFoundError, match="path must be that of a file"):
            reader(path)
    with pytest.raises(TypeError, match=r"path must be a string or a pathlib.Path"):
        reader(3)


@pytest.mark.parametrize("form", ["idx", "gz", "csv", "npz"])
def test_any_damage_is_refused_or_harmless(
    form: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    """Flipped bytes and cuts give a value or one of the promised errors."""
    path = tmp_path / f"data.{form}"
    np.savez(tmp_path / "good.npz", x=X, y=Y)
    good = {
        "idx": LABELS,
        "gz": gzip.compress(LABELS, mtime=0),
        "csv": TABLE.encode(),
        "npz": (tmp_path / "good.npz").read_bytes(),
    }[form]
    reader: Any = {"csv": read_csv, "npz": read_npz}.get(form, read_idx)
    messages: list[str] = []
    for _ in range(300):
        bad = bytearray(good)
        for place in rng.integers(0, len(bad), rng.integers(1, 4)):
            bad[place] = rng.integers(0, 256)
        path.write_bytes(bad[: rng.integers(1, len(bad) + 1)])
        try:
            reader(path)
        except (TypeError, ValueError) as error:
            messages.append(str(error))
    assert len(messages) > 30
    assert all("must" in message for message in messages)
