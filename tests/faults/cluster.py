"""A private PostgreSQL cluster: made with initdb, restarted the hard way, removed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOBODY = "nobody"  # initdb refuses to run as root


def find_binaries() -> Path | None:
    """Return the folder of the newest server's programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    return found[-1].parent if found else None


def free_port() -> int:
    """Return a TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Cluster:
    """A running cluster; `url` names its database `postgres`."""

    binaries: Path
    folder: Path
    port: int

    @classmethod
    @contextmanager
    def started(cls, binaries: Path) -> "Iterator[Cluster]":
        """Make and start a cluster; stop and remove it at the end."""
        folder = Path(tempfile.mkdtemp(prefix="semblance-pg-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(NOBODY)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        cluster = cls(binaries, folder, free_port())
        try:
            cluster._run("initdb", "-D", cluster.data, "-U", "postgres", "-A", "trust", "-N")
            cluster._control("start")
            yield cluster
            cluster._control("stop", "-m", "immediate")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def restart_immediately(self) -> None:
        """End every server process at once, as a crash does, and start again."""
        self._control("restart", "-m", "immediate")

    def _control(self, *command: str) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", log, "-o", options, *command)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=NOBODY if os.geteuid() == 0 else None,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=(output := (self.folder / f"{program}.out").open("wb")),
            stderr=output,
            check=False,
        )
        output.close()
        if done.returncode:
            raise AssertionError((self.folder / f"{program}.out").read_text())
