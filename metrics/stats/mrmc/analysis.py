"""The Obuchowski-Rockette analysis of a multi-reader multi-case study."""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from metrics.stats.intervals import check_level
from metrics.stats.mrmc.comparison import Compared, ModalityTest, compare, scales
from metrics.stats.mrmc.components import (
    MeanSquares,
    VarianceComponents,
    mean_squares,
    variance_components,
)
from metrics.stats.mrmc.covariance import METHODS, Method, contributions, covariances
from metrics.stats.mrmc.design import METRICS, Design, Metric, read_design, require_cases
from metrics.stats.mrmc.modality import (
    Assumption,
    ConstantTest,
    ModalityEstimate,
    limits,
    single_errors,
)
from metrics.stats.result import READERS_LIKE_THESE, THIS_READER, Estimate
from metrics.stats.roc import Floats
from metrics.stats.turing import Equivalence


@dataclass(frozen=True, kw_only=True)
class MultiReader(Estimate):
    """Hold the analysis; the headline is the modality's mean, or the first pair's difference.

    reader_estimates and reader_errors: modality x reader frames. covariance: (t*r, t*r) matrix of
    the estimates, modality-major. The three tests compare modalities and are None with one
    modality, with one reader (random readers), or where nothing varies (see `warnings`).
    """

    metric: Metric
    covariance_method: Method
    design: str
    reader_estimates: pd.DataFrame = field(compare=False)
    reader_errors: pd.DataFrame = field(compare=False)
    covariance: Floats = field(compare=False)
    mean_squares: MeanSquares
    components: VarianceComponents
    modalities: list[ModalityEstimate]
    random_both: ModalityTest | None
    fixed_readers: ModalityTest | None
    fixed_cases: ModalityTest | None

    def against(
        self,
        constant: float = 0.5,
        *,
        modality: Hashable = None,
        assume: Assumption = "random_both",
    ) -> ConstantTest:
        """Test one modality's mean against a constant; see `ModalityEstimate.against`."""
        return self._modality(modality).against(constant, assume)

    def equivalence(
        self,
        constant: float,
        margin: float,
        *,
        modality: Hashable = None,
        alpha: float = 0.05,
        assume: Assumption = "random_both",
    ) -> Equivalence:
        """Test whether one modality's mean lies within constant +- margin (two one-sided t)."""
        return self._modality(modality).equivalence(constant, margin, alpha=alpha, assume=assume)

    def _modality(self, name: Hashable) -> ModalityEstimate:
        if name is None and len(self.modalities) == 1:
            return self.modalities[0]
        labels = self.reader_estimates.index
        for label, one in zip(labels, self.modalities, strict=True):
            if name is not None and (label == name or one.modality == str(name)):
                return one
        said = "No modality is named" if name is None else f"Modality {name!r} is not among them"
        raise ValueError(
            f"{said}: the study has {len(labels)} modalities, {', '.join(map(str, labels))}; name "
            f"the one to test, for example modality={self.modalities[0].modality!r}."
        )


def obuchowski_rockette(
    frame: pd.DataFrame,
    covariance: Method = "jackknife",
    metric: Metric = "auc",
    positive_at: float = 0.5,
    *,
    level: float = 0.95,
) -> MultiReader:
    """Analyse readings of several readers on shared cases, in one or more modalities.

    frame: one row per reading with columns reader, case, truth (0/1), rating and, for more than
    one, modality. AUC ranks ratings; the other metrics call a case positive when its rating is
    above positive_at. Cells may be missing; every reader must read some cases in each modality.
    Model of Obuchowski & Rockette (1995) with the degrees of freedom of Hillis (2007) and the
    single-modality forms of Hillis, Obuchowski & Berbaum (2011). Limits are t, cut at 0 and 1
    for a modality. Raises InsufficientData below 2 cases of a kind in any cell and ValueError
    for a malformed frame or an unknown method.
    """
    _check(covariance, metric, positive_at, level)
    design = read_design(frame)
    require_cases(design, metric)
    parts = contributions(design, metric, positive_at)
    matrix = covariances(parts, covariance)
    table = parts.estimates.reshape(design.shape)
    squares = mean_squares(table)
    components = variance_components(squares, matrix, design.shape, design.nesting)
    warnings = _warnings(design, components)
    modalities = [
        _modality(design, m, table, matrix, _Setting(covariance, metric, positive_at, level))
        for m in range(len(design.modalities))
    ]
    tests, silent = _tests(design, table, squares, components, (_disjoint(design, metric), level))
    head = next((test for test in tests.values() if test), None) or modalities[0]
    return MultiReader(
        estimate=head.estimate,
        low=head.low,
        high=head.high,
        method=f"Obuchowski-Rockette {metric}, {covariance} covariances, Hillis df",
        n_images=len(design.cases),
        n_readers=len(design.readers),
        n_readings=design.n_readings,
        n_missing=design.missing,
        estimand=head.estimand,
        warnings=warnings + silent,
        metric=metric,
        covariance_method=covariance,
        design=design.nesting,
        reader_estimates=_frame(table, design),
        reader_errors=_frame(np.sqrt(np.clip(np.diag(matrix), 0, None)), design),
        covariance=matrix,
        mean_squares=squares,
        components=components,
        modalities=modalities,
        random_both=tests.get("random_both"),
        fixed_readers=tests.get("fixed_readers"),
        fixed_cases=tests.get("fixed_cases"),
    )


