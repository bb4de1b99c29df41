"""Real-only against augmented training: areas, their difference, both variances."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.downstream import compare_auroc
from metrics.downstream.auroc import _weighted
from metrics.errors import InsufficientData
from metrics.stats import mrmc
from metrics.stats.intervals import critical
from metrics.stats.roc import placements
from metrics.stats.turing import delong
from tests.metrics.downstream.trials import simulated

ARMS = {"baseline": "real", "augmented": "augmented"}
PARTS = ("estimate", "low", "high")


def flipped(frame: pd.DataFrame) -> pd.DataFrame:
    """Swap the names of the arms."""
    return frame.assign(arm=frame["arm"].map({"real": "augmented", "augmented": "real"}))


def test_each_seed_is_delongs_paired_test() -> None:
    frame = simulated()
    found = compare_auroc(frame, **ARMS)
    for one in found.per_seed:
        mine = frame[frame["seed"] == one.seed].set_index("case")
        real, augmented = (mine[mine["arm"] == arm] for arm in ("real", "augmented"))
        expected = delong(real["truth"], augmented["score"], real["score"])
        for name in (*PARTS, "p", "se"):
            assert getattr(one, name) == pytest.approx(getattr(expected, name), abs=1e-12)
        assert (one.augmented, one.baseline) == pytest.approx((expected.area_a, expected.area_b))


def test_seeds_and_images_join_as_readers_and_cases_do() -> None:
    frame = simulated()
    found = compare_auroc(frame, **ARMS)
    names = {"seed": "reader", "arm": "modality", "score": "rating"}
    study = mrmc.obuchowski_rockette(frame.rename(columns=names), covariance="delong")
    for mine, theirs in (
        (found, study.random_both),
        (found.over_seeds, study.fixed_cases),
        (found.over_images, study.fixed_readers),
        (found.augmented, study.modalities[0]),
        (found.baseline, study.modalities[1]),
    ):
        for name in PARTS:
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=1e-12)
    assert study.random_both is not None
    parts = study.components
    assert found.seed_variance == pytest.approx(2 * parts.var_modality_reader)
    assert found.image_variance == pytest.approx(2 * (parts.var_error - parts.cov1))
    assert found.shared_covariance == pytest.approx(2 * (parts.cov2 - parts.cov3))
    assert (found.df, found.p) == pytest.approx((study.random_both.df, study.random_both.p))


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_laws(seed: int) -> None:
    frame = simulated(60, 3, seed=seed)
    found = compare_auroc(frame, **ARMS)
    swapped = compare_auroc(flipped(frame), **ARMS)
    assert swapped.estimate == pytest.approx(-found.estimate)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low))
    shuffled = frame.sample(frac=1, random_state=seed)
    curved = frame.assign(score=np.exp(frame["score"] / 3))
    other = frame.assign(truth=1 - frame["truth"], score=-frame["score"])
    for again in (shuffled, curved, other):
        for name in (*PARTS, "se", "p"):
            expected = getattr(found, name)
            assert getattr(compare_auroc(again, **ARMS), name) == pytest.approx(expected, abs=1e-9)


def test_one_seed_alone_says_too_much() -> None:
    found = [compare_auroc(simulated(gain=0, training=0.4, seed=k), **ARMS) for k in range(120)]
    alone = np.mean([one.per_seed[0].low <= 0 <= one.per_seed[0].high for one in found])
    both = np.mean([one.low <= 0 <= one.high for one in found])
    assert alone < 0.75
    assert both > 0.88


def test_without_seed_variance_the_images_decide() -> None:
    found = [compare_auroc(simulated(gain=0.4, training=0, seed=k), **ARMS) for k in range(120)]
    truth = _area_of(1.4) - _area_of(1.0)
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.9
    errors = np.array([one.se for one in found])
    assert errors.mean() == pytest.approx(np.std([one.estimate for one in found]), rel=0.25)


def _area_of(strength: float) -> float:
    """Return the area of `simulated` scores, whose noise has the variance .98."""
    from scipy.special import ndtr

    return float(ndtr(strength / np.sqrt(2 * 0.98)))


def test_patients_with_several_images_are_drawn_whole() -> None:
    frame = simulated(240, 4, per_patient=8)
    whole = compare_auroc(frame, **ARMS, draws=600)
    assert "bootstrap over test clusters, 600 draws" in whole.method
    assert whole.counts == {"images": 240, "clusters": 30, "seeds": 4, "missing": 0}
    assert any(note.startswith("30 clusters: ") for note in whole.warnings)
    blind = compare_auroc(frame.drop(columns="cluster"), **ARMS)
    assert whole.estimate == pytest.approx(blind.estimate)
    assert whole.baseline.high - whole.baseline.low > 1.2 * (
        blind.baseline.high - blind.baseline.low
    )
    assert whole == compare_auroc(frame, **ARMS, draws=600)
    assert whole != compare_auroc(frame, **ARMS, draws=600, seed=1)


def test_cluster_error_agrees_with_sums_within_clusters() -> None:
    """Obuchowski 1997, Biometrics 53:567: structural components summed within patients."""
    frame = simulated(400, 3, per_patient=4, seed=5)
    found = compare_auroc(frame, **ARMS, draws=2000)
    for one in found.per_seed:
        mine = frame[frame["seed"] == one.seed].pivot(index="case", columns="arm", values="score")
        cases = frame.drop_duplicates("case").set_index("case").loc[mine.index]
        positive, moves = cases["truth"].to_numpy() == 1, {}
        for arm in mine:
            score = mine[arm].to_numpy()
            place = placements(score[positive], score[~positive])
            own = np.empty(len(score))
            for kind, part in ((positive, place.positive), (~positive, place.negative)):
                own[kind] = (part - part.mean()) / len(part)
            moves[arm] = own
        sums = np.bincount(cases["cluster"], moves["augmented"] - moves["real"])
        expected = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())
        assert one.se == pytest.approx(expected, rel=0.1)


@given(st.integers(0, 10**6), st.integers(4, 15))
@settings(max_examples=40, deadline=None)
def test_a_weighted_area_is_that_of_repeated_images(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    score, positive = np.round(rng.normal(size=n), 1), rng.random(n) < 0.5
    weights = rng.integers(0, 3, size=(4, n)).astype(float)
    found = _weighted(score, positive, weights)
    for area, row in zip(found, weights.astype(int), strict=True):
        again = np.repeat(np.arange(n), row)
        high, low = score[again][positive[again]], score[again][~positive[again]]
        if min(high.size, low.size) == 0:
            assert np.isnan(area)
        else:
            assert area == pytest.approx(placements(high, low).area)


def test_several_classes_average_one_against_the_rest() -> None:
    frame = simulated(150, 3, classes=3)
    found = compare_auroc(frame, **ARMS)
    assert "one against the rest, 3 classes" in found.method
    assert found.estimate == pytest.approx(
        np.mean([one.estimate for one in found.per_class.values()])
    )
    for name, one in found.per_class.items():
        rows = frame[frame["class"] == name]
        alone = rows.assign(truth=(rows["truth"] == name).astype(int)).drop(columns="class")
        expected = compare_auroc(alone, **ARMS)
        for part in (*PARTS, "se", "df", "p"):
            assert getattr(one, part) == pytest.approx(getattr(expected, part))
    clustered = compare_auroc(simulated(150, 3, classes=3, per_patient=3), **ARMS, draws=200)
    assert len(clustered.per_class) == 3
    assert clustered.low < clustered.estimate < clustered.high


def test_the_error_of_the_mean_over_classes_is_that_of_a_bootstrap() -> None:
    frame = simulated(200, 3, classes=3, seed=8)
    found = compare_auroc(frame, **ARMS)
    pairs = frame.assign(cluster=frame["case"] // 2)  # patients of two images that share nothing
    again = compare_auroc(pairs, **ARMS, draws=1500)
    for one, other in zip(found.per_seed, again.per_seed, strict=True):
        assert other.se == pytest.approx(one.se, rel=0.15)


def test_arms_that_order_alike_have_no_difference_and_some_width() -> None:
    frame = simulated(60, 3)
    real = frame[frame["arm"] == "real"]
    same = pd.concat([real, real.assign(arm="augmented", score=2 * real["score"])])
    found = compare_auroc(same, **ARMS)
    assert (found.estimate, found.p, found.statistic) == (0, 1, 0)
    assert found.low < 0 < found.high
    assert "no estimated variance" in found.warnings[-1]


def test_perfect_arms_have_width() -> None:
    frame = simulated(60, 3)
    perfect = frame.assign(score=frame["truth"] + 0.0)
    found = compare_auroc(perfect, **ARMS)
    assert found.baseline.estimate == found.augmented.estimate == 1
    assert found.baseline.low < 0.9
    useless = perfect.assign(score=perfect["score"].where(perfect["arm"] == "augmented", 0.5))
    found = compare_auroc(useless, **ARMS)
    assert found.estimate == 0.5
    assert 0 < found.low < 0.5 < found.high < 1
    assert found.p < 0.001


def test_limits_of_one_seed_are_wald() -> None:
    one = compare_auroc(simulated(), **ARMS, level=0.9).per_seed[0]
    assert one.high - one.estimate == pytest.approx(critical(0.9) * one.se)


def test_few_seeds_are_named() -> None:
    found = compare_auroc(simulated(60, 4), **ARMS)
    assert found.warnings[0] == "4 seeds know the spread of training poorly; 5 are better"
    assert compare_auroc(simulated(60, 5), **ARMS).warnings == ()


def test_images_without_a_score_are_left_out_and_counted() -> None:
    frame = simulated(60, 5)
    holes = frame.assign(score=frame["score"].mask((frame["case"] == 3) & (frame["seed"] == 1)))
    holes = holes.drop(holes[(holes["case"] == 7) & (holes["arm"] == "real")].index)
    found = compare_auroc(holes, **ARMS)
    assert found.counts == {"images": 58, "clusters": 58, "seeds": 5, "missing": 2}
    assert found.warnings == ("2 images lack a score in some training and were left out",)
    rest = compare_auroc(frame[~frame["case"].isin([3, 7])], **ARMS)
    assert found.estimate == rest.estimate


def test_refuses_a_test_set_of_one_kind_or_one_patient() -> None:
    frame = simulated(60, 3)
    few = frame[
        (frame["truth"] == 0) | (frame["case"] == frame.loc[frame["truth"] == 1, "case"].min())
    ]
    with pytest.raises(InsufficientData, match="1 positive and"):
        compare_auroc(few, **ARMS)
    with pytest.raises(InsufficientData, match="60 test images of 1 cluster"):
        compare_auroc(frame.assign(cluster="one"), **ARMS)
    three = simulated(60, 3, classes=3)
    with pytest.raises(InsufficientData, match="bootstrap samples hold every class"):
        compare_auroc(three.assign(cluster=three["truth"]), **ARMS, draws=100)
