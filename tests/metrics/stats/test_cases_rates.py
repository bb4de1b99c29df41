"""Walk published and reference values: every expected number is computed from its inputs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrics.stats import agreement, comparison, confusion, likert, proportions

CASES = json.loads((Path(__file__).parent / "cases_rates.json").read_text(encoding="utf-8"))


def expand(table: list[list[int]]) -> np.ndarray:
    """Return one row (first, second) per item of a square table of counts."""
    cells = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return np.array(cells)


def limits(result: Any) -> list[float]:
    return [result.low, result.high]


def wilson_and_exact(inputs: dict, expected: Any) -> Any:
    methods = {"wilson": "wilson", "wilson_cc": "wilson-cc", "clopper_pearson": "clopper-pearson"}
    return {
        name: [limits(proportions.interval(x, n, method)) for x, n in inputs["x_n"]]
        for name, method in methods.items()
    }


def newcombe(inputs: dict, expected: Any) -> Any:
    return [limits(comparison.difference(*row)) for row in inputs["x1_n1_x2_n2"]]


def per_class(inputs: dict, expected: Any) -> Any:
    n = inputs["n_per_class_arm"]
    pairs = zip(inputs["prototype"], inputs["baseline"], strict=True)
    results = [comparison.difference(new, n, old, n) for new, old in pairs]
    p = [result.p for result in results]
    return {
        "fisher_p": p,
        "holm": comparison.adjust(p, "holm").tolist(),
        "bh": comparison.adjust(p, "bh").tolist(),
        "newcombe": [limits(result) for result in results],
    }


def cmh(inputs: dict, expected: Any) -> Any:
    tables = inputs["tables_k_arm_outcome"]
    plain, corrected = comparison.cmh(tables), comparison.cmh(tables, continuity=True)
    gap = comparison.risk_difference_mh(tables)
    return {
        "chi2_nocc": plain.statistic,
        "p_nocc": plain.p,
        "chi2_cc": corrected.statistic,
        "p_cc": corrected.p,
        "mh_odds_ratio": plain.estimate,
        "or_ci95": limits(plain),
        "mh_risk_difference": gap.estimate,
        "rd_se": gap.se,
    }


def admissions(inputs: dict, expected: Any) -> Any:
    result = comparison.cmh(inputs["tables"], continuity=True)
    return {
        "corrected": result.statistic,
        "p": result.p,
        "ratio": result.estimate,
        "ci": limits(result),
    }


def mendel(inputs: dict, expected: Any) -> Any:
    result = comparison.binomial_test(**inputs)
    return {"p": result.p, "ci": limits(result)}


def chance_is_a_constant(inputs: dict, expected: Any) -> Any:
    return {"p": comparison.binomial_test(**inputs, p0=0.5).p}


def adjustments(inputs: dict, expected: Any) -> Any:
    methods = ("bh", "holm", "bonferroni")
    found = {name: comparison.adjust(inputs["p"], name) for name in methods}
    rejected = [int((found[name] <= 0.05).sum()) for name in methods]
    return {name: values.tolist() for name, values in found.items()} | {"n_reject": rejected}


def mcnemar(inputs: dict, expected: Any) -> Any:
    table = inputs["table"]
    asymptotic = comparison.mcnemar(table, "asymptotic")
    return {
        "asymptotic": asymptotic.statistic,
        "asymptotic_p": asymptotic.p,
        "corrected": comparison.mcnemar(table, "asymptotic", continuity=True).statistic,
        "exact_p": comparison.mcnemar(table).p,
    }


def paired(inputs: dict, expected: Any) -> Any:
    result = comparison.paired_difference(inputs["table"])
    return [result.estimate, *limits(result)]


def fleiss(inputs: dict, expected: Any) -> Any:
    ratings = [np.repeat(range(len(row)), row) for row in inputs["counts"]]
    return {"kappa": agreement.fleiss_kappa(ratings).estimate}


def gwet(inputs: dict, expected: Any) -> Any:
    ratings, scale = inputs["ratings_subject_x_rater"], inputs["categories"]
    result = agreement.gwet_ac(ratings, categories=scale)
    return {
        "pa": agreement.percent_agreement(ratings).estimate,
        "pe": result.expected,
        "ac1": result.estimate,
        "se": result.se,
        "ci": limits(result),
    }


def krippendorff(inputs: dict, expected: Any) -> Any:
    ratings = np.array(inputs["ratings_rater_x_unit"], dtype=float).T
    return {m: agreement.krippendorff_alpha(ratings, m, draws=50).estimate for m in expected}


def cohen(inputs: dict, expected: Any) -> Any:
    result = agreement.cohen_kappa(*expand(inputs["table"]).T)
    return {"kappa": result.estimate, "se": result.se}


def paradox(inputs: dict, expected: Any) -> Any:
    pairs = expand(inputs["table"])
    ac1 = agreement.gwet_ac(pairs)
    kappa = agreement.cohen_kappa(*pairs.T).estimate
    return {"kappa": kappa, "ac1": ac1.estimate, "ac1_se": ac1.se}


def same_agreement(inputs: dict, expected: Any) -> Any:
    kappas = [agreement.cohen_kappa(*expand(table).T) for table in inputs["tables"]]
    return {"po": [k.observed for k in kappas], "kappa": [k.estimate for k in kappas]}


def shrout_fleiss(inputs: dict, expected: Any) -> Any:
    forms = agreement.icc(inputs["ratings"]).forms
    names = [f"ICC({form},{k})" for k in "1k" for form in "123"]
    return {"icc": [forms[name].estimate for name in names]}


def synthetic_agreement(inputs: dict, expected: Any) -> Any:
    ratings = np.array(inputs["ratings_reader_x_item"]).T
    binary = ratings >= inputs["binary_at"]
    ac1, ac2 = agreement.gwet_ac(binary), agreement.gwet_ac(ratings, "quadratic")
    kappa = agreement.fleiss_kappa(binary)
    return {
        "ac1": ac1.estimate,
        "ac1_se": ac1.se,
        "fleiss": kappa.estimate,
        "fleiss_z": kappa.statistic,
        "light": agreement.light_kappa(binary, draws=50).estimate,
        "kripp_nominal": agreement.krippendorff_alpha(binary, draws=50).estimate,
        "kripp_ordinal": agreement.krippendorff_alpha(ratings, "ordinal", draws=50).estimate,
        "ac2": ac2.estimate,
        "ac2_se": ac2.se,
    }


def anxiety(inputs: dict, expected: Any) -> Any:
    readers = inputs["ratings_reader_x_item"]
    pair = agreement.cohen_kappa(readers[0], readers[1], "quadratic")
    all_three = agreement.fleiss_kappa(np.transpose(readers))
    correlation = agreement.icc(np.transpose(readers))
    return {
        "weighted": pair.estimate,
        "weighted_z": pair.statistic,
        "fleiss": all_three.estimate,
        "fleiss_z": all_three.statistic,
        "icc": [correlation.estimate, *limits(correlation)],
    }


def herds(inputs: dict, expected: Any) -> Any:
    sick, size = np.array(inputs["incidence"]), np.array(inputs["size"])
    values = np.concatenate([np.arange(n) < x for x, n in zip(sick, size, strict=True)])
    result = proportions.clustered_rate(values, np.repeat(inputs["herd"], size))
    return {"rate": result.estimate, "se_logit": result.se_logit}


def slides(inputs: dict, expected: Any) -> Any:
    result = confusion.confusion_from_matrix(inputs["confusion_true_x_pred"], draws=20)
    positive = result.per_class[inputs["positive"]]
    return {
        "accuracy": result.accuracy.estimate,
        "precision": positive.precision.estimate,
        "recall": positive.recall.estimate,
        "f1": positive.f1.estimate,
    }


def macro_f1(inputs: dict, expected: Any) -> Any:
    result = confusion.confusion_from_matrix(inputs["matrix"], draws=20)
    return {"macro_f1": result.macro_f1.estimate, "f1_of_macro_means": result.f1_of_macro_means}


def majority(inputs: dict, expected: Any) -> Any:
    result = likert.majority_acceptability(
        inputs["ratings"], inputs["accept_at"], inputs["min_readers"]
    )
    return {
        "accepted": result.accepted,
        "eligible": result.eligible,
        "proportion": result.estimate,
        "cp_lower_one_sided95": result.low,
    }


def grim(inputs: dict, expected: Any) -> Any:
    rows, decimals = inputs["pct_n"], inputs["decimals"]
    return {"reachable": [proportions.is_reachable(*row, decimals) for row in rows]}


COMPUTE: dict[str, Callable[[dict, Any], Any]] = {
    "prop-ci-newcombe1998": wilson_and_exact,
    "diff-newcombe1998": newcombe,
    "prototype-table3-perclass": per_class,
    "prototype-table3-cmh": cmh,
    "prototype-table4-perclass": per_class,
    "prototype-table4-cmh": cmh,
    "binom-exact-mendel": mendel,
    "fleiss-wikipedia": fleiss,
    "gwet-ac1-missing": gwet,
    "krippendorff-2011": krippendorff,
    "cohen-3x3": cohen,
    "kappa-paradox": paradox,
    "kappa-feinstein-cicchetti": same_agreement,
    "icc-shrout-fleiss": shrout_fleiss,
    "bh-1995": adjustments,
    "downstream-slides": slides,
    "likert-majority-rule": majority,
    "agreement-synthetic": synthetic_agreement,
    "park2021-chance-as-sample": chance_is_a_constant,
    "mcnemar-agresti": mcnemar,
    "paired-newcombe-bentur": paired,
    "cmh-ucbadmissions": admissions,
    "anxiety-irr": anxiety,
    "cluster-proportion-cbpp": herds,
    "macro-f1-two-definitions": macro_f1,
    "grim-check": grim,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_agrees_with_the_reference(case: dict) -> None:
    """Compare the computed values with the printed ones within the case's tolerance."""
    found = COMPUTE[case["id"]](case["inputs"], case["expected"])
    expected = case["expected"]
    if not isinstance(expected, dict):
        found, expected = {"all": found}, {"all": expected}
    assert expected.keys() <= found.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=case["tolerance"], err_msg=name)
