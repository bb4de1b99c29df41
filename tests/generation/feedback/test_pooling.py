"""Readings to evidence: verdicts, the two-coin model, acceptance, design weights."""

import numpy as np
import pytest

from generation.feedback.errors import ReadsError
from generation.feedback.pooling import Mark, Pooling, Read, ShownImage, pool_readings
from generation.feedback.reads import derive_verdict

COUNTING = {"A": ("size", "nucleus"), "B": ("size", "nucleus")}
PROTOTYPES = {"A": 2, "B": 1}


def image(key, **more):
    return ShownImage(key=key, **({"image_class": "A"} | more))


def read(key, verdict, reader="R1", **more):
    marks = {True: Mark.PASSES, False: Mark.FAILS, None: Mark.NOT_JUDGEABLE}
    return Read(image=key, reader=reader, criteria={"size": marks[verdict]}, **more)


def pool(reads, images, **more):
    return pool_readings(reads, images, prototypes=PROTOTYPES, counting=COUNTING, **more)


@pytest.mark.parametrize(
    ("criteria", "verdict"),
    [
        ({"size": Mark.PASSES, "nucleus": Mark.PASSES}, True),
        ({"size": Mark.PASSES, "nucleus": Mark.FAILS}, False),
        ({"size": Mark.PASSES, "nucleus": Mark.NOT_JUDGEABLE}, True),
        ({"size": Mark.NOT_JUDGEABLE, "nucleus": Mark.NOT_JUDGEABLE}, None),
        ({"size": Mark.PASSES, "class_identity": Mark.FAILS}, True),
        ({}, None),
    ],
)
def test_derives_the_verdict_from_criteria_that_count(criteria, verdict):
    assert derive_verdict(criteria, COUNTING["A"]) is verdict


def test_a_lone_reader_is_corrected_by_the_assumed_accuracy():
    images = [image(f"i{i}") for i in range(20)]
    reads = [read(f"i{i}", i < 15) for i in range(20)]

    pooled = pool(reads, images)

    assert pooled.reader_accuracy_assumed
    assert pooled.readers["R1"].sensitivity == 0.9
    cell = pooled.cells["A", 0]
    assert cell.n == pytest.approx(20)
    assert 14 < cell.plausible < 17
    assert cell.accepted < 15  # an expectation, not the head count of accepts


def test_the_mean_is_there_for_comparison():
    pooled = pool(
        [read("i", True), read("i", True, "R2"), read("j", False)],
        [image("i"), image("j")],
        method=Pooling.MEAN,
    )

    assert (pooled.cells["A", 0].n, pooled.cells["A", 0].plausible) == (2, 1)


def test_the_highest_revision_counts_and_a_reader_once_per_image():
    pooled = pool(
        [read("i", False, revision=2), read("i", True, revision=1)],
        [image("i")],
        method=Pooling.MEAN,
    )

    assert pooled.images[0].n_reads == 1
    assert pooled.cells["A", 0].plausible == 0


def test_readers_who_could_not_judge_are_counted_and_leave_no_data():
    pooled = pool([read("i", None), read("j", None)], [image("i"), image("j")])

    assert pooled.n_missing == 2
    assert not pooled.cells


def test_copies_and_disputes_are_not_accepted():
    images = [image("copy", is_copy=True), image("split"), image("good"), image("bad")]
    reads = [read(key, key != "bad", r) for key in ("copy", "good", "bad") for r in ("R1", "R2")]
    reads += [read("split", True), read("split", False, "R2")]

    by_key = {p.image.key: p for p in pool(reads, images).images}

    assert {key: p.accepted for key, p in by_key.items()} == {
        "copy": False,
        "split": False,
        "good": True,
        "bad": False,
    }
    assert by_key["split"].disputed


