"""An answer as it arrives, before it is judged against the question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models


class CriterionState(models.TextChoices):
    """What a reader says of one criterion. Absent = not looked at."""

    PASSES = "passes"
    FAILS = "fails"
    NOT_JUDGEABLE = "not_judgeable"


class FindingState(models.TextChoices):
    """What a reader says of one finding; every asked one is answered."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_JUDGEABLE = "not_judgeable"


class Gestalt(models.TextChoices):
    """What a reader says of the image as a whole, after the criteria; enters no derived verdict."""

    PLAUSIBLE = "plausible"
    IMPLAUSIBLE = "implausible"


class Reason(models.TextChoices):
    """Why an image cannot be judged."""

    RESOLUTION = "resolution", "Too small or too coarse to see it"
    BLURRED = "blurred", "Out of focus or blurred"
    CUT = "cut", "Cut off or covered"
    EXPERTISE = "expertise", "Outside my experience"
    TECHNICAL = "technical", "Technical fault"
    OTHER = "other", "Something else (please add a note)"


# Derived by the server when every counting criterion, or every finding, was not judgeable.
NOTHING_JUDGEABLE = "nothing_judgeable"


@dataclass(frozen=True)
class Timing:
    """Times on the reader's clock (claims) and durations in milliseconds."""

    shown_at: datetime | None = None
    first_input_at: datetime | None = None
    committed_at: datetime | None = None
    active_ms: int | None = None
    visible_ms: int | None = None
    idle_ms: int | None = None
    wall_ms: int | None = None


@dataclass(frozen=True)
class Flag:
    """Something the reader noticed; `kind` is a CaseFlag.Kind."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Answer:
    """What the reader says. `value` is the level of a rating part; empty text means not given.

    `gestalt` is the overall verdict, where the part asks for one.
    `defect_at` is a point in a lesion part: (x, y) from the top left, as shares of the image.
    """

    criteria: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, str] = field(default_factory=dict)
    value: int | None = None
    perceived_class: str = ""
    gestalt: str = ""
    cannot_judge: str = ""
    note: str = ""
    flags: tuple[Flag, ...] = ()
    defect_at: tuple[float, float] | None = None
    timing: Timing = field(default_factory=Timing)
    context: Mapping[str, Any] = field(default_factory=dict)
