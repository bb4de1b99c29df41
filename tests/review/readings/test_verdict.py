import pytest

from review.readings.errors import InvalidAnswer
from review.readings.verdict import CriterionRule, derive_verdict

RULES = [
    CriterionRule("size", "Size", True, [], ""),
    CriterionRule("nucleus", "Nucleus", True, [], ""),
    CriterionRule("field", "Field", False, [], ""),
]


@pytest.mark.parametrize(
    ("states", "plausible", "reason"),
    [
        ({"size": "passes", "nucleus": "passes"}, True, ""),
        ({"size": "fails"}, False, ""),
        ({"size": "passes", "nucleus": "not_judgeable"}, True, ""),
        ({"size": "fails", "nucleus": "not_judgeable"}, False, ""),
        ({"size": "not_judgeable", "nucleus": "not_judgeable"}, None, "nothing_judgeable"),
        ({"size": "passes", "nucleus": "passes", "field": "fails"}, True, ""),
        (
            {"size": "not_judgeable", "nucleus": "not_judgeable", "field": "passes"},
            None,
            "nothing_judgeable",
        ),
    ],
)
def test_verdict_follows_from_the_counting_criteria(states, plausible, reason):
    verdict = derive_verdict(RULES, states, full_form=False)

    assert (verdict.plausible, verdict.reason) == (plausible, reason)


@pytest.mark.parametrize("states", [{}, {"size": "passes"}, {"field": "fails"}])
def test_what_was_not_looked_at_never_passes_silently(states):
    with pytest.raises(InvalidAnswer, match="open"):
        derive_verdict(RULES, states, full_form=False)


def test_full_form_needs_every_criterion_even_after_a_failure():
    with pytest.raises(InvalidAnswer, match="Nucleus, Field"):
        derive_verdict(RULES, {"size": "fails"}, full_form=True)


@pytest.mark.parametrize("states", [{"granules": "passes"}, {"size": "maybe"}])
def test_unknown_criteria_and_states_are_refused(states):
    with pytest.raises(InvalidAnswer):
        derive_verdict(RULES, states, full_form=False)