def _check(covariance: str, metric: str, positive_at: float, level: float) -> None:
    if covariance not in METHODS or metric not in METRICS:
        raise ValueError(
            f"covariance={covariance!r}, metric={metric!r}: use one of {METHODS} and {METRICS}."
        )
    check_level(level)
    if math.isnan(positive_at):
        raise ValueError("positive_at is missing; give the rating above which a case is positive.")


@dataclass(frozen=True)
class _Setting:
    covariance: Method
    metric: Metric
    positive_at: float
    level: float


def _modality(
    design: Design, m: int, table: Floats, matrix: Floats, setting: _Setting
) -> ModalityEstimate:
    """Analyse modality m alone, on its block of the covariance matrix."""
    r = len(design.readers)
    block = matrix[m * r : (m + 1) * r, m * r : (m + 1) * r]
    alone = design.only(m)
    squares = mean_squares(table[m : m + 1])
    parts = variance_components(squares, block, (1, r), design.nesting)
    errors = single_errors(squares.reader, parts.var_error, parts.cov2, r)
    main, estimate = errors["random_both"], float(table[m].mean())
    n_pairs = _disjoint(alone, setting.metric)
    low, high = limits(estimate, main, setting.level, n_pairs)
    flat = (f"no variance between {n_pairs} cases or pairs: limits are exact bounds",)
    return ModalityEstimate(
        estimate=estimate,
        low=low,
        high=high,
        method=f"single-modality Obuchowski-Rockette {setting.metric}, {setting.covariance}",
        n_images=len(alone.cases),
        n_readers=r,
        n_readings=alone.n_readings,
        n_missing=alone.missing,
        estimand=THIS_READER if r == 1 else READERS_LIKE_THESE,
        warnings=_reader_warnings(r) + (() if main.se > 0 else flat),
        se=main.se,
        modality=str(design.modalities[m]),
        df=main.df,
        level=setting.level,
        ms_reader=squares.reader,
        var_error=parts.var_error,
        cov2=parts.cov2,
        n_pairs=n_pairs,
        errors=errors,
    )


def _tests(
    design: Design,
    table: Floats,
    squares: MeanSquares,
    components: VarianceComponents,
    bounds: tuple[int, float],
) -> tuple[dict[Assumption, ModalityTest | None], tuple[str, ...]]:
    """Compare the modalities in every way the design allows, and say which could not be.

    bounds: how many units limit a difference without variance, and the level.
    """
    t, r = design.shape
    if t == 1:
        return {}, ()
    compared = Compared(
        table=table,
        modalities=tuple(map(str, design.modalities)),
        ms_modality=squares.modality,
        n_units=bounds[0],
        level=bounds[1],
        shared={
            "n_images": len(design.cases),
            "n_readers": r,
            "n_readings": design.n_readings,
            "n_missing": design.missing,
        },
        warnings=_reader_warnings(r),
    )
    ways = scales(squares, components, t, r)
    tests = {way: compare(compared, way, scale) for way, scale in ways.items()}
    silent = tuple(
        f"{way}: modalities differ without any variance to judge it by; no test"
        for way, test in tests.items()
        if test is None
    )
    head = next((test for test in tests.values() if test), None)
    return tests, silent + (head.warnings[len(compared.warnings) :] if head else ())


def _disjoint(design: Design, metric: Metric) -> int:
    """Count the fewest independent cases (or disjoint pairs, for areas) of any reader."""
    read = ~np.isnan(design.ratings)
    n1 = int((read & design.positive).sum(axis=2).min())
    n0 = int((read & ~design.positive).sum(axis=2).min())
    least = {
        "auc": min(n1, n0),
        "accuracy": int(read.sum(axis=2).min()),
        "sensitivity": n1,
        "specificity": n0,
    }
    return least[metric]


def _reader_warnings(r: int) -> tuple[str, ...]:
    if r == 1:
        return ("1 reader: speaks of this reader only",)
    if r == 2:
        return ("2 readers: about 1 degree of freedom, read the interval with care",)
    return ()


def _warnings(design: Design, components: VarianceComponents) -> tuple[str, ...]:
    t, r = design.shape
    notes = list(_reader_warnings(r))
    if t > 1 and r > 1 and components.cov2 < components.cov3:
        notes.append("cov2 is below cov3: their difference was taken as 0 for random readers")
    if r > 1 and components.var_reader < 0:
        notes.append("the estimated reader variance is below 0: readers vary less than expected")
    if design.nesting != "crossed":
        notes.append(f"design: {design.nesting}; covariances between different cases are 0")
    if design.missing:
        notes.append(f"{design.missing} readings are missing")
    return tuple(notes)


def _frame(values: Floats, design: Design) -> pd.DataFrame:
    return pd.DataFrame(
        values.reshape(design.shape),
        index=pd.Index(design.modalities, name="modality"),
        columns=pd.Index(design.readers, name="reader"),
    )
