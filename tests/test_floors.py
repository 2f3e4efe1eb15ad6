"""Imports go strictly down the floors of the house, and nowhere in a circle."""

import ast
from pathlib import Path

import fnn

SOURCE = Path(fnn.__file__).parent

FLOORS = [
    {"_core"},
    {"data", "initializers", "schedules", "penalties", "metrics"},
    {"layers", "losses", "optimizers"},
    {"gradients", "kernels", "theory"},
    {"training"},
    {"classic", "health", "checkpoints", "parallel"},
    {"report"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Rooms of parts: a part knows the contract, in base.py, and no other part.
PARTS = {"layers", "losses", "optimizers"}
# A builder assembles its siblings; that is all it is for.
BUILDERS = {"fnn.layers.mlp"}

ALLOWED_OUTSIDE = {"jax", "jaxlib", "numpy", "chex", "safetensors"}
EXTRAS = {"cli": {"tyro", "rich", "matplotlib", "sklearn"}}


def modules() -> dict[str, Path]:
    """Every module of the package, by dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("fnn", *path.relative_to(SOURCE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> set[str]:
    """The modules a file imports anywhere, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            module = node.module or ""
            names.add(module)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


MODULES = modules()
EDGES = {
    name: {target for target in imports(path) if target in MODULES and target != name}
    for name, path in MODULES.items()
}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "fnn"


def is_part(module: str) -> bool:
    """A module of a room of parts, but not the room's door and not a builder."""
    return room(module) in PARTS and module not in {f"fnn.{room(module)}", *BUILDERS}


def violations(edges: dict[str, set[str]]) -> list[str]:
    """Imports that go up, sideways between rooms, or between parts of a room."""
    wrong = []
    for name, targets in edges.items():
        if name == "fnn":
            continue
        for target in targets:
            if target == "fnn":
                if room(name) != "cli":
                    wrong.append(f"{name} imports the door")
            elif room(target) != room(name):
                if FLOOR[room(target)] >= FLOOR[room(name)]:
                    wrong.append(f"{name} imports {target}, not on a floor below")
            elif is_part(name) and target != f"fnn.{room(name)}.base":
                wrong.append(f"{name} imports its sibling {target}")
    return wrong


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """Some circle of imports, or an empty list."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges[name]):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next((found for name in edges if (found := visit(name, []))), [])


def test_every_room_has_a_floor() -> None:
    rooms = {room(name) for name in MODULES} - {"fnn"}
    assert rooms <= set(FLOOR)


def test_imports_go_down() -> None:
    assert violations(EDGES) == []


def test_there_is_no_cycle() -> None:
    # The door imports its rooms; what matters are the rooms among themselves.
    inside = {name: edges - {"fnn"} for name, edges in EDGES.items() if name != "fnn"}
    assert cycle(inside) == []


def test_only_the_run_time_dependencies_are_imported() -> None:
    import sys

    for name, path in MODULES.items():
        allowed = ALLOWED_OUTSIDE | EXTRAS.get(room(name), set())
        for target in imports(path):
            package = target.split(".")[0]
            known = package in allowed or package in sys.stdlib_module_names
            assert known or package == "fnn", f"{name} imports {target}"
            assert not target.startswith("jax._src"), f"{name} imports {target}"


def test_the_checks_themselves_can_fail() -> None:
    up = {"fnn.layers.dense": {"fnn.training.step"}}
    sideways = {"fnn.layers.dense": {"fnn.losses.base"}}
    sibling = {"fnn.layers.dense": {"fnn.layers.dropout"}}
    for edges in (up, sideways, sibling):
        assert len(violations(edges)) == 1
    assert (
        violations({"fnn.layers.dense": {"fnn.layers.base", "fnn._core.trees"}}) == []
    )
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


def test_files_can_be_read_in_one_sitting() -> None:
    lengths = {n: len(p.read_text().splitlines()) for n, p in MODULES.items()}
    assert {n: length for n, length in lengths.items() if length > 300} == {}
