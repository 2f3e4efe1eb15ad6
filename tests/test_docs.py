"""Every code block of the README and the docs runs, in the order of its page."""

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import fnn

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A user's settings, not the strict ones of the tests.
    names: dict[str, Any] = {"fnn": fnn, "jax": jax, "jnp": jnp}
    assert blocks(page)
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
