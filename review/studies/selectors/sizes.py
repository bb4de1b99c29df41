"""Say which criteria need more pixels than a prepared part shows."""

from review.studies.models import Part, Study
from review.studies.selectors.checks import Item, back_to_draft

CRITERIA_PARTS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)


def size_items(study: Study) -> list[Item]:
    """Warn of criteria that can hardly be judged; two queries."""
    rules = list(study.criterion_set.criteria.order_by("order").values_list("label", "min_px"))
    items = []
    asking = study.parts.filter(kind__in=CRITERIA_PARTS, preset_below_min_px=False)
    for part in asking.order_by("order"):
        shown = int(part.display.get("px", 0))
        small = [f"{label} ({needed})" for label, needed in rules if needed > shown]
        if shown and small:
            text = (
                f"Part {part.order} is shown at {shown} px; more is needed for {', '.join(small)}. "
                "Go back to draft and set its size, or preset them to “not judgeable”."
            )
            items.append(Item(f"size-{part.order}", "warn", text, back_to_draft(study)))
    return items
