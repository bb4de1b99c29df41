"""Change a draft: texts, arms, parts, counts."""

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from review.catalog.models import ImageClass, Pool
from review.studies import services
from review.studies.display_form import FIELDS, sent_rules
from review.studies.errors import BadProtocol
from review.studies.forms import sent_counts
from review.studies.models import Part, Study
from review.studies.selectors.checks import load_design, missing_images
from review.studies.selectors.part_form import NUMBERS, SHARES, SWITCHES
from review.studies.services.render import asked_display
from review.studies.views.common import edits, moment

LOOK_TEXTS = ("boundary", "endpoint", "arm", "reference", "primary_endpoint")
SHARE = re.compile(r"0?\.[0-9]{1,6}")


@edits
def settings(request: HttpRequest, study: Study) -> HttpResponse:
    """Change title, texts, the number of readers and the deadline; an empty one takes it out."""
    given = request.POST
    fields: dict[str, Any] = {
        name: given[name].strip() for name in ("title", "intro", "consent_text") if name in given
    }
    if given.get("min_readers"):
        fields["min_readers"] = max(1, _number(given, "min_readers"))
    if "deadline" in given:
        text = given["deadline"].strip()
        fields["deadline"] = moment(text) if text else None
    services.update_study(actor=request.user, study=study, **fields)
    messages.success(request, "Saved.")
    return redirect("studies:detail", slug=study.slug)


@edits
def looks(request: HttpRequest, study: Study) -> HttpResponse:
    """Set margin, alpha and the interim looks, or take these out."""
    given = request.POST
    texts = [text.strip(" %") for text in given.get("percents", "").split(",") if text.strip(" %")]
    wrong = [text[:20] for text in texts if not text.isdecimal() or len(text) > 2]
    if wrong:
        raise BadProtocol(f"Looks at: {', '.join(wrong)} is no whole percent from 1 to 99.")
    plan: dict[str, Any] = {name: given.get(name, "") for name in LOOK_TEXTS}
    plan |= {name: _share(given, name) for name in ("margin", "alpha") if given.get(name)}
    percents = [int(text) for text in texts]
    services.set_looks(actor=request.user, study=study, percents=percents, **plan)
    messages.success(request, "Saved.")
    return redirect("studies:detail", slug=study.slug)


@edits
def add_arm(request: HttpRequest, study: Study) -> HttpResponse:
    """Add a pool as an arm."""
    pool = _pool(request.POST.get("pool", ""))
    if pool is None:
        raise BadProtocol("Choose a pool for the arm.")
    code, label = request.POST.get("code", ""), request.POST.get("label", "")
    services.add_arm(actor=request.user, study=study, pool=pool, code=code, label=label)
    return redirect("studies:detail", slug=study.slug)


@edits
def remove_arm(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Take an arm out, with its counts."""
    services.remove_arm(actor=request.user, arm=get_object_or_404(study.arms, code=code))
    return redirect("studies:detail", slug=study.slug)


@edits
def add_part(request: HttpRequest, study: Study) -> HttpResponse:
    """Add a part in the place that its kind has in the default order."""
    services.add_part(actor=request.user, study=study, kind=request.POST.get("kind", ""))
    return redirect("studies:detail", slug=study.slug)


@edits
def change_part(request: HttpRequest, study: Study, order: int) -> HttpResponse:
    """Change a part's protocol, or take the part out."""
    part = get_object_or_404(study.parts, order=order)
    if "remove" in request.POST:
        services.remove_part(actor=request.user, part=part)
    else:
        protocol = _protocol(request.POST, part)
        services.update_part(actor=request.user, part=part, **protocol)
        messages.success(request, f"Part {order} saved.")
    return redirect("studies:detail", slug=study.slug)


@edits
def set_draws(request: HttpRequest, study: Study, order: int) -> HttpResponse:
    """Replace a part's counts."""
    part = get_object_or_404(study.parts, order=order)
    evaluated = study.domain.classes.filter(role=ImageClass.Role.EVALUATED)
    arms = list(study.arms.values_list("code", flat=True))
    counts = sent_counts(request.POST, arms, list(evaluated.values_list("code", flat=True)))
    seed = _number(request.POST, "seed") if request.POST.get("seed") else None
    names = [name.strip() for name in request.POST.get("match", "").split(",")]
    services.set_draws(
        actor=request.user,
        part=part,
        counts=counts,
        seed=seed,
        matching=tuple(name for name in names if name),
    )
    messages.success(request, f"Counts of part {order} saved.")
    missing = missing_images(load_design(study))
    if missing:
        cells = "; ".join(
            f"{name} from {arm}: {n} asked, {there} there, {n - there} too many"
            for (arm, name), (n, there) in missing.items()
        )
        messages.warning(request, f"All parts together ask for more than there is. {cells}.")
    return redirect("studies:detail", slug=study.slug)


@edits
def copy(request: HttpRequest, study: Study) -> HttpResponse:
    """Copy the design into a new draft."""
    twin = services.copy_study(actor=request.user, study=study, title=request.POST.get("title", ""))
    return redirect("studies:detail", slug=twin.slug)


def _protocol(given: QueryDict, part: Part) -> dict[str, Any]:
    """Return the fields that were sent; switches count only when `switches` was sent too."""
    protocol: dict[str, Any] = {name: _number(given, name) for name in NUMBERS if given.get(name)}
    for name, field in SHARES.items():
        if given.get(name):
            protocol[field] = _number(given, name) / 100
    if "stated_purpose" in given:
        protocol["stated_purpose"] = str(given["stated_purpose"]).strip()[:80]
    if "findings_offered" in given:
        protocol["findings"] = given.getlist("findings")
    if given.get("defect_point"):
        protocol["defect_point"] = str(given["defect_point"])
    if "switches" in given:
        protocol |= {name: name in given for name in SWITCHES}
    if any(name in given for name in FIELDS):
        kept = {name: rule for name, rule in asked_display(part).items() if name not in given}
        protocol["display"] = kept | sent_rules(given)
    return protocol


def _number(given: QueryDict, name: str) -> int:
    text = str(given.get(name, "")).strip()
    if not text.isdecimal() or len(text) > 18:
        raise BadProtocol(f"{name.replace('_', ' ')}: {text[:20]!r} is no whole number.")
    return int(text)


def _share(given: QueryDict, name: str) -> float:
    text = str(given[name]).strip()
    if not SHARE.fullmatch(text):
        raise BadProtocol(f"{name.capitalize()}: {text[:20]!r} is no share such as 0.05.")
    return float(text)


def _pool(text: str) -> Pool | None:
    """Return the pool with this UUID; text that is none matches no pool."""
    try:
        return Pool.objects.filter(uuid=UUID(text)).first()
    except ValueError:
        return None
