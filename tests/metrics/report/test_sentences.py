"""The sentences above the tables: what they claim, and how they read."""

from dataclasses import replace

import pytest

from metrics.report import figures, words
from metrics.report.build import build_report
from metrics.report.document import Section
from metrics.report.planner import Wish, plan_section
from metrics.report.sections import agreement, plausibility, times, turing
from tests.metrics.report.frames import facts_with, invented, readings_of
from tests.worlds.snapshots import World

EVERY_KIND = ("plausibility", "turing", "identify", "acceptability", "lesion")


@pytest.fixture(scope="module", params=[1, 3])
def sections(request: pytest.FixtureRequest) -> tuple[Section, ...]:
    world = World(readers=request.param, per_cell=8, kinds=EVERY_KIND, repeats=0.3)
    frame, facts = invented(world)
    return build_report(frame, facts, "1").sections


def test_every_sentence_begins_as_one_and_names_the_snapshot(sections: tuple[Section, ...]) -> None:
    for section in sections:
        if section.is_empty:
            continue
        starts = [part.lstrip("“")[:1] for part in section.reading.split(". ")]
        assert not any(start.islower() for start in starts), section.reading
        assert "Snapshot abababababab" in section.reading


def test_the_first_page_repeats_whole_claims_whatever_arms_are_called() -> None:
    frame, facts = invented(World(readers=3, per_cell=8))
    named = tuple(replace(arm, label=f"Gen. {arm.label} v. 2") for arm in facts.arms)
    overview, page, turing_page, *_ = build_report(frame, replace(facts, arms=named), "1").sections
    assert page.headline.count("Gen. ") == 3
    assert page.reading.startswith(page.headline)
    assert page.headline in overview.reading
    assert turing_page.reading.startswith(turing_page.headline)
    assert turing_page.headline in overview.reading


def test_no_caption_has_an_empty_list_of_methods(sections: tuple[Section, ...]) -> None:
    captions = [table.caption for section in sections for table in section.tables]
    assert not [
        caption for caption in captions if "Methods: ." in caption or "Methods: ;" in caption
    ]


def test_one_readers_verdict_never_stands_for_all_of_them() -> None:
    rows = [
        {"reader": reader, "case": f"C{k}", "image": f"C{k}", "turing": 1}
        for reader in ("R01", "R02")
        for k in range(3)
    ]
    part = readings_of(rows, part_kind="turing")
    found = turing.section(part, facts_with(("gen", "synthetic")))
    assert "Nothing is said of all readers together" in found.reading
    assert "1.000" not in found.reading


def test_two_arms_are_compared_once_where_each_reader_read_other_arms() -> None:
    arms = {"R01": ("late", "early"), "R02": ("other",)}
    rows = [
        {"reader": reader, "arm": arm, "case": f"{arm}{k}", "image": f"{arm}{k}", "verdict": k > 2}
        for reader, read in arms.items()
        for arm in read
        for k in range(6)
    ]
    facts = facts_with(("early", "synthetic"), ("late", "synthetic"), ("other", "synthetic"))
    found = plausibility.section(readings_of(rows), facts)
    assert found.reading.count("late minus early") == 1


def test_the_average_of_these_readers_stays_out_of_the_figure_of_readers_like_these() -> None:
    frame, facts = invented(World(readers=4, per_cell=8))
    found = plausibility.section(frame, facts)
    table = next(table for table in found.tables if table.key == "plausibility")
    assert "Average of classes" in [line[0] for line in table.body]
    assert "speaks of these readers only" in table.caption
    assert "Average of classes" not in found.figures[0].spec["layout"]["yaxis"]["ticktext"]
    frame, facts = invented(World(readers=1, per_cell=8))
    alone = plausibility.section(frame, facts)
    assert "Average of classes" in alone.figures[0].spec["layout"]["yaxis"]["ticktext"]


def test_an_arm_without_an_answer_leaves_the_colours_of_the_others() -> None:
    rows = [{"arm": arm, "case": f"{arm}{k}", "image": f"{arm}{k}", "class": code, "verdict": k > 2}
            for code, read in (("A", ("late",)), ("B", ("early", "late")))
            for arm in read for k in range(6)]  # fmt: skip
    facts = facts_with(("early", "synthetic"), ("late", "synthetic"))
    figure = plausibility.section(readings_of(rows), facts).figures[0]
    colours = {trace["name"]: trace["marker"]["color"] for trace in figure.spec["data"]}
    assert colours == {"early": figures.PALETTE[0], "late": figures.PALETTE[1]}


def test_limits_too_narrow_by_luck_are_marked() -> None:
    yes = {"R01": (0,), "R02": (6,), "R03": (12,)}  # one of 18 each, never the same image
    rows = [
        {"reader": reader, "case": f"C{k}", "image": f"C{k}", "verdict": k in found}
        for reader, found in yes.items()
        for k in range(19 if reader == "R03" else 18)
    ]
    table = plausibility.section(readings_of(rows), facts_with(("gen", "synthetic"))).tables[0]
    every = next(row for row in table.records if row.class_name == "All images")
    assert every.high - every.low < 0.02
    assert table.body[-1][1].endswith(" †")
    assert "† Limits too narrow" in table.caption
    frame, facts = invented(World(readers=4, per_cell=8))
    usual = plausibility.section(frame, facts).tables[0]
    assert "†" not in usual.body[-1][1]


def test_agreement_on_lesions_and_a_range_for_repeats() -> None:
    frame, facts = invented(World(readers=3, per_cell=12, kinds=("lesion",), repeats=0.5))
    found = agreement.section(frame, facts)
    assert found.reading.startswith("Between readers: “lesion plausible” Gwet AC1 ")
    assert "over 3 readers" in found.reading
    assert len(found.reading) < 400


def test_a_refused_model_of_times_is_explained_once() -> None:
    frame, facts = invented(World(readers=1, kinds=EVERY_KIND))
    found = times.section(frame, facts)
    assert found.reading.count("the model needs 2 of each") == 1
    assert "Method: mixed model" not in found.reading


def test_a_model_of_several_terms_is_named_once() -> None:
    frame, facts = invented(World(readers=3, kinds=("turing",)))
    effects = next(t for t in times.section(frame, facts).tables if t.key == "time-effects")
    assert effects.caption.count("linear mixed model") == 1
    assert "time ratio, Late to Early" in [line[0] for line in effects.body]


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert words.number_with_limits(0.004, -0.004, 0.3) == "0.00 (0.00 to 0.30)"
    assert words.points(-0.0004) == "0.0"
    assert words.method("wilson 0.95") == "Wilson 95 %"
    assert words.method("equivalence 0.955") == "equivalence 0.955"


def test_the_planner_says_that_its_turing_chances_are_approximate() -> None:
    found = plan_section(Wish())
    turing_table = next(table for table in found.tables if table.key == "planner-turing")
    assert any("an approximation, within some 2 points" in text for text in found.warnings)
    assert "an approximation, within some 2 points" in turing_table.caption
