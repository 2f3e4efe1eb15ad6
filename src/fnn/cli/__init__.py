"""The `fnn` command."""

import os
import sys
import time
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0 is success; 1 a negative verdict or a training that diverged; 2 a flag or an
    installation that will not do, told in one line on stderr. As in a shell, 130 says
    that somebody interrupted it, 141 that the reader of its output went away.

    Args:
        args: the words after `fnn`; those of the process if not given.
    """
    try:
        try:
            return _run(args, time.perf_counter())
        finally:
            # What still waits in the buffer may find the reader gone as well.
            print(end="", flush=True)
    except BrokenPipeError:
        # Python flushes once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(args: Sequence[str] | None, started: float) -> int:
    try:
        from fnn.cli.commands import parse
    except ModuleNotFoundError as error:
        if error.name not in ("tyro", "rich"):
            raise
        return _complain(f"{error.name} is not installed: pip install 'fnn[cli]'", 2)
    try:
        return parse(args).run(started)
    except ValueError as error:
        return _complain(str(error), 2)
    except FloatingPointError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)


def _complain(message: str, status: int) -> int:
    print(f"fnn: {message}", file=sys.stderr)
    return status
