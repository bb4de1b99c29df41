"""A whole installation in a folder: its own database, media, broker, dispatcher and workers."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from config.supervisor import worker_command

ROOT = Path(settings.BASE_DIR)
LEASE_SECONDS = 2


@dataclass
class Installation:
    """Start and kill real processes on one var folder; read its database from outside."""

    var: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)  # on top of the usual one

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own."""
        with (self.var.parent / f"{self.var.name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def run(self, *command: str) -> None:
        """Run a command to its end; raise with the log when it fails."""
        process = self.start(*command)
        if process.wait(timeout=120) != 0:
            raise AssertionError((self.var.parent / f"{self.var.name}.log").read_text()[-3000:])

    def start_dispatcher(self) -> subprocess.Popen[bytes]:
        return self.start("manage.py", "run_dispatcher")

    def start_worker(self) -> subprocess.Popen[bytes]:
        return self.start(*worker_command("compute")[1:])

    def kill_all(self) -> None:
        """Kill -9 every process group started here."""
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.running.clear()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Read rows from the database file."""
        database = sqlite3.connect(self.var / "db.sqlite3", timeout=20)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def count_drawn(self) -> int:
        """Return how many images of runs have been taken in."""
        query = "select count(*) from runs_generatedimage where asset_id is not null"
        return int(str(self.rows(query)[0][0]))

    def wait_until(self, query: str, wanted: object, seconds: float = 120) -> None:
        """Wait until the first value of a query is `wanted`."""
        deadline = time.monotonic() + seconds
        while self.rows(query)[0][0] != wanted:
            if time.monotonic() > deadline:
                log = (self.var.parent / f"{self.var.name}.log").read_text()[-3000:]
                ended = [(process.args, process.poll()) for process in self.running]
                raise AssertionError(f"{query}: {self.rows(query)}, not {wanted}.\n{ended}\n{log}")
            time.sleep(0.05)

    def asset_files(self) -> dict[str, str]:
        """Return key -> SHA-256 of every file in the folder of assets."""
        media = self.var / "media"
        return {
            path.relative_to(media).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (media / "assets").rglob("*")
            if path.is_file()
        }

    def copy_to(self, var: Path) -> "Installation":
        """Return a second installation with the same content."""
        shutil.copytree(self.var, var)
        return Installation(var)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
        return kept | {
            "SEMBLANCE_VAR": str(self.var),
            "SECRET_KEY": "k" * 50,
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SEMBLANCE_TORCH_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            **self.environment,
        }
