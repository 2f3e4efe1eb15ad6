"""A runner's process: one for all turns, or a new one for each."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import Any

from benchmarks.peers import PATIENCE, ROOT, Entrant, Failed, environment, module_of


class Process:
    """Spoken to in lines; `Failed` says why there is no answer."""

    def __init__(
        self,
        entrant: Entrant,
        case: str,
        *flags: str,
        variables: dict[str, str] | None = None,
    ) -> None:
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
            # A group of its own: it may have started others.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def read(self) -> Any:
        """What it says next."""
        if not select.select([self._out], [], [], PATIENCE)[0]:
            raise Failed(f"silent for {PATIENCE} s")
        line = self._out.readline()
        if not line:
            raise Failed(self._last_words())
        return json.loads(line)

    def turn(self) -> float:
        """Let it take a turn: seconds a unit."""
        # Threads of the one before may still spin, waiting for work.
        time.sleep(0.03)
        self._in.write("\n")
        return self.read()

    def end(self) -> Any:
        """Let it end: its last report."""
        self._in.close()
        return self.read()

    def kill(self) -> None:
        """With all that it started, whatever they do."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for file in (self._in, self._out, self._complaints):
            with suppress(OSError):
                file.close()

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._complaints.seek(0)
        lines = self._complaints.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"


class ColdProcess:
    """Asked the same, it starts a process for every turn and times it from outside."""

    def __init__(
        self, entrant: Entrant, case: str, warm: bool, variables: dict[str, str]
    ) -> None:
        self._entrant, self._case, self._warm = entrant, case, warm
        self._variables = variables
        self._told: dict[str, Any] = {}

    def read(self) -> Any:
        """Nothing; maybe a turn that reads the files and fills the cache."""
        if self._warm:
            self.turn()
        return {}

    def turn(self) -> float:
        """Seconds until it says that its first turn is done."""
        start = time.perf_counter()
        process = Process(
            self._entrant, self._case, "--once", variables=self._variables
        )
        try:
            first = process.read()
            seconds = time.perf_counter() - start
            self._told = first | process.read()
        finally:
            process.kill()
        return seconds

    def end(self) -> Any:
        """What the last process told."""
        return self._told

    def kill(self) -> None:
        """None is alive."""
