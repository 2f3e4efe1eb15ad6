"""Where a command tells its result: a human on a console, a program by JSON."""

import json
import math
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        # rich would end with status 1, which is a negative verdict here.
        raise BrokenPipeError


def console(json: bool) -> Console:
    """Where to tell a human: stdout is for the JSON object if that is asked."""
    return _Console(stderr=json, highlight=False, soft_wrap=True)


def print_json(result: dict[str, Any]) -> None:
    """Print one line of JSON, with null for what JSON has no word for: nan, inf."""
    plain = json.loads(json.dumps(result), parse_constant=lambda _: None)
    print(json.dumps(plain))


def spelled(value: Any) -> Any:
    """A result for JSON whose infinities, "inf" and "-inf", are told from nan."""
    if isinstance(value, dict):
        return {key: spelled(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(part) for part in value]
    is_infinite = isinstance(value, float) and math.isinf(value)
    return str(value) if is_infinite else value


def grid(*heads: str, left: tuple[int, ...] = (0,)) -> Table:
    """A table without lines, its columns to the right but for those named `left`."""
    table = Table.grid(padding=(0, 2))
    for column in range(len(heads)):
        table.add_column(justify="left" if column in left else "right", no_wrap=True)
    table.add_row(*heads)
    return table
