"""`manage.py run_demo [--headless --json] [--data DIR --domain D] [--rounds N] [--preset P]`."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from generation.demo.errors import DemoFailed
from generation.demo.phantoms import PHANTOM_CLASSES
from generation.demo.site import ROOT, RunningSite, free_port

CHILD = "SEMBLANCE_DEMO_CHILD"
FOREIGN = ("DATABASE_URL", "BROKER_URL", "CACHE_URL", "STORAGE_URL", "PRODUCTION", "REQUIRE_MFA")


class Command(BaseCommand):
    help = "Show the whole loop: in a browser, or headless with simulated readers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--headless", action="store_true", help="no browser, no questions")
        parser.add_argument("--json", action="store_true", help="one JSON object, last on stdout")
        parser.add_argument("--data", type=Path, help="real images instead of phantoms")
        parser.add_argument("--domain", default="bone_marrow", choices=sorted(PHANTOM_CLASSES))
        parser.add_argument("--map", default="", help="layout map of the domain file")
        parser.add_argument("--rounds", type=int, default=2)
        parser.add_argument("--preset", default="demo", choices=["tiny", "demo"])
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--keep", action="store_true", help="keep the headless environment")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rounds"] < 1:
            raise CommandError(f"--rounds is {options['rounds']}; at least 1 round can be turned.")
        try:
            if not options["headless"]:
                self._show(options)
            elif os.environ.get(CHILD):
                self._turn(options)
            else:
                _in_its_own_environment(keep=options["keep"])
        except DemoFailed as error:
            raise CommandError(str(error)) from error

    def _show(self, options: dict[str, Any]) -> None:
        """Start the site, build the study if it is not there, and wait for Ctrl-C."""
        from generation.demo.showcase import Showcase, welcome

        for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts background jobs deaf to INT
            signal.signal(number, signal.default_int_handler)
        call_command("migrate", verbosity=0)
        port = free_port(options["port"])
        site = RunningSite(settings.VAR, port, {"SITE_URL": f"http://127.0.0.1:{port}"})
        teller = _Teller()
        try:
            with site:
                if not Showcase.is_ready():
                    Showcase(site.address, teller.tell, options["preset"]).build()
                teller.end()
                self.stdout.write(welcome(site.address))
                self.stdout.flush()
                if site.wait():
                    raise DemoFailed("A process ended by itself; see the message above.")
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")

    def _turn(self, options: dict[str, Any]) -> None:
        from generation.demo.headless import HeadlessLoop, check_data

        check_data(options["data"])
        call_command("migrate", verbosity=0)
        teller = _Teller()
        with RunningSite(settings.VAR, free_port(0)) as site:
            loop = HeadlessLoop(
                address=site.address,
                domain=options["domain"],
                data=options["data"],
                preset=options["preset"],
                rounds=options["rounds"],
                layout_map=options["map"],
                tell=teller.tell,
            )
            found = loop.run()
            teller.end()
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(json.dumps(found, indent=2))


class _Teller:
    """Show progress: in place on a terminal, a line per stage elsewhere."""

    def __init__(self) -> None:
        self.shown = ""

    def tell(self, text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r  " + text.ljust(len(self.shown)))
        elif _stage(text) != self.shown:
            sys.stderr.write(f"  {text}\n")
        sys.stderr.flush()
        self.shown = text if sys.stderr.isatty() else _stage(text)

    def end(self) -> None:
        if sys.stderr.isatty() and self.shown:
            sys.stderr.write("\n")


def _stage(text: str) -> str:
    """Return a line of progress without its numbers."""
    return re.sub(r"(, )?[\d.]+(/s)?", "", text)


def _in_its_own_environment(*, keep: bool) -> None:
    """Run the same command again with a var folder of its own and the embedded default."""
    folder = tempfile.mkdtemp(prefix="semblance-demo-")
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env |= {"SEMBLANCE_VAR": folder, CHILD: "1"}
    try:
        done = subprocess.run(  # noqa: S603  our own command line again
            [sys.executable, "manage.py", *sys.argv[1:]], cwd=ROOT, env=env, check=False
        )
    finally:
        if keep:
            sys.stderr.write(f"kept: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if done.returncode:
        sys.exit(done.returncode)
