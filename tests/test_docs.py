"""Every code block of the README and the docs runs, in the order of its page."""

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import fnn
from tests.catalogue import ROOMS, part_names

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A user's settings, not the strict ones of the tests.
    names: dict[str, Any] = {"fnn": fnn, "jax": jax, "jnp": jnp}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), names)
    if page.name == "README.md":
        printed = capsys.readouterr().out
        assert "backprop and autodiff agree in float32" in printed
        accuracy = re.search(r"'accuracy': Array\((.*?),", printed)
        assert accuracy is not None
        assert float(accuracy.group(1)) > 0.9


def test_the_readme_lists_the_rooms_that_are_there() -> None:
    house = (ROOT / "README.md").read_text().split("src/fnn/\n")[1].split("```")[0]
    listed = re.findall(r"^  ([a-z_]+(?:/|\.py))", house, re.M)
    source = Path(fnn.__file__).parent
    rooms = {
        path.name + "/" for path in source.iterdir() if (path / "__init__.py").exists()
    }
    files = {path.name for path in source.glob("[a-z]*.py")}
    assert set(listed) == rooms | files


def test_the_page_of_the_notes_names_what_there_is() -> None:
    names = re.findall(r"`(fnn\.[\w.]+)`", (ROOT / "docs" / "notes.md").read_text())
    assert len(names) > 80
    for name in names:
        value: Any = fnn
        for part in name.split(".")[1:]:
            assert hasattr(value, part), name
            value = getattr(value, part)


def test_the_page_of_the_notes_names_every_part() -> None:
    """What is not in the notes may be missing there: structure and joining."""
    text = (ROOT / "docs" / "notes.md").read_text()
    joining = {
        "Repeat",
        "Sequential",
        "mlp",
        "Chain",
        "Foreign",
        "Constant",
        "MultiStep",
    }
    for room, table in ROOMS.items():
        for name in part_names(table) - joining:
            assert f"`fnn.{room}.{name}`" in text or name in {
                "accuracy",
                "binary_accuracy",
            }
