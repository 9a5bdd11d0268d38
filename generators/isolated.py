"""Run generators in processes of their own, so that a crash or a hang of one stops nothing else."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

from generators.answers import Order, read_answer
from generators.base import GenerationError
from generators.results import CheckedClip

# The new process gets our path: packages may lie where it would not look for them.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from generators.resident import serve; serve(int(sys.argv[2]))"
)
_POLL_S = 0.5
_SETTLING_S = 5.0


class Crashed(GenerationError):
    """End of the generator's process before it answered."""

    kind = "crashed"
    retryable = True


class TimedOut(GenerationError):
    """Generator that did not answer in time; its process was ended."""

    kind = "timeout"
    retryable = True


class Stopped(RuntimeError):
    """Stop from outside, such as Ctrl-C; nothing is known of the clip."""


class GeneratorProcess:
    """Process that makes one clip at a time, and keeps its generators loaded between clips."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-c", _START, json.dumps(_absolute_path()), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a generator prints must not mix with what a command answers
                start_new_session=True,  # Ctrl-C reaches only us, and its own children end with it
            )
        self._connection = Connection(ours.detach())
        self._is_stopped = False

    def make(self, order: Order, limit_s: float) -> CheckedClip:
        """Make one clip.

        Raises:
            Crashed: The process ended before it answered.
            TimedOut: There was no answer in time; the process is ended.
            Stopped: `stop` was called meanwhile.
            GenerationError: The generator made no clip.
            SettingsError: The settings don't fit the generator.
            DiskFull: There was no space for the clip.
        """
        try:
            message = self._ask(order.encode(), limit_s)
        except (EOFError, OSError) as error:
            if self._is_stopped:
                raise Stopped("The clip was not made: its process was stopped.") from error
            raise Crashed(f"The generator's process ended {self._how_it_ended()}.") from error
        return read_answer(message)

    def stop(self) -> None:
        """End the process and all that it started."""
        self._is_stopped = True
        _kill_group(self._process)
        self._process.wait()

    def close(self) -> None:
        """End the process and close its socket; no thread may be waiting for an answer."""
        self.stop()
        self._connection.close()

    def _ask(self, message: bytes, limit_s: float) -> bytes:
        self._connection.send_bytes(message)
        deadline = time.monotonic() + limit_s
        while not self._connection.poll(max(0.0, min(_POLL_S, deadline - time.monotonic()))):
            # A process that the generator started may outlive it and hold the socket open.
            if self._process.poll() is not None and not self._connection.poll():
                raise EOFError
            if time.monotonic() >= deadline:
                raise TimedOut(f"The generator took longer than {limit_s:g} s and was stopped.")
        return self._connection.recv_bytes()

    def _how_it_ended(self) -> str:
        try:
            status = self._process.wait(_SETTLING_S)
        except subprocess.TimeoutExpired:
            return "its connection"
        if status >= 0:
            return f"with status {status}"
        hint = ", as the system does when memory runs out" if -status == signal.SIGKILL else ""
        return f"by {signal.Signals(-status).name}{hint}"


class Workshop:
    """Generator processes of this process: as many as clips are made side by side."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._idle: list[GeneratorProcess] = []
        self._busy: set[GeneratorProcess] = set()
        self._is_registered = False

    def make(self, order: Order, *, limit_s: float) -> CheckedClip:
        """Make one clip in an idle process or a new one. Raise the errors of `GeneratorProcess.make`."""
        process = self._take()
        try:
            made = process.make(order, limit_s)
        except BaseException as error:
            self._put_back(process, is_sound=isinstance(error, Exception) and not _is_gone(error))
            raise
        self._put_back(process, is_sound=True)
        return made

    def stop(self) -> None:
        """End all clips that are being made, as on Ctrl-C; their callers get `Stopped`."""
        with self._guard:
            for process in self._busy:
                process.stop()

    def close(self) -> None:
        """End the idle processes."""
        with self._guard:
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> GeneratorProcess:
        with self._guard:
            if not self._is_registered:
                atexit.register(self.close)
                self._is_registered = True
            process = self._idle.pop() if self._idle else GeneratorProcess()
            self._busy.add(process)
            return process

    def _put_back(self, process: GeneratorProcess, *, is_sound: bool) -> None:
        with self._guard:
            self._busy.discard(process)
            if is_sound:
                self._idle.append(process)
            else:
                process.close()


def _is_gone(error: Exception) -> bool:
    return isinstance(error, Crashed | TimedOut | Stopped)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # it ended by itself; macOS says so in its own way
        process.kill()


def _absolute_path() -> list[str]:
    return [os.path.abspath(entry) for entry in sys.path]
