"""One modality analysed alone: its interval, its test against a constant, its equivalence."""

from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Literal

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_alpha, check_number, critical, upper_tail
from metrics.stats.result import READERS_LIKE_THESE, THESE_READERS, THIS_READER, Test
from metrics.stats.roc import limits_without_variance, tail_without_variance
from metrics.stats.turing import Equivalence, Measured

Assumption = Literal["random_both", "fixed_readers", "fixed_cases"]
ESTIMANDS: dict[Assumption, str] = {
    "random_both": READERS_LIKE_THESE,
    "fixed_readers": THESE_READERS,
    "fixed_cases": f"{READERS_LIKE_THESE}, on these cases only",
}
SAYS: dict[Assumption, str] = {
    "random_both": "random readers and cases",
    "fixed_readers": "fixed readers, random cases",
    "fixed_cases": "random readers, fixed cases",
}


@dataclass(frozen=True)
class Error:
    """Hold a standard error with its degrees of freedom (inf = normal)."""

    se: float
    df: float


@dataclass(frozen=True, kw_only=True)
class ConstantTest(Test):
    """Hold the test of one modality against a constant; statistic is t (z if df is inf)."""

    constant: float
    se: float
    df: float


@dataclass(frozen=True, kw_only=True)
class ModalityEstimate(Measured):
    """Hold one modality's mean over readers; low, high, se and df for random readers and cases.

    One reader: se and df are for this reader (random cases). `errors` holds the other analyses.
    `n_pairs` disjoint pairs (or cases) bound an estimate that has no estimated variance.
    """

    modality: str
    df: float
    level: float
    ms_reader: float
    var_error: float
    cov2: float
    n_pairs: int
    errors: dict[Assumption, Error] = field(compare=False)

    def interval(
        self, assume: Assumption = "random_both", level: float | None = None
    ) -> tuple[float, float]:
        """Give the limits under an assumption, cut at 0 and 1."""
        error = self._error(assume)
        return limits(self.estimate, error, level or self.level, self.n_pairs)

    def against(self, constant: float, assume: Assumption = "random_both") -> ConstantTest:
        """Test the mean over readers against a constant such as .5, two-sided.

        t = (estimate - constant) / se on Hillis's degrees of freedom. Without any estimated
        variance p comes from disjoint pairs and the statistic is its normal deviate.
        """
        from scipy.special import ndtri

        check_number(constant, "constant")
        error = self._error(assume)
        if error.se > 0:
            statistic = (self.estimate - constant) / error.se
            p = 2 * upper_tail(abs(statistic), error.df)
        else:
            p = min(1.0, 2 * tail_without_variance(self.estimate, constant, self.n_pairs))
            sign = 1.0 if self.estimate > constant else -1.0
            statistic = sign * max(0.0, -float(ndtri(p / 2))) if p > 0 else sign * inf
        low, high = self.interval(assume)
        return ConstantTest(
            estimate=self.estimate,
            low=low,
            high=high,
            method=f"{self.method}; t against {constant:g}, {SAYS[assume]}",
            statistic=statistic,
            p=p,
            constant=constant,
            se=error.se,
            df=error.df,
            n_images=self.n_images,
            n_readers=self.n_readers,
            n_readings=self.n_readings,
            n_missing=self.n_missing,
            estimand=self._estimand(assume),
            warnings=self.warnings,
        )

    def equivalence(
        self,
        constant: float,
        margin: float,
        *,
        alpha: float = 0.05,
        assume: Assumption = "random_both",
    ) -> Equivalence:
        """Test by two one-sided t tests whether the mean lies within constant +- margin.

        Same error and degrees of freedom as `against`; limits at 1 - 2 alpha.
        Raises ValueError for a margin that is not positive.
        """
        check_alpha(alpha)
        check_number(constant, "constant")
        if not check_number(margin, "margin") > 0:
            raise ValueError(f"Margin {margin} must be above 0.")
        error = self._error(assume)
        above = self._tail(self.estimate - (constant - margin), constant - margin, error)
        below = self._tail((constant + margin) - self.estimate, constant + margin, error)
        low, high = self.interval(assume, 1 - 2 * alpha)
        p = max(above, below)
        gap = min(self.estimate - constant + margin, constant + margin - self.estimate)
        return Equivalence(
            estimate=self.estimate,
            low=low,
            high=high,
            method=f"{self.method}; two one-sided t, {SAYS[assume]}",
            statistic=gap / error.se if error.se > 0 else 0.0,
            p=p,
            constant=constant,
            margin=margin,
            alpha=alpha,
            p_lower=above,
            p_upper=below,
            se=error.se,
            df=error.df,
            n_images=self.n_images,
            n_readers=self.n_readers,
            n_readings=self.n_readings,
            n_missing=self.n_missing,
            estimand=self._estimand(assume),
            warnings=self.warnings,
        )

    def _tail(self, gap: float, bound: float, error: Error) -> float:
        """Give the one-sided p-value of an estimate that lies `gap` inside a bound."""
        if error.se > 0:
            return upper_tail(gap / error.se, error.df)
        return tail_without_variance(self.estimate, bound, self.n_pairs) if gap > 0 else 1.0

    def _error(self, assume: Assumption) -> Error:
        if assume in self.errors:
            return self.errors[assume]
        if assume not in SAYS:
            raise ValueError(f"assume={assume!r} is unknown; choose one of {', '.join(SAYS)}.")
        raise InsufficientData(
            f"{SAYS[assume]}: {self.n_readers} reader of {self.n_images} cases says nothing of "
            f"other readers. Invite another reader, or assume='fixed_readers'."
        )

    def _estimand(self, assume: Assumption) -> str:
        return THIS_READER if self.n_readers == 1 else ESTIMANDS[assume]


def limits(estimate: float, error: Error, level: float, n_pairs: int) -> tuple[float, float]:
    """Give t limits cut at 0 and 1, or those of disjoint pairs where there is no variance."""
    if error.se == 0:
        return limits_without_variance(estimate, n_pairs, level)
    reach = critical(level, error.df) * error.se
    return max(0.0, estimate - reach), min(1.0, estimate + reach)


def single_errors(
    ms_reader: float, var_error: float, cov2: float, r: int
) -> dict[Assumption, Error]:
    """Give the single-modality errors (Hillis 2007; Hillis, Obuchowski & Berbaum 2011).

    Random both: SE^2 = (MS(R) + r max(cov2, 0)) / r on (MS(R) + r max(cov2, 0))^2 /
    (MS(R)^2 / (r - 1)) df. Fixed readers: SE^2 = (var + (r - 1) max(cov2, 0)) / r, normal. Fixed
    cases: SE^2 = MS(R) / r on r - 1 df. One reader has the fixed-readers error only, which then
    stands for "this reader" under random_both too.
    """
    shared = max(cov2, 0.0)
    fixed = Error(sqrt(max(0.0, var_error + (r - 1) * shared) / r), inf)
    if r == 1:
        return {"random_both": fixed, "fixed_readers": fixed}
    total = ms_reader + r * shared
    # Rounding leaves a trace where readers agree exactly.
    df = (r - 1) * (total / ms_reader) ** 2 if ms_reader > 1e-12 * total else inf
    both = Error(sqrt(total / r), df) if total > 0 else fixed
    return {
        "random_both": both,
        "fixed_readers": fixed,
        "fixed_cases": Error(sqrt(ms_reader / r), float(r - 1)),
    }
