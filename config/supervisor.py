"""Start web, dispatcher and workers on one machine; stop all of them on Ctrl-C.

Children live in sessions of their own and get SIGTERM, then SIGKILL after ten seconds. A parent
that is killed takes them along: parent-death signal on Linux, a pipe whose end closes elsewhere.
"""

import argparse
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

GRACE_SECONDS = 10
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """One process to run: its name and command line."""

    name: str
    command: list[str]


class AlreadyRunning(RuntimeError):
    """Another supervisor holds the lock of this var folder."""


@dataclass
class Supervisor:
    """Run children until one of them ends or `stop` is called."""

    children: list[Child]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "supervisor.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise AlreadyRunning(
                f"Semblance is already running from {self.folder}. Stop it with Ctrl-C where it "
                "was started, or set SEMBLANCE_VAR to another folder."
            ) from error
        os.set_inheritable(self._lock.fileno(), False)

    def start(self) -> None:
        """Start every child; its output goes to `folder`/<name>.log."""
        for child in self.children:
            with (self.folder / f"{child.name}.log").open("ab") as log:
                self.running[child.name] = subprocess.Popen(
                    child.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env={"GOMP_SPINCOUNT": "10000", **os.environ},  # short spins beside web
                    preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                )

    def wait(self) -> str | None:
        """Block until stop() or until a child ends; return that child's name."""
        while not self.stopping.wait(0.5):
            for name, process in self.running.items():
                if process.poll() is not None:
                    return name
        return None

    def stop(self) -> None:
        """Terminate all children, then kill what is left after the grace time."""
        self.stopping.set()
        for process in self.running.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self.running.clear()
        self._lock.close()


def die_with_parent() -> None:
    """Ask the kernel to send SIGTERM when the supervisor dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


def worker_command(queue: str, *, name: str | None = None) -> list[str]:
    """Return the command of one worker process; `solo` keeps one task at a time in one process."""
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    celery = [sys.executable, "-m", "celery", "-A", "config", "worker"]
    return [*celery, "-Q", queue, "-P", "solo", "-c", "1", "-n", f"{name or queue}@%h", *flags]


def web_command(port: int, *, host: str = "127.0.0.1") -> list[str]:
    """Return the command of the web server: one process, eight threads by default."""
    processes = os.environ.get("WEB_PROCESSES", "1")
    threads = os.environ.get("WEB_THREADS", "8")
    gunicorn = [sys.executable, "-m", "gunicorn", "config.wsgi", "-b", f"{host}:{port}"]
    size = ["-k", "gthread", "-w", processes, "--threads", threads]
    return [*gunicorn, *size, "--graceful-timeout", "8", "--keep-alive", "15"]


def site(port: int) -> list[Child]:
    """Return the processes of a whole site on one machine."""
    manage = [sys.executable, "manage.py"]
    return [
        Child("web", web_command(port)),
        Child("dispatcher", [*manage, "run_dispatcher"]),
        Child("worker-default", worker_command("default")),
        Child("worker-compute", worker_command("compute")),
    ]


def main() -> int:
    """Run a whole site until Ctrl-C or SIGTERM: `python -m config.supervisor --port 8000`."""
    parser = argparse.ArgumentParser(description="Run web, dispatcher and workers.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--var", type=Path, default=Path(os.environ.get("SEMBLANCE_VAR", "var")))
    parser.add_argument("--with-parent", action="store_true", help="stop when the parent is gone")
    options = parser.parse_args()
    if options.with_parent and sys.platform == "linux":
        die_with_parent()
    try:
        house = Supervisor(site(options.port), options.var / "run")
    except AlreadyRunning as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: house.stopping.set())
    sweep_broker(options.var)
    house.start()
    ended = house.wait()
    house.stop()
    if ended:
        sys.stderr.write(f"{ended} ended by itself; see {options.var / 'run' / ended}.log\n")
    return 1 if ended else 0


def sweep_broker(var: Path) -> None:
    """Delete left-over control messages, which would greet a new worker."""
    shutil.rmtree(var / "broker" / "control", ignore_errors=True)
    (var / "broker" / "control").mkdir(parents=True, exist_ok=True)
    for path in (var / "broker" / "messages").glob("*.pidbox.msg"):
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