def test_older_model_versions_count_less_but_their_accepted_images_stay():
    images = [image("old", age=1), image("new")]

    cell = pool([read("old", True), read("new", True)], images, method=Pooling.MEAN).cells["A", 0]

    assert (cell.n, cell.plausible, cell.accepted) == (1.5, 1.5, 2)


def test_controls_measure_readers_and_never_enter_a_rate():
    images = [image("i"), *(image(f"c{k}", control_truth=k % 2 == 0) for k in range(80))]
    strict = [read(f"c{k}", k % 8 == 0) for k in range(80)]  # accepts a quarter of true ones

    pooled = pool([read("i", False), *strict], images)

    assert not pooled.reader_accuracy_assumed
    assert pooled.readers["R1"].sensitivity < 0.5
    assert pooled.readers["R1"].specificity > 0.8
    assert pooled.cells["A", 0].n == 1
    assert pooled.images[0].mu > 0.1  # a strict reader's reject weighs little


def test_a_contradicting_verdict_is_listed_and_the_criteria_win():
    claim = Read(image="i", reader="R1", criteria={"size": Mark.FAILS}, verdict=True)

    pooled = pool([claim], [image("i")])

    assert pooled.cells["A", 0].accepted == 0
    assert "contradicts" in pooled.warnings[0]


def test_refuses_what_the_plan_does_not_know():
    with pytest.raises(ReadsError, match="prototype 2"):
        pool([], [image("i", prototype=2)])
    with pytest.raises(ReadsError, match="class 'Z'"):
        pool([], [image("i", image_class="Z")])
    with pytest.raises(ReadsError, match="inclusion probability"):
        pool([], [image("i", incl_prob=0)])
    with pytest.raises(ReadsError, match="not shown"):
        pool([read("j", True)], [image("i")])


def lenient_world(seed, n=700):
    """14 classes x 50 images of rate .21 to .79; a fair reader and one who accepts nearly all."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 14
    truth = rng.random(n) < np.linspace(0.21, 0.79, 14)[group]
    images = [image(f"i{i}", image_class=f"K{g}") for i, g in enumerate(group)]
    reads = []
    for reader, (se, sp) in {"fair": (0.9, 0.9), "lenient": (0.98, 0.55)}.items():
        says = rng.random(n) < np.where(truth, se, 1 - sp)
        reads += [Read(image=f"i{i}", reader=reader, verdict=bool(v)) for i, v in enumerate(says)]
    return truth, images, reads


def test_two_coins_see_through_a_lenient_reader():
    accuracies = []
    for seed in range(3):
        truth, images, reads = lenient_world(seed)
        pooled = pool_readings(
            reads, images, prototypes={f"K{g}": 1 for g in range(14)}, counting={}
        )
        mu = np.array([entry.mu for entry in pooled.images])
        accuracies.append(((mu > 0.5) == truth).mean())
        assert pooled.readers["lenient"].specificity < 0.7 < pooled.readers["fair"].specificity

    assert np.mean(accuracies) >= 0.86  # design table 2e: .899; majority .826, one coin .757


def test_screened_images_are_weighted_back_to_what_was_generated():
    """200 of 800 are shown: the 160 best by score and 40 drawn from the other 640."""
    weighted, naive = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        truth = rng.random(800) < 0.4
        order = np.argsort(-(truth + rng.normal(0, 0.8, 800)))
        audit = rng.choice(order[160:], 40, replace=False)
        shown = [(i, 1.0) for i in order[:160]] + [(i, 40 / 640) for i in audit]
        images = [image(f"i{i}", incl_prob=p) for i, p in shown]
        reads = [read(f"i{i}", bool(truth[i])) for i, _ in shown]
        cell = pool(reads, images, method=Pooling.MEAN).cells["A", 0]
        weighted.append(cell.plausible / cell.n - truth.mean())
        naive.append(np.mean([truth[i] for i, _ in shown]) - truth.mean())

    assert abs(np.mean(weighted)) < 0.02
    assert np.mean(naive) > 0.05
