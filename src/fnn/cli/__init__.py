"""The `fnn` command: train on digits, check and explain gradients, compare models."""

import sys
import time
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    0 is success; 1 a negative verdict or a training that diverged; 2 a flag or an
    installation that will not do, told in one line on stderr.

    Args:
        args: the words after `fnn`; those of the process if not given.
    """
    started = time.perf_counter()
    try:
        from fnn.cli.options import Compare, Explain, Train, parse
    except ModuleNotFoundError as error:
        if error.name not in ("tyro", "rich"):
            raise
        return _complain(f"{error.name} is not installed: pip install 'fnn[cli]'", 2)
    options = parse(args)
    # After the parsing, so that --help does not wait for it.
    from fnn.cli import check, compare, explain, train

    try:
        if isinstance(options, Train):
            return train.run(options, started)
        if isinstance(options, Explain):
            return explain.run(options)
        if isinstance(options, Compare):
            return compare.run(options, started)
        return check.run(options)
    except ValueError as error:
        return _complain(str(error), 2)
    except FloatingPointError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)


def _complain(message: str, status: int) -> int:
    print(f"fnn: {message}", file=sys.stderr)
    return status
