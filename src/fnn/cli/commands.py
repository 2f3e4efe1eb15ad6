"""The table of subcommands, one line each.

A command is a frozen dataclass in a file of its own: its docstring and the strings
under its fields are the help, and `run` does the work. For `fnn --help` all of these
files are imported, so what is slow to import (scikit-learn, Matplotlib) is imported
inside `run`.
"""

from collections.abc import Sequence
from typing import Protocol

import tyro

from fnn.cli.bench import Bench
from fnn.cli.check import Check
from fnn.cli.compare import Compare
from fnn.cli.cure import Cure
from fnn.cli.diagnose import Diagnose
from fnn.cli.explain import Explain
from fnn.cli.phase import Phase
from fnn.cli.train import Train

COMMANDS = {
    "train": Train,
    "check": Check,
    "explain": Explain,
    "compare": Compare,
    "phase": Phase,
    "diagnose": Diagnose,
    "cure": Cure,
    "bench": Bench,
}


class Command(Protocol):
    """What every subcommand has besides its flags."""

    def run(self, started: float) -> int:
        """Do it, tell, and return the exit status.

        Args:
            started: reading of `time.perf_counter` when the command began.

        Raises:
            ValueError: a flag is out of its range.
            FloatingPointError: the numbers did not stay finite.
        """
        ...


def parse(args: Sequence[str] | None) -> Command:
    """The command that the words ask for; a word that fits none ends with status 2."""
    return tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        prog="fnn",
        description="Feedforward networks in JAX, tried on handwritten digits.",
        args=args,
    )
