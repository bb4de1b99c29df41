"""What was drawn, counted: class x arm and covariate x arm per part; never with readings."""

from collections import Counter
from typing import Any

from django.db.models import Count

from review.studies.models import Case, Part, Study

MAX_LEVELS = 12


def balance(study: Study) -> list[dict[str, Any]]:
    """Return one table per part, as plain JSON; stored when the study is prepared."""
    arms = list(study.arms.order_by("pk").values_list("code", flat=True))
    return [_part_table(part, arms) for part in study.parts.order_by("order")]


def _part_table(part: Part, arms: list[str]) -> dict[str, Any]:
    main = part.cases.filter(role=Case.Role.MAIN)
    cells = main.values_list("intended_class__order", "intended_class__code", "arm__code")
    counts: Counter[tuple[tuple[int, str], str]] = Counter()
    for order, name, arm, n in cells.annotate(n=Count("pk")).order_by():
        counts[(order, name), arm] += n
    classes = sorted({key[0] for key in counts})
    columns = {name: [counts[(order, name), arm] for arm in arms] for order, name in classes}
    return {
        "part": part.order,
        "kind": part.kind,
        "arms": arms,
        "rows": [{"name": name, "counts": ns, "total": sum(ns)} for name, ns in columns.items()],
        "totals": [sum(column) for column in zip(*columns.values(), strict=True)],
        "total": sum(counts.values()),
        "practice": part.cases.filter(role=Case.Role.CALIBRATION).count(),
        "controls": part.cases.filter(role=Case.Role.CONTROL).count(),
        "clusters": main.exclude(cluster_key="").values("cluster_key").distinct().count(),
        "covariates": _covariates(part, arms),
    }


def _covariates(part: Part, arms: list[str]) -> list[dict[str, Any]]:
    """Count the levels of every covariate that some image has: projection, age group, site."""
    counts: Counter[tuple[str, str, str]] = Counter()
    counted = part.cases.exclude(role=Case.Role.CALIBRATION)
    rows = counted.exclude(covariates={}).values_list("arm__code", "covariates")
    for arm, covariates in rows.iterator():
        for name, value in covariates.items():
            counts[name, str(value), arm] += 1
    names = sorted({name for name, _, _ in counts})
    return [_covariate(name, arms, counts) for name in names]


def _covariate(name: str, arms: list[str], counts: Counter[tuple[str, str, str]]) -> dict[str, Any]:
    levels: Counter[str] = Counter()
    for (one, level, _), n in counts.items():
        if one == name:
            levels[level] += n
    shown = [level for level, _ in levels.most_common(MAX_LEVELS)]
    rows = [
        {"level": level, "counts": [counts[name, level, arm] for arm in arms]} for level in shown
    ]
    return {"name": name.replace("_", " "), "rows": rows, "more": len(levels) - len(shown)}
