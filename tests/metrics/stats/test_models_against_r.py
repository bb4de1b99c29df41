"""The same readings through R's own packages, where they are installed.

Seen with R 4.2.2, lme4 1.1-31, ordinal 2022.11-16, geepack 1.3.9 and pROC 1.18.0.
"""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metrics.stats import mixed, turing

RSCRIPT = shutil.which("Rscript")
pytestmark = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed (Rscript not found)")


def run_r(package: str, code: str, **paths: Path) -> list[float]:
    """Return the numbers that an R expression yields; skip where the package is missing."""
    setup = f"if (!suppressMessages(require({package}, quietly=TRUE))) quit(status=3);"
    names = "".join(f'{name} <- read.csv("{path}");' for name, path in paths.items())
    show = 'cat(paste0("\n[", paste(sprintf("%.15g", x), collapse=","), "]"))'
    script = f"{setup}{names} x <- c({code}); {show}"
    command = [RSCRIPT or "", "--vanilla", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 3:
        pytest.skip(f"R has no package {package}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    """Simulate 1,500 readings with groups, crossed readers and images, and ordered ratings."""
    rng = np.random.default_rng(3)
    n = 1500
    group, arm, x = rng.integers(0, 40, n), rng.integers(0, 2, n), rng.normal(10, 3, n)
    image, reader = np.tile(np.arange(150), 10), np.repeat(np.arange(10), 150)
    odds = -3 + 0.3 * x + 0.5 * arm + 0.8 * rng.normal(size=40)[group]
    time = 8 + 0.02 * x + 0.1 * arm + 0.3 * rng.normal(size=150)[image]
    frame = pd.DataFrame(
        {
            "y": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int),
            "x": x,
            "arm": arm,
            "g": group,
            "image": image,
            "reader": reader,
            "t": time + 0.4 * rng.normal(size=10)[reader] + 0.5 * rng.normal(size=n),
            "level": np.digitize(0.4 * x + 0.6 * arm + rng.logistic(size=n), [3, 4, 5]),
        }
    )
    path = tmp_path_factory.mktemp("r") / "readings.csv"
    frame.sort_values("g", kind="stable").to_csv(path, index=False)
    return frame, path


def covariates(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["x", "arm"]].assign(one=1.0)[["one", "x", "arm"]]


def test_glmer(readings: tuple[pd.DataFrame, Path]) -> None:
    frame, path = readings
    model = "m <- glmer(y ~ x + arm + (1|g), d, family=binomial, nAGQ=25)"
    code = f"{{{model}; c(fixef(m), sqrt(diag(as.matrix(vcov(m)))), sqrt(unlist(VarCorr(m))))}}"
    expected = run_r("lme4", code, d=path)
    found = mixed.logistic_random_intercept(frame.y, covariates(frame), frame.g)
    mine = [*found.coefficients, *found.standard_errors, found.sd]
    np.testing.assert_allclose(mine, expected, atol=5e-5)


def test_lmer_crossed(readings: tuple[pd.DataFrame, Path]) -> None:
    frame, path = readings
    model = "m <- lmer(t ~ x + arm + (1|image) + (1|reader), d)"
    sds = "as.data.frame(VarCorr(m))$sdcor, REMLcrit(m)"
    code = f"{{{model}; c(fixef(m), sqrt(diag(as.matrix(vcov(m)))), {sds})}}"
    expected = run_r("lme4", code, d=path)
    found = mixed.crossed_mixed(frame.t, covariates(frame), frame.image, frame.reader)
    sd = [found.sd_first, found.sd_second, found.sd_residual, found.criterion]
    np.testing.assert_allclose(
        [*found.coefficients, *found.standard_errors, *sd], expected, atol=1e-4
    )


def test_clm(readings: tuple[pd.DataFrame, Path]) -> None:
    frame, path = readings
    code = "{m <- clm(factor(level) ~ x + arm, data=d); c(coef(m), sqrt(diag(vcov(m))), logLik(m))}"
    expected = run_r("ordinal", code, d=path)
    found = mixed.ordinal_logit(frame.level, covariates(frame))
    errors = [*found.threshold_errors, *found.standard_errors]
    mine = [*found.thresholds, *found.coefficients, *errors, found.log_likelihood]
    np.testing.assert_allclose(mine, expected, atol=1e-6)


def test_geeglm(readings: tuple[pd.DataFrame, Path]) -> None:
    frame, path = readings
    model = 'm <- geeglm(y ~ x + arm, id=g, data=d, family=binomial, corstr="exchangeable")'
    code = f"{{{model}; c(coef(m), summary(m)$coefficients[,2], m$geese$alpha)}}"
    expected = run_r("geepack", code, d=path)
    found = mixed.gee_logistic(frame.y, covariates(frame), frame.g)
    mine = [*found.coefficients, *found.standard_errors, found.correlation]
    # geeglm stops at a change of 1e-4, which is why the tolerance is not tighter.
    np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_roc_test(readings: tuple[pd.DataFrame, Path]) -> None:
    frame, path = readings
    roc = 'roc(d$y, d$x, direction="<", quiet=TRUE), roc(d$y, d$level, direction="<", quiet=TRUE)'
    code = (
        f'{{p <- list({roc}); t <- roc.test(p[[1]], p[[2]], method="delong");'
        "c(p[[1]]$auc, p[[2]]$auc, t$statistic, t$p.value, var(p[[1]]), ci(p[[2]])[c(1,3)])}"
    )
    expected = run_r("pROC", code, d=path)
    both, level = turing.delong(frame.y, frame.x, frame.level), turing.auc(frame.y, frame.level)
    mine = [both.area_a, both.area_b, both.statistic, both.p, both.se_a**2, level.low, level.high]
    np.testing.assert_allclose(mine, expected, rtol=1e-9)


def dataset(package: str, *columns: str) -> list[np.ndarray]:
    """Return columns of a data set that comes with an R package, as numbers or level codes."""
    joined = ", ".join(f"as.numeric({column})" for column in columns)
    return list(np.reshape(run_r(package, joined), (len(columns), -1)))


def test_penicillin() -> None:
    diameter, plate, sample = dataset(
        "lme4", "Penicillin$diameter", "Penicillin$plate", "Penicillin$sample"
    )
    fit = mixed.crossed_mixed(diameter, np.ones((len(diameter), 1)), plate, sample)
    # Bates et al. 2015, J Stat Softw 67(1); lme4 prints .8467, 1.9316, .5499 and 330.8606.
    np.testing.assert_allclose(fit.sds, [0.8467025, 1.9316138, 0.5499227], atol=1e-4)
    assert fit.estimate[0] == pytest.approx(22.9722222)
    assert fit.standard_errors[0] == pytest.approx(0.8085954, abs=5e-5)
    assert fit.criterion == pytest.approx(330.860589, abs=1e-5)


def test_cattle_herds() -> None:
    sick, size, period, herd = dataset(
        "lme4", "cbpp$incidence", "cbpp$size", "cbpp$period", "cbpp$herd"
    )
    n = size.astype(int)
    y = np.concatenate([np.arange(m) < k for k, m in zip(sick, n, strict=True)])
    X = np.repeat(np.column_stack([period > 0, *(period == k for k in (2, 3, 4))]), n, axis=0)
    fit = mixed.logistic_random_intercept(y, X.astype(float), np.repeat(herd, n), points=25)
    expected = [-1.39922373, -0.99140888, -1.12780959, -1.57948095]
    np.testing.assert_allclose(fit.coefficients, expected, atol=2e-4)
    errors = [0.23351138, 0.3067682, 0.32676716, 0.42759571]
    np.testing.assert_allclose(fit.standard_errors, errors, atol=2e-4)
    assert fit.sd == pytest.approx(0.64751991, abs=2e-4)


def test_wine() -> None:
    rating, warm, contact = dataset(
        "ordinal", "wine$rating", "wine$temp == 'warm'", "wine$contact == 'yes'"
    )
    fit = mixed.ordinal_logit(rating, np.column_stack([warm, contact]))
    # Randall 1989; Christensen's guide to ordinal::clm prints these.
    np.testing.assert_allclose(fit.coefficients, [2.503102, 1.527798], atol=1e-5)
    np.testing.assert_allclose(fit.standard_errors, [0.528680, 0.476623], atol=1e-5)
    thresholds = [-1.344383, 1.250809, 3.466887, 5.006404]
    np.testing.assert_allclose(fit.thresholds, thresholds, atol=1e-5)


def test_ohio() -> None:
    resp, age, smoke, child = dataset("geepack", "ohio$resp", "ohio$age", "ohio$smoke", "ohio$id")
    X = np.column_stack([np.ones(len(age)), age, smoke, age * smoke])
    fit = mixed.gee_logistic(resp, X, child)
    # Højsgaard, Halekoh & Yan 2006, J Stat Softw 15(2), with the digits of geepack 1.3.9.
    coefficients = [-1.900495179, -0.141235910, 0.313825788, 0.070831839]
    np.testing.assert_allclose(fit.coefficients, coefficients, atol=1e-8)
    errors = [0.119086982, 0.058200885, 0.187841815, 0.088278852]
    np.testing.assert_allclose(fit.standard_errors, errors, atol=1e-8)
    assert fit.correlation == pytest.approx(0.3546049821, abs=1e-9)
