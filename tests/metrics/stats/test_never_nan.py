"""Small, ragged, constant and empty inputs: a bounded number or InsufficientData, never NaN."""

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from metrics.errors import InsufficientData
from metrics.stats import agreement, comparison, confusion, likert, proportions

Function = Callable[[np.ndarray], object]


def tidy(grid: np.ndarray) -> pd.DataFrame:
    case, reader = np.indices(grid.shape)
    marks = np.where(np.isnan(grid), np.nan, grid > 0)
    return pd.DataFrame({"case": case.ravel(), "reader": reader.ravel(), "value": marks.ravel()})


def table(grid: np.ndarray) -> np.ndarray:
    return np.resize(np.nan_to_num(grid), (2, 2, 2))


def several_answers(grid: np.ndarray) -> object:
    frame = tidy(grid)
    return confusion.confusion(
        frame["case"] % 2, frame["value"], cases=frame["case"], readers=frame["reader"], draws=20
    )


FUNCTIONS: dict[str, Function] = {
    "multi_reader_rate": lambda grid: proportions.multi_reader_rate(tidy(grid)),
    "clustered_rate": lambda grid: proportions.clustered_rate(tidy(grid).value, tidy(grid).case),
    "cr2": lambda grid: proportions.clustered_rate(tidy(grid).value, tidy(grid).case, "cr2"),
    "post_stratified_rate": lambda grid: proportions.post_stratified_rate(
        tidy(grid).value, 1 / (1 + tidy(grid).case)
    ),
    "cmh": lambda grid: comparison.cmh(table(grid)),
    "risk_difference_mh": lambda grid: comparison.risk_difference_mh(table(grid)),
    "mcnemar": lambda grid: comparison.mcnemar(table(grid)[0]),
    "percent_agreement": agreement.percent_agreement,
    "gwet_ac": agreement.gwet_ac,
    "gwet_ac2": lambda grid: agreement.gwet_ac(grid, "quadratic"),
    "fleiss_kappa": agreement.fleiss_kappa,
    "alpha": lambda grid: agreement.krippendorff_alpha(grid, "ordinal", draws=20),
    "light_kappa": lambda grid: agreement.light_kappa(grid, draws=20),
    "cohen_kappa": lambda grid: agreement.cohen_kappa(grid[:, 0], grid[:, -1], "linear"),
    "icc": agreement.icc,
    "majority": lambda grid: likert.majority_acceptability(grid, 1, 2),
    "confusion": several_answers,
}


def numbers_in(result: object) -> Iterator[float]:
    """Yield every float inside a result."""
    if isinstance(result, float):
        yield result
    elif dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from numbers_in(getattr(result, field.name))
    elif isinstance(result, dict):
        yield from numbers_in(tuple(result.values()))
    elif isinstance(result, tuple):
        for part in result:
            yield from numbers_in(part)


def attempt(function: Function, grid: np.ndarray) -> tuple[object, str | None]:
    """Return the result, or None and the words of the refusal."""
    try:
        return function(grid), None
    except InsufficientData as error:
        return None, str(error)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_small_inputs_give_a_bounded_number_or_a_refusal_with_counts(name: str) -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        shape = (rng.integers(1, 8), rng.integers(1, 5))
        grid = rng.integers(0, rng.integers(1, 4) + 1, shape).astype(float)
        grid[rng.random(shape) < rng.choice([0, 0.2, 0.7])] = np.nan
        result, refusal = attempt(FUNCTIONS[name], grid)
        assert refusal is None or any(character.isdigit() for character in refusal)
        assert not any(math.isnan(number) for number in numbers_in(result))
        if hasattr(result, "low"):
            assert result.low <= result.estimate <= result.high
