"""Import images from a folder on this machine into a pool."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from review.catalog.domain_files import SHIPPED
from review.catalog.errors import CatalogError
from review.catalog.models import Domain, Pool
from review.catalog.services import (
    ImportOptions,
    ImportSummary,
    import_tree,
    load_domains,
    open_pool,
    start_import,
)
from review.catalog.trees import FolderTree

BAR = 30
SHOWN_SKIPS = 20


class Command(BaseCommand):
    """manage.py import_images PATH --domain D --pool NAME"""

    help = "Import a class-per-folder tree, or a folder with labels.csv, into a pool."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--domain", required=True, help="bone_marrow, dermatology, chest_xray")
        parser.add_argument("--pool", required=True, help="name of the pool, made if need be")
        parser.add_argument(
            "--layout",
            choices=["folder", "labels-csv"],
            help="default: labels-csv where PATH holds a labels.csv, else folder",
        )
        parser.add_argument("--class-column", default="class", help="column of labels.csv")
        parser.add_argument("--map", help="layout map of the domain file, e.g. kermany")
        parser.add_argument("--source", choices=Pool.Source.values, default=Pool.Source.REAL)
        parser.add_argument("--phantom", action="store_true", help="procedural stand-ins for real")
        parser.add_argument("--origin", default="", help="where the images come from, licence")
        parser.add_argument(
            "--verified-by", default="", help="experts who verified every label: a control bank"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object, last")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            summary = self._import(options)
        except (CatalogError, OSError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(summary.to_json()))
        else:
            self._tell(summary)

    def _import(self, options: dict[str, Any]) -> ImportSummary:
        tree = FolderTree(options["path"])
        origin = {"importer": "import_images", "folder": tree.root.name, "text": options["origin"]}
        if options["verified_by"]:
            origin["verified_by"] = options["verified_by"]
        pool = open_pool(
            domain=self._domain(options["domain"]),
            name=options["pool"],
            source=options["source"],
            is_phantom=options["phantom"],
            origin=origin,
        )
        chosen = ImportOptions(options["layout"], options["class_column"], options["map"])
        job = start_import(pool=pool, options=chosen)
        return import_tree(job=job, tree=tree, report=Bar(sys.stderr))

    def _domain(self, code: str) -> Domain:
        """Return the domain, loading its file first when it comes with the product."""
        domain = Domain.objects.filter(code=code).first()
        shipped = {path.stem: path for path in SHIPPED.glob("*.toml")}
        if domain is None and code in shipped:
            load_domains([shipped[code]])
            self.stderr.write(f"domain {code} loaded from its file")
            domain = Domain.objects.get(code=code)
        if domain is None:
            known = {*Domain.objects.values_list("code", flat=True), *shipped}
            raise CommandError(f"No domain {code!r}; known are {', '.join(sorted(known))}.")
        return domain

    def _tell(self, summary: ImportSummary) -> None:
        write = self.stdout.write
        write(
            f"pool {summary.pool}: {summary.imported} imported, {summary.existing} already there, "
            f"{len(summary.skipped)} skipped"
        )
        write(", ".join(f"{code} {n}" for code, n in summary.classes.items()))
        for skip in summary.skipped[:SHOWN_SKIPS]:
            write(f"  skipped {skip.file}: {skip.reason}")
        if len(summary.skipped) > SHOWN_SKIPS:
            write(f"  ... and {len(summary.skipped) - SHOWN_SKIPS} more (--json lists all)")


class Bar:
    """A progress bar on one line of a terminal; ten plain lines elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.live, self.tenth = out, out.isatty(), -1

    def __call__(self, done: int, total: int) -> None:
        share = done / total if total else 1.0
        if self.live:
            filled = int(BAR * share)
            end = "\n" if done == total else ""
            bar = "#" * filled + "." * (BAR - filled)
            self.out.write(f"\r[{bar}] {done}/{total}{end}")
            self.out.flush()
        elif int(10 * share) > self.tenth:
            self.tenth = int(10 * share)
            self.out.write(f"{done}/{total}\n")
