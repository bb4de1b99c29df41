"""The same tables through R's own functions, where R is installed."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest

from metrics.stats.agreement import icc
from metrics.stats.comparison import adjust, binomial_test, cmh, difference, mcnemar
from metrics.stats.proportions import interval

RSCRIPT = shutil.which("Rscript")
pytestmark = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed (Rscript not found)")
TABLES = np.random.default_rng(11).integers(1, 40, (6, 2, 2))


def run_r(code: str) -> list[float]:
    """Return the numbers that an R expression yields, in order."""
    script = f'x <- c({code}); cat("[", paste(sprintf("%.15g", x), collapse=","), "]")'
    command = [RSCRIPT or "", "--vanilla", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout.replace("Inf", "Infinity"))


@pytest.fixture(autouse=True, scope="module")
def r_version(record_testsuite_property: pytest.FixtureRequest) -> None:
    """Note in the test report which R ran."""
    numbers = run_r("as.numeric(R.version$major), as.numeric(R.version$minor)")
    record_testsuite_property("R", ".".join(f"{number:g}" for number in numbers))  # type: ignore[operator]


def vector(values: np.ndarray) -> str:
    return f"c({','.join(str(value) for value in np.ravel(values))})"


def test_cmh() -> None:
    # R fills arrays by column: transpose each table first
    array = f"array({vector(TABLES.transpose(0, 2, 1))}, c(2, 2, 6))"
    test = f"mantelhaen.test({array}, correct=FALSE)"
    code = f"({test})$statistic, ({test})$p.value, ({test})$estimate, ({test})$conf.int"
    found = cmh(TABLES)
    mine = [found.statistic, found.p, found.estimate, found.low, found.high]
    np.testing.assert_allclose(mine, run_r(code), rtol=1e-9)


def test_fisher_and_mcnemar() -> None:
    (a, b), (c, d) = TABLES[0].tolist()
    matrix = f"matrix({vector(TABLES[0].T)}, 2)"
    code = f"fisher.test({matrix})$p.value, mcnemar.test({matrix}, correct=FALSE)$p.value"
    mine = [difference(a, a + b, c, c + d).p, mcnemar(TABLES[0], "asymptotic").p]
    np.testing.assert_allclose(mine, run_r(code), rtol=1e-7)


def test_binomial_and_score_intervals() -> None:
    code = (
        "prop.test(7, 50, correct=FALSE)$conf.int, prop.test(7, 50)$conf.int,"
        "binom.test(7, 50)$conf.int, binom.test(7, 50, .2)$p.value"
    )
    methods = ("wilson", "wilson-cc", "clopper-pearson")
    intervals = [interval(7, 50, method) for method in methods]
    mine = [limit for found in intervals for limit in (found.low, found.high)]
    mine.append(binomial_test(7, 50, 0.2).p)
    np.testing.assert_allclose(mine, run_r(code), rtol=1e-7)


def test_adjustment() -> None:
    p = np.random.default_rng(2).random(12).round(6) ** 3
    code = ",".join(f'p.adjust({vector(p)}, "{name}")' for name in ("holm", "BH", "bonferroni"))
    mine = np.concatenate([adjust(p, name) for name in ("holm", "bh", "bonferroni")])
    np.testing.assert_allclose(mine, run_r(code), rtol=1e-9)


def test_icc_mean_squares() -> None:
    scores = np.random.default_rng(3).normal(size=(8, 3)).round(4)
    items, readers = np.indices(scores.shape)
    frame = (
        f"data.frame(y={vector(scores)}, i=factor({vector(items)}), j=factor({vector(readers)}))"
    )
    code = f'anova(lm(y ~ i + j, {frame}))[["Mean Sq"]]'
    found = icc(scores)
    mine = [found.mean_square_items, found.mean_square_readers, found.mean_square_error]
    np.testing.assert_allclose(mine, run_r(code), rtol=1e-6)


def test_separation_limits() -> None:
    code = "fisher.test(matrix(c(5, 3, 0, 4), 2))$conf.int"
    found = cmh([[[5, 0], [3, 4]]])
    low, high = run_r(code)
    assert found.low == pytest.approx(low, abs=1e-5)
    assert found.high == high == math.inf
