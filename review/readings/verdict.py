"""The verdict is derived, never asked: plausible = no counting, applicable criterion failed.

Pure functions (reader-study.md 1.6). What cannot be seen never counts as passed silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from review.readings.answers import NOTHING_JUDGEABLE, CriterionState
from review.readings.errors import InvalidAnswer


@dataclass(frozen=True)
class CriterionRule:
    """A criterion as far as the verdict needs it."""

    code: str
    label: str
    counts: bool
    applies_to: Sequence[str]
    opens: str

    def applies(self, class_code: str) -> bool:
        return not self.applies_to or class_code in self.applies_to


@dataclass(frozen=True)
class Verdict:
    """plausible is None when nothing could be judged; `reason` then says why."""

    plausible: bool | None
    reason: str = ""


def derive_verdict(
    rules: Sequence[CriterionRule], states: Mapping[str, str], *, full_form: bool
) -> Verdict:
    """Return the verdict from criterion states; `rules` are those that apply to the class.

    Raises InvalidAnswer for a criterion that does not apply, for a missing one in the full form,
    and for a claim of plausibility that leaves a counting criterion open.
    """
    _check_codes(rules, states)
    missing = [rule.label for rule in rules if rule.code not in states]
    if full_form and missing:
        raise InvalidAnswer(
            f"This case asks for every criterion; open: {', '.join(missing)}. Answer those too."
        )
    counting = [rule for rule in rules if rule.counts]
    said = [states.get(rule.code) for rule in counting]
    if CriterionState.FAILS in said:
        return Verdict(plausible=False)
    if None in said:
        left = [rule.label for rule in counting if rule.code not in states]
        raise InvalidAnswer(
            f"No counting criterion fails and {len(left)} are open ({', '.join(left)}). "
            "Say that the image is plausible, or mark what fails."
        )
    if CriterionState.PASSES not in said:
        return Verdict(plausible=None, reason=NOTHING_JUDGEABLE)
    return Verdict(plausible=True)


def _check_codes(rules: Sequence[CriterionRule], states: Mapping[str, str]) -> None:
    known = {rule.code for rule in rules}
    for code, state in states.items():
        if code not in known:
            raise InvalidAnswer(f"Criterion {code[:40]!r} does not apply to this case.")
        if state not in CriterionState.values:
            raise InvalidAnswer(
                f"Criterion {code!r} was answered {str(state)[:20]!r}; it can be "
                f"{', '.join(CriterionState.values)}."
            )
