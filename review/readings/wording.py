"""The words of a study as its readers see them: those that were frozen when it was activated."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from review.readings.selectors import CriterionText
from review.studies.models import Study
from review.studies.wording import criterion_words, domain_words


@dataclass(frozen=True)
class ClassWords:
    """A class as it is named and described."""

    code: str
    name: str
    note: str
    expectations: dict[str, str]


NO_CLASS = ClassWords("", "", "", {})


@dataclass(frozen=True)
class Wording:
    """Question, preamble and display rules; classes in order; criteria with their texts."""

    header: dict[str, Any]
    classes: dict[str, ClassWords]
    criteria: list[CriterionText]


class Worded(Protocol):
    """What tells whose words are meant: a seat, or the part of a gallery."""

    @property
    def protocol_sha256(self) -> str: ...
    @property
    def domain_pk(self) -> int: ...
    @property
    def criterion_set_pk(self) -> int: ...


def wording_of(of: Worded) -> Wording:
    """Return the words of a study.

    A study that was activated before words were frozen falls back on its domain.
    """
    frozen = frozen_wording(of.protocol_sha256) if of.protocol_sha256 else None
    if frozen is not None:
        return frozen
    return _wording(domain_words(of.domain_pk), criterion_words(of.criterion_set_pk))


@lru_cache(maxsize=128)
def frozen_wording(protocol_sha256: str) -> Wording | None:
    """Return the words under a protocol's hash: one query per process, since they cannot change.

    Nothing else of the protocol is read. None: it was frozen before protocols held words.
    """
    columns = ("protocol__words", "protocol__criteria__criteria")
    words, criteria = Study.objects.values_list(*columns).filter(protocol_sha256=protocol_sha256)[0]
    return None if words is None else _wording(words, criteria)


def _wording(words: dict[str, Any], criteria: list[dict[str, Any]]) -> Wording:
    return Wording(
        header=words["header"],
        classes={row["code"]: ClassWords(**row) for row in words["classes"]},
        criteria=[CriterionText(**row) for row in criteria],
    )
