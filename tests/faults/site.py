"""A whole site in a folder: a study to read, the product's own web process on a fixed port."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from config.supervisor import web_command
from tests.faults.cluster import free_port
from tests.generation.runs.installation import ROOT, Installation

STUDY = "cells"
PATIENCE_S = 40


@dataclass
class Site(Installation):
    """An installation with a web process."""

    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def build(self, *, readers: int, cases: int) -> list[str]:
        """Migrate, make a study of `cases` for each reader, and return their session cookies."""
        sizes = ["--readers", str(readers), "--cases", str(cases)]
        return list(json.loads(self.builder(*sizes, "--studies", STUDY))[STUDY])

    def builder(self, *arguments: str) -> str:
        """Run the scratch site's builder here; return its last line."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.scratch", *arguments],
            env=self._environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip().splitlines()[-1]

    def start_web(self) -> subprocess.Popen[bytes]:
        """Start the web process and wait until it answers."""
        web = self.start(*web_command(self.port)[1:])
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=5).close()
                return web
            except urllib.error.HTTPError:
                return web
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.var.parent / f"{self.var.name}.log").read_text()[-3000:])

    def kill_web(self, web: subprocess.Popen[bytes]) -> None:
        """Kill -9 the master and its workers."""
        os.killpg(web.pid, 9)
        web.wait()
