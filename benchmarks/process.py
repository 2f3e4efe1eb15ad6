"""A runner's process, spoken to in lines."""

import json
import subprocess
import tempfile
import time
from typing import Any

from benchmarks.peers import ROOT, Entrant, environment, module_of


class Process:
    """A runner's process, spoken to in lines."""

    def __init__(
        self,
        entrant: Entrant,
        case: str,
        *flags: str,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.name = f"{case}, {entrant.name}"
        # A file, for a pipe that nobody reads would stop a talkative library.
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                entrant.peer.interpreter,
                "-m",
                module_of(entrant.peer),
                case,
                entrant.label,
                *flags,
            ],
            cwd=ROOT,
            env=environment(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            bufsize=1,
        )

    def read(self) -> Any:
        """What it says next; None if it ended without a word."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def turn(self) -> float:
        """Let it take a turn: seconds a unit."""
        assert self._process.stdin is not None
        # Threads of the one before may still spin, waiting for work.
        time.sleep(0.1)
        self._process.stdin.write("\n")
        return self._expected()

    def end(self) -> Any:
        """Let it end: its last report."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        told = self._expected()
        self._process.wait()
        return told

    def kill(self) -> None:
        """Whatever it does."""
        self._process.kill()
        self._process.wait()
        self._complaints.close()

    def last_words(self) -> str:
        """Why it failed."""
        self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"

    def _expected(self) -> Any:
        told = self.read()
        if told is None:
            raise RuntimeError(f"{self.name}: {self.last_words()}")
        return told
