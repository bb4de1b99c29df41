"""Set a draft's analysis plan: margin, alpha, and interim looks with bounds and endpoint."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from review.studies.errors import BadProtocol
from review.studies.models import Study
from review.studies.services.build import update_study

MOST_WORDS = 300
MOST = {"margin": 0.3, "alpha": 0.1}


@transaction.atomic
def set_looks(
    *,
    actor: Any,
    study: Study,
    percents: Sequence[int],
    boundary: str,
    endpoint: str,
    arm: str = "",
    reference: str = "",
    primary_endpoint: str = "",
    **numbers: float,
) -> Study:
    """Store interim looks at these percents of the planned readings; none leaves the end alone.

    primary_endpoint: in words; numbers: `margin` of equivalence and two-sided `alpha`. What is
    left out stays as it is.
    Raises BadProtocol where these, bounds, endpoint, arms or percents do not make a plan.
    """
    plan = dict(study.analysis_plan) | _numbers(numbers)
    if primary_endpoint.strip():
        plan["primary_endpoint"] = primary_endpoint.strip()[:MOST_WORDS]
    looks: Any = 1
    if percents:
        looks = {
            "number": len(percents) + 1,
            "boundary": boundary,
            "fractions": [*(percent / 100 for percent in percents), 1.0],
            "endpoint": endpoint,
            "arm": arm if endpoint == "plausibility" else "",
            "reference": reference if endpoint == "plausibility" else "",
        }
        _check(study, plan, looks)
    return update_study(actor=actor, study=study, analysis_plan=plan | {"looks": looks})


def _numbers(given: dict[str, float]) -> dict[str, float]:
    """Return margin and alpha, if each is in its limits."""
    for name, value in given.items():
        if not 0 < value <= MOST[name]:
            raise BadProtocol(f"{name.capitalize()} is {value:g}; above 0, at most {MOST[name]:g}.")
    return given


def _check(study: Study, plan: dict[str, Any], looks: dict[str, Any]) -> None:
    from metrics.report.look_plan import read_looks

    try:
        read_looks(plan | {"looks": looks})
    except ValueError as error:
        raise BadProtocol(f"Interim looks: {error}") from error
    if not study.parts.filter(kind=looks["endpoint"]).exists():
        raise BadProtocol(f"Interim looks: the study has no {looks['endpoint']} part. Add one.")
    arms = set(study.arms.values_list("code", flat=True))
    unknown = {looks["arm"], looks["reference"]} - arms - {""}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise BadProtocol(f"Interim looks: no arm {names}; there are {', '.join(sorted(arms))}.")
