"""The judge's ends of a worker's two pipes, never blocking: by the system's means or by threads (Windows)."""

from __future__ import annotations

import contextlib
import os
import queue
import selectors
import subprocess
import threading
import time
from typing import Protocol

PIECE = 1 << 16
ENDING_SECONDS = 2.0
AHEAD = 64  # pieces that are read before anybody wants them


class Pipes(Protocol):
    """Both directions. Reading and writing raise BlockingIOError where they would wait."""

    def write(self, data: memoryview) -> int: ...
    def read(self, most: int) -> bytes: ...
    def wait_writable(self, seconds: float) -> None: ...
    def wait_readable(self, seconds: float) -> bool: ...
    def close(self) -> None: ...


class Polled:
    """Two descriptors of this process, which are closed with it."""

    def __init__(self, to_worker: int, from_worker: int) -> None:
        self._to, self._from = to_worker, from_worker
        os.set_blocking(to_worker, False)
        os.set_blocking(from_worker, False)

    def write(self, data: memoryview) -> int:
        return os.write(self._to, data)

    def read(self, most: int) -> bytes:
        return os.read(self._from, most)

    def wait_writable(self, seconds: float) -> None:
        _select(self._to, selectors.EVENT_WRITE, seconds)

    def wait_readable(self, seconds: float) -> bool:
        return _select(self._from, selectors.EVENT_READ, seconds)

    def close(self) -> None:
        os.close(self._to)
        os.close(self._from)


def _select(fd: int, event: int, seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(fd, event)
        return bool(selector.select(seconds))


class Pumped:
    """Standard input and output of a spawned process: Windows cannot wait for pipes, so that threads do it.

    Close it after the process has been killed: only that ends a thread that waits for the pipe.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._leaving: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._arrived: queue.Queue[bytes] = queue.Queue(AHEAD)
        self._buffer = b""
        self._at_end = False
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def write(self, data: memoryview) -> int:
        if not self._threads[0].is_alive():
            raise BrokenPipeError
        self._leaving.put(bytes(data))
        return len(data)

    def read(self, most: int) -> bytes:
        if not self._buffer and not self.wait_readable(0):
            raise BlockingIOError
        data, self._buffer = self._buffer[:most], self._buffer[most:]
        return data

    def wait_writable(self, seconds: float) -> None:
        """It always is."""

    def wait_readable(self, seconds: float) -> bool:
        if self._buffer or self._at_end:
            return True
        try:
            self._buffer = self._arrived.get(timeout=seconds) if seconds else self._arrived.get_nowait()
        except queue.Empty:
            return False
        self._at_end = not self._buffer
        return True

    def close(self) -> None:
        self._leaving.put(b"")
        # A process that the student's code left behind may hold the pipe.
        end = time.monotonic() + ENDING_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                self._arrived.get(timeout=0.01)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _send(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            while data := self._leaving.get():
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def _receive(self) -> None:
        assert self._process.stdout is not None
        piece = b"start"
        while piece:
            try:
                piece = os.read(self._process.stdout.fileno(), PIECE)
            except OSError:
                piece = b""
            self._arrived.put(piece)
