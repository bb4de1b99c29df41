"""Time and queries of the pages of a large study: 2,800 cases and 12 readers.

The rows come from the real draw, case, order and list code; only pixels are left out, because no
page measured here needs them. Each page is asked for through the whole middleware stack. The list
of cases and the page of one are asked for once the study is read, unblinded and counted.

    python -m benchmarks.pages [--quick] [--json]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from typing import Any

CLASSES, PER_CELL, READERS = 14, 100, 12  # 14 classes x 2 arms x 100 images = 2,800 cases
QUICK_PER_CELL = 20


def main() -> None:
    """Build the study in a database of its own, time its pages, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="560 cases, 5 calls a page")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEMBLANCE_VAR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        report = _run(options.quick)
    _print(report, as_json=options.json)


def _run(quick: bool) -> dict[str, Any]:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_domains", verbosity=0)
    started = time.perf_counter()
    study, editor, reader = _build(QUICK_PER_CELL if quick else PER_CELL)
    built = time.perf_counter() - started
    calls = 5 if quick else 20
    pages = _pages(study, editor, reader, calls)
    snapshot = _unblind(study, editor)
    pages += _case_pages(snapshot, editor, calls)
    return {
        "cases": _count(study),
        "readers": READERS,
        "rows": snapshot.rows,
        "build_s": round(built, 1),
        "pages": pages,
        "slowest_ms": max(page["p95_ms"] for page in pages),
    }


def _count(study: Any) -> int:
    from review.studies.models import Case

    return Case.objects.filter(part__study=study).count()


def _build(per_cell: int) -> tuple[Any, Any, Any]:
    """Return an active study with its editor and one of its readers."""
    from review.accounts.models import User
    from review.catalog.models import Domain
    from review.studies import services
    from review.studies.services.design import PartDesign, StudyDesign, design_study

    editor = User.objects.create_user("editor@example.org", "unused-unused", is_staff=True)
    domain = Domain.objects.get(code="bone_marrow")
    classes = list(domain.classes.filter(role="evaluated").order_by("order")[:CLASSES])
    arms = {
        code: _pool(domain, classes, code, source, per_cell)
        for code, source in (("real", "real"), ("late", "synthetic"))
    }
    counts = {(arm, c.code): per_cell for arm in arms for c in classes}
    part = PartDesign("plausibility", counts, {"control_fraction": 0, "repeat_fraction": 0.1})
    design = StudyDesign("Large", domain, "loop", arms, (part,))
    study = design_study(actor=editor, design=design)
    for number in range(READERS):
        user = User.objects.create_user(f"r{number}@example.org", "unused-unused")
        services.consent(services.add_member(actor=editor, study=study, user=user))
    return _prepare(study, editor), editor, user


def _pool(domain: Any, classes: list[Any], code: str, source: str, n: int) -> Any:
    from review.catalog.models import ImageAsset, Pool

    pool = Pool.objects.create(domain=domain, name=code, source=source, state="complete")
    facts = {"width": 64, "height": 64, "mode": "RGB", "storage_key": "none"}
    ImageAsset.objects.bulk_create(
        ImageAsset(
            pool=pool,
            image_class=c,
            source_key=f"{c.code}-{i}",
            pixel_sha256=f"{code}-{c.code}-{i}",
            covariates={"site": f"site {i % 3}", "age group": f"{i % 8}0s"},
            **facts,
        )
        for c in classes
        for i in range(n)
    )
    return pool


def _prepare(study: Any, editor: Any) -> Any:
    """Draw and list by the real code; stand-in rows for the renditions."""
    from review.studies import services
    from review.studies.models import Case, Rendition, Study
    from review.studies.services import prepare

    services.prepare_study(actor=editor, study=study)
    look = {"byte_length": 1, "width": 64, "height": 64, "media": "png", "storage_key": "none"}
    Rendition.objects.bulk_create(
        Rendition(case=case, sha256=case.code, pipeline="1", **look)
        for case in Case.objects.filter(part__study=study)
    )
    Study.objects.filter(pk=study.pk).update(
        prepare_stage="auditing", audit_report={"state": "passed", "parts": []}
    )
    study.refresh_from_db()
    prepare.become_prepared(study)
    return services.activate_study(actor=editor, study=study)


def _pages(study: Any, editor: Any, reader: Any, calls: int) -> list[dict[str, Any]]:
    from django.urls import reverse

    from review.studies.services import copy_study

    names = ("detail", "audit", "protocol", "progress")
    asked = [(editor, f"studies:{name}", [study.slug]) for name in names]
    draft = copy_study(actor=editor, study=study)
    asked += [(editor, "studies:detail", [draft.slug])]  # the page of a draft
    asked += [(editor, "studies:list", []), (reader, "reader:worklist", [])]
    return [_time(user, name, reverse(name, args=args), calls) for user, name, args in asked]


def _unblind(study: Any, editor: Any) -> Any:
    """Answer every case by a fixed rule, close, unblind, and build what pages show."""
    import uuid

    from django.utils import timezone

    from review.readings.models import Reading
    from review.results.services import unblind_study
    from review.results.tasks import build_report
    from review.studies import services
    from review.studies.models import Assignment

    given = Assignment.objects.filter(session__part__study=study)
    Reading.objects.bulk_create(
        (
            Reading(
                assignment=one, revision=1, idempotency_key=uuid.uuid4(), nonce=uuid.uuid4(),
                prev_sha="0" * 64, sha="1" * 64, outcome="answered", verdict=bool(one.pk % 3),
                created_at=timezone.now(), active_ms=1500 + one.pk % 900,
            )
            for one in given.iterator()
        ),
        batch_size=500,
    )  # fmt: skip
    given.update(state="answered", answered_at=timezone.now())
    services.close_study(actor=editor, study=study)
    study.refresh_from_db()
    snapshot = unblind_study(actor=editor, study=study)
    build_report(snapshot.pk)
    return snapshot


def _case_pages(snapshot: Any, editor: Any, calls: int) -> list[dict[str, Any]]:
    from django.urls import reverse

    study, middle = snapshot.study, f"C{_count(snapshot.study) // 2:04d}"
    listed = reverse("results:cases", args=[study.slug])
    asked = [
        ("results:cases", listed),
        ("results:cases, sorted", f"{listed}?opinion=disputed&order=-share"),
        ("provenance:case", reverse("provenance:case", args=[study.slug, 1, middle])),
    ]
    return [_time(editor, name, url, calls) for name, url in asked]


def _time(user: Any, name: str, url: str, calls: int) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(user)
    client.get(url)
    spent = []
    for _ in range(calls):
        started = time.perf_counter()
        response = client.get(url)
        spent.append(1000 * (time.perf_counter() - started))
        if response.status_code != 200:
            raise SystemExit(f"{url} answered {response.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return {
        "page": name,
        "p50_ms": round(statistics.median(spent), 1),
        "p95_ms": round(sorted(spent)[int(0.95 * (len(spent) - 1))], 1),
        "queries": len(queries),
    }


def _print(report: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report))
        return
    print(f"{report['cases']} cases, {report['readers']} readers, built in {report['build_s']} s")
    for page in report["pages"]:
        print("{page:20} {p50_ms:7} ms  p95 {p95_ms:7} ms  {queries} queries".format(**page))


if __name__ == "__main__":
    main()
