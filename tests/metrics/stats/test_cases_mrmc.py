"""Walk the reference cases of the Turing test, MRMC, mixed models, planning and looks."""

import json
from pathlib import Path

import numpy as np
import pytest

from metrics.stats import mixed, mrmc, planning, sequential, turing
from tests.metrics.stats.studies import frame_of

CASES = json.loads((Path(__file__).parent / "cases_mrmc.json").read_text())


def binomial_tost(inputs: dict) -> dict:
    near = turing.equivalence(inputs["cases"][1]["correct"], inputs["n"], inputs["margin"])
    return {"tost_104_p_lower": near.p_lower, "tost_104_p_upper": near.p_upper}


def detection(inputs: dict) -> dict:
    n1, n0 = inputs["n_signal"], inputs["n_noise"]
    calls = np.arange(n1) < inputs["hits"], np.arange(n0) < inputs["fa"]
    truth = np.repeat([1, 0], [n1, n0])
    found = turing.reader_performance(truth, np.concatenate(calls), correction="none")
    return {"d": found.d_prime.estimate, "c": found.c.estimate}


def hanley(inputs: dict) -> dict:
    normal, abnormal = inputs["rating_counts_normal"], inputs["rating_counts_abnormal"]
    truth = np.repeat([0, 1], [sum(normal), sum(abnormal)])
    levels = np.arange(len(normal))
    score = np.concatenate([np.repeat(levels, normal), np.repeat(levels, abnormal)])
    found = turing.hanley_mcneil(truth, score)
    return {"auc": found.estimate, "se": found.se}


def obuchowski_rockette(inputs: dict) -> dict:
    ratings = np.array(inputs["ratings_treatment_reader_case"], dtype=float)
    frame = frame_of(ratings, np.array(inputs["truth"]))
    found: dict = {}
    for method in ("jackknife", "delong", "unbiased"):
        result = mrmc.obuchowski_rockette(frame, method)
        parts, test = result.components, result.random_both
        assert test is not None
        found[method] = {
            "var": parts.var_error,
            "cov1": parts.cov1,
            "cov2": parts.cov2,
            "cov3": parts.cov3,
            "var_r": parts.var_reader,
            "F": test.statistic,
            "ddf": test.df,
            "p": test.p,
            "se": test.se,
        }
        found[f"single_{method}"] = {
            "auc": [one.estimate for one in result.modalities],
            "se": [one.se for one in result.modalities],
            "df": [one.df for one in result.modalities],
        }
    return found


def multi_reader_power(inputs: dict) -> dict:
    parts = mrmc.VarianceComponents(
        var_reader=0.0,
        var_modality_reader=inputs["VarTR"],
        var_error=inputs["Var"],
        cov1=inputs["Cov1"],
        cov2=inputs["Cov2"],
        cov3=inputs["Cov3"],
    )
    powers = [
        mrmc.power(
            parts,
            n_readers=design["J"],
            n_cases=design["K"],
            effect=design["effect"],
            pilot_cases=inputs["KStar"],
        ).power
        for design in inputs["designs"]
    ]
    return {"power": powers}


def random_intercept(inputs: dict) -> dict:
    n = np.array(inputs["n"])
    arm, group = np.repeat(inputs["arm"], n), np.repeat(inputs["class_index"], n)
    y = np.concatenate([np.arange(m) < k for k, m in zip(inputs["y"], n, strict=True)])
    X = np.column_stack([np.ones_like(arm), arm])
    found = {}
    for name, points in (("laplace", 1), ("agq25", 25)):
        fit = mixed.logistic_random_intercept(y, X, group, points)
        found[name] = {"coef": fit.coefficients, "se": fit.standard_errors, "sd": fit.sd}
    return found


def two_proportions(inputs: dict) -> dict:
    sizes = [
        planning.two_proportions_size(p1, p2, target=target) for p1, p2, target in inputs["cases"]
    ]
    return {"n": [size.exact for size in sizes]}


def e_value(inputs: dict) -> dict:
    return {"e": [sequential.e_value(k, n).e for k, n in inputs["k_n"]]}


COMPUTE = {
    "turing-binomial-tost": binomial_tost,
    "sdt-dprime": detection,
    "hanley-mcneil-1982": hanley,
    "mrmc-synthetic": obuchowski_rockette,
    "mrmc-power-vandyke": multi_reader_power,
    "seed001-table3-glmm": random_intercept,
    "power-two-proportions": two_proportions,
    "evalue-beta-binomial": e_value,
}
# Tested where the function lives: metrics.stats.comparison.binomial_test.
ELSEWHERE = {"p_115_vs_half"}


def compare(found: dict, expected: dict, tolerance: dict) -> None:
    for key, value in expected.items():
        if key in ELSEWHERE:
            continue
        if isinstance(value, dict):
            compare(found[key], value, tolerance)
        elif tolerance["mode"] == "rel":
            np.testing.assert_allclose(found[key], value, rtol=tolerance["abs"], err_msg=key)
        else:
            np.testing.assert_allclose(
                found[key], value, rtol=0, atol=tolerance["abs"], err_msg=key
            )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_reference(case: dict) -> None:
    compare(COMPUTE[case["id"]](case["inputs"]), case["expected"], case["tolerance"])
