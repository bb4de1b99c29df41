"""Small, constant, tied, huge and broken inputs: a bounded number or a named refusal, never NaN."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest

from metrics import images
from metrics.errors import InsufficientData

Sets = tuple[np.ndarray, np.ndarray, np.ndarray]


def enlarged(rows: np.ndarray) -> np.ndarray:
    """Turn rows of numbers into pictures (n, 12 d, 12) between -1 and 1."""
    return np.repeat(np.repeat(np.tanh(rows)[:, :, None], 12, axis=1), 12, axis=2)


FUNCTIONS: dict[str, Callable[[Sets], object]] = {
    "fid": lambda sets: images.fid(*sets[:2]),
    "fid_infinity": lambda sets: images.fid_infinity(*sets[:2], repeats=1),
    "kid": lambda sets: images.kid(*sets[:2]),
    "prdc": lambda sets: images.prdc(*sets[:2], k=2),
    "prdc_equal": lambda sets: images.prdc(*sets[:2], k=2, equal=True),
    "prdc_baseline": lambda sets: images.prdc_baseline(sets[0], k=1),
    "inception_score": lambda sets: images.inception_score(
        np.abs(sets[0]) / np.maximum(np.abs(sets[0]).sum(axis=1, keepdims=True), 1e-300)
    ),
    "copying": lambda sets: images.copying(*sets, fewest=2),
    "closest_pairs": lambda sets: images.closest_pairs(*sets),
    "authenticity": lambda sets: images.authenticity(*sets),
    "duplicates": lambda sets: images.duplicates(sets[0][:, None] * np.ones((1, 3, 1))),
    "diversity": lambda sets: images.diversity(
        enlarged(sets[0]), np.arange(len(sets[0])) % 2, data_range=2.0
    ),
    "similarity": lambda sets: images.similarity(
        enlarged(sets[0]), enlarged(np.resize(sets[1], sets[0].shape)), data_range=2.0
    ),
    "psnr": lambda sets: images.similarity(
        enlarged(sets[0]), enlarged(np.resize(sets[1], sets[0].shape)), "psnr", data_range=2.0
    ),
    "lesion_overlap": lambda sets: images.lesion_overlap(
        sets[0][:, None] > 1, np.resize(sets[1], sets[0].shape)[:, None] > 1
    ),
}


def drawn(rng: np.random.Generator) -> Sets:
    """Draw three small sets: few images, ties, constant columns, huge or tiny numbers."""
    d = int(rng.integers(1, 5))
    scale = 10.0 ** rng.choice([0, 0, 0, -9, 9])
    sets = []
    for _ in range(3):
        part = rng.normal(size=(rng.integers(1, 12), d)) * scale
        part = np.round(part) if rng.random() < 0.3 else part
        part[:, 0] = rng.choice([1.0, 0.0]) if rng.random() < 0.3 else part[:, 0]
        part = part[rng.integers(0, len(part), len(part))] if rng.random() < 0.3 else part
        sets.append(part * 0 + 2 if rng.random() < 0.1 else part)
    return sets[0], sets[1], sets[2]


def numbers_in(result: object) -> Iterator[float]:
    """Yield every float inside a result."""
    if isinstance(result, float):
        yield result
    elif dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from numbers_in(getattr(result, field.name))
    elif isinstance(result, Mapping):
        yield from numbers_in(tuple(result.values()))
    elif isinstance(result, tuple):
        for part in result:
            yield from numbers_in(part)


def attempt(name: str, sets: Sets) -> object:
    """Return the result, or the refusal."""
    try:
        return FUNCTIONS[name](sets)
    except InsufficientData as error:
        return error
    except ValueError as error:
        return error if name == "inception_score" else AssertionError(error)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_small_inputs_give_a_bounded_number_or_a_refusal_with_counts(name: str) -> None:
    rng = np.random.default_rng(11)
    results = [attempt(name, drawn(rng)) for _ in range(80)]
    answers = [result for result in results if not isinstance(result, Exception)]
    refusals = [result for result in results if isinstance(result, ValueError)]
    assert len(answers) + len(refusals) == 80
    assert len(answers) >= 10
    assert all(any(character.isdigit() for character in str(error)) for error in refusals)
    for result in answers:
        assert not any(math.isnan(number) for number in numbers_in(result))
        if isinstance(result, images.Measure):
            assert result.low <= result.estimate <= result.high


FEATURES = np.random.default_rng(1).normal(size=(30, 3))
TAKE_FEATURES: dict[str, Callable[[np.ndarray], object]] = {
    "fid real": lambda bad: images.fid(bad, FEATURES),
    "fid generated": lambda bad: images.fid(FEATURES, bad),
    "fid_infinity": lambda bad: images.fid_infinity(FEATURES, bad),
    "kid": lambda bad: images.kid(FEATURES, bad),
    "prdc": lambda bad: images.prdc(bad, FEATURES),
    "prdc_baseline": images.prdc_baseline,
    "copying": lambda bad: images.copying(FEATURES, bad, FEATURES),
    "closest_pairs": lambda bad: images.closest_pairs(bad, FEATURES, FEATURES),
    "authenticity": lambda bad: images.authenticity(FEATURES, FEATURES, bad),
    "inception_score": images.inception_score,
}
BROKEN: dict[str, tuple[object, str]] = {
    "nan": (np.where(np.arange(30)[:, None] < 2, np.nan, FEATURES), "2 of 30 rows of .* hold NaN"),
    "infinite": (np.where(np.arange(30)[:, None] < 1, np.inf, FEATURES), "1 of 30 rows"),
    "huge": (np.where(np.arange(30)[:, None] < 4, 1e25, FEATURES), "4 of 30 rows"),
    "flat": (FEATURES[0], r"shape \(3,\)"),
    "images": (np.ones((3, 4, 4)), r"shape \(3, 4, 4\)"),
    "empty": (np.ones((0, 3)), "0 features"),
    "text": ([["a", "b", "c"]], "must hold numbers"),
    "ragged": ([[1.0, 2.0, 3.0], [1.0]], "rows of one length"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", TAKE_FEATURES)
def test_broken_features_are_named(name: str, kind: str) -> None:
    bad, words = BROKEN[kind]
    with pytest.raises(ValueError, match=words):
        TAKE_FEATURES[name](bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(set(TAKE_FEATURES) - {"prdc_baseline", "inception_score"}))
def test_features_of_another_extractor_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=r"(one|the same) extractor"):
        TAKE_FEATURES[name](np.random.default_rng(2).normal(size=(30, 4)))


COUNTED: dict[str, Callable[[object], object]] = {
    "k": lambda n: images.prdc(FEATURES, FEATURES + 1, n),
    "k of the baseline": lambda n: images.prdc_baseline(FEATURES, n),
    "splits": lambda n: images.inception_score(np.full((9, 3), 1 / 3), n),
    "repeats": lambda n: images.fid_infinity(FEATURES, FEATURES + 1, repeats=n),
    "Sizes": lambda n: images.fid_infinity(FEATURES, FEATURES + 1, [10, 20, 25, n]),
    "fewest": lambda n: images.copying(FEATURES, FEATURES, FEATURES, fewest=n),
    "count": lambda n: images.closest_pairs(FEATURES, FEATURES, FEATURES, count=n),
    "distance": lambda n: images.duplicates(enlarged(FEATURES), distance=n),
    "most": lambda n: images.duplicates(enlarged(FEATURES), most=n),
    "most_pairs": lambda n: images.diversity(
        enlarged(FEATURES), [0] * 30, data_range=2, most_pairs=n
    ),
    "draws": lambda n: images.similarity(
        enlarged(FEATURES), enlarged(FEATURES + 1), data_range=2, draws=n
    ),
}


@pytest.mark.parametrize("value", ["five", None, 2.5, math.nan, -1])
@pytest.mark.parametrize("name", COUNTED)
def test_counts_that_are_no_whole_number_are_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"(?i){name.removesuffix(' of the baseline')} "):
        COUNTED[name](value)


@pytest.mark.parametrize("level", [0, 1, 1.5, -0.1, "high"])
def test_levels_are_checked(level: object) -> None:
    for function in (images.fid, images.kid, images.prdc):
        with pytest.raises(ValueError, match="level is"):
            function(FEATURES, FEATURES + 1, level=level)  # type: ignore[operator]
