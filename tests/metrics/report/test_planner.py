"""The planner says what the planning functions say, for every wish its form takes."""

import json

import pytest

from metrics.report.planner import READERS, SIZES, Wish, plan_section
from metrics.stats.planning import (
    acceptance_rule,
    binomial_power,
    equivalence_power,
    precision_size,
    turing_power,
    two_proportions_power,
    two_proportions_size,
)

WISH = Wish(rate_1=0.5, rate_2=0.6, auc=0.65, margin=0.15, readers=4, images=120, accept_rate=0.85)


def chances(wish: Wish) -> dict[tuple[str, int, int], float]:
    tables = plan_section(wish).tables
    rows = [row for table in tables for row in table.records]
    return {(row.question, row.readers, row.images): row.probability for row in rows}


def test_every_chance_is_that_of_the_function_it_names() -> None:
    found = chances(WISH)
    seen = "difference seen: 50 % against 60 %"
    assert found[seen, 1, 100] == two_proportions_power(0.5, 0.6, 100)
    assert found[seen, 1, 100] == pytest.approx(0.294, abs=5e-4)  # R power.prop.test
    several = {"n_readers": 4, "n_positive": 100, "n_negative": 100}
    detected = turing_power("auc", 0.65, **several)
    assert found["detected: AUC 0.65", 4, 100] == detected.power
    equal = turing_power("auc", 0.5, **several, margin=0.15)
    assert found["equivalent: AUC .5 within ±0.15", 4, 100] == equal.power
    # One reader judges the images of both kinds: 200 calls for 100 of each.
    assert found["detected: accuracy 0.65", 1, 100] == binomial_power(200, 0.65)
    one = equivalence_power(200, margin=0.15)
    assert found["equivalent: accuracy .5 within ±0.15", 1, 100] == one
    rule = acceptance_rule(100, 0.85)
    assert found["bound rule, truly 85 %", 3, 100] == rule.bound_passes
    assert found["point rule, truly 85 %", 3, 100] == rule.point_passes
    assert {readers for _, readers, _ in found} == {1, *READERS, 4}
    assert {images for _, _, images in found} == set(SIZES)


def test_a_chance_that_falls_with_more_images_is_explained() -> None:
    said = "Add readers, not images."
    few = Wish(auc=0.6, readers=2)
    found = chances(few)
    assert found["detected: AUC 0.6", 2, 400] < found["detected: AUC 0.6", 2, 150] - 0.005
    assert any(said in text for text in plan_section(few).warnings)


def test_the_paragraph_names_the_sizes_and_never_promises_readers_from_one() -> None:
    text = plan_section(WISH).reading
    assert f"from {two_proportions_size(0.5, 0.6).n} images per arm" in text
    assert f"from {precision_size(0.6, 0.1).n}." in text
    assert "4 readers on 120 real and 120 synthetic images" in text
    alone = plan_section(Wish(readers=1)).reading
    assert "says nothing of other readers" in alone
    assert "chance of" not in alone


@pytest.mark.parametrize(
    "wish",
    [
        Wish(rate_1=0.5, rate_2=0.5, auc=0.5),
        Wish(rate_1=0.02, rate_2=0.98, auc=0.95, margin=0.3, readers=30, images=1000),
        Wish(rate_1=0.98, rate_2=0.02, margin=0.02, readers=1, images=5, accept_rate=0.5),
        Wish(rate_1=0.5, rate_2=0.51, accept_rate=0.99),
    ],
)
def test_the_ends_of_the_form_give_chances_and_readable_figures(wish: Wish) -> None:
    assert all(0 <= chance <= 1 for chance in chances(wish).values())
    section = plan_section(wish)
    assert len(section.figures) == 4
    for figure in section.figures:
        json.dumps(figure.spec, allow_nan=False)
        lines = figure.spec["data"]
        assert all(len(line["x"]) == len(line["y"]) == len(SIZES) for line in lines)
