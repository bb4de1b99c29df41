"""A whole site in processes of its own: web, dispatcher, workers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from generation.demo.errors import DemoFailed

START_SECONDS = 90
STOP_SECONDS = 20
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningSite:
    """The supervisor and its address; use it as a context manager."""

    var: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "RunningSite":
        command = [sys.executable, "-m", "config.supervisor", "--with-parent"]
        self.process = subprocess.Popen(  # noqa: S603  our own module
            [*command, "--port", str(self.port), "--var", str(self.var)],
            cwd=ROOT,
            env={**os.environ, **self.environment, "SEMBLANCE_VAR": str(self.var)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._wait_for_web()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything that was started; kill what does not end in time."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def wait(self) -> int:
        """Block until the site ends by itself."""
        return self.process.wait() if self.process else 0

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise DemoFailed("The site did not start; see the message above.")
            try:
                if httpx.get(f"{self.address}/accounts/login/", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise DemoFailed(
            f"The web server did not answer within {START_SECONDS} s. See {self.var}/run/web.log."
        )


def free_port(wanted: int) -> int:
    """Return `wanted` when nothing listens there, else a port that the system picks."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoFailed("No free port was found on this machine.")
