"""One line per case: how many readers judged it, and how many said yes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FIRST_REAL = 4  # of the six levels of a turing part
COLUMNS = (
    "part", "part_kind", "case", "class", "arm", "source", "role", "prototype", "round", "outcome",
    "flags",
)  # fmt: skip


@dataclass(frozen=True)
class CaseLine:
    """Hold a case with its first showings; `n_yes` of `n_judged` readers said yes.

    Yes means plausible (plausibility, lesion), called real (turing), named as intended (identify)
    or acceptable (acceptability). `n_listed` counts the readers who had the case on their list.
    """

    part: int
    case: str
    class_code: str
    arm: str
    source: str
    role: str
    prototype: int | None
    round: int | None
    n_listed: int
    n_judged: int
    n_yes: int
    n_flags: int

    @property
    def share(self) -> float | None:
        """Give the share of yes among those who judged; None where nobody did."""
        return self.n_yes / self.n_judged if self.n_judged else None


def case_lines(frame: "pd.DataFrame", accept_at: float) -> tuple[CaseLine, ...]:
    """Return the cases of a snapshot by part and code; hidden repeats are left out.

    accept_at: rating from which an image counts as acceptable.
    """
    first = frame[frame["replicate"] == 0]
    lines: dict[tuple[int, str], dict[str, Any]] = {}
    for row, yes in zip(_rows(first), said_yes(first, accept_at), strict=True):
        line = lines.setdefault((row["part"], row["case"]), _opened(row))
        line["n_listed"] += 1
        line["n_judged"] += yes is not None
        line["n_yes"] += yes is True
        line["n_flags"] += len(row["flags"])
    ordered = sorted(lines, key=lambda key: (key[0], len(key[1]), key[1]))
    return tuple(CaseLine(**lines[key]) for key in ordered)


def said_yes(frame: "pd.DataFrame", accept_at: float) -> list[bool | None]:
    """Return whether each reader said yes; None where the answer is neither yes nor no."""
    import numpy as np

    kind = frame["part_kind"].to_numpy()
    turing, rating, verdict = (
        frame[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("turing", "rating", "verdict")
    )
    named = frame["perceived_class"].to_numpy(dtype=object)
    identified = np.where(named != "", named == frame["class"].to_numpy(dtype=object), np.nan)
    by_kind = {
        "turing": np.where(np.isnan(turing), np.nan, turing >= FIRST_REAL),
        "acceptability": np.where(np.isnan(rating), np.nan, rating >= accept_at),
        "identify": identified,
    }
    said = verdict
    for name, values in by_kind.items():
        said = np.where(kind == name, values.astype(float), said)
    answered = frame["outcome"].to_numpy() == "answered"
    found = np.where(answered, said, np.nan)
    return [None if np.isnan(value) else bool(value) for value in found]


def _rows(frame: "pd.DataFrame") -> Iterable[dict[str, Any]]:
    for values in zip(*(frame[name].tolist() for name in COLUMNS), strict=True):
        yield dict(zip(COLUMNS, values, strict=True))


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line of a case that nobody has judged yet."""
    facts = {name: row[name] for name in ("part", "case", "arm", "source", "role")}
    numbers = {name: _known(row[name]) for name in ("prototype", "round")}
    counts = dict.fromkeys(("n_listed", "n_judged", "n_yes", "n_flags"), 0)
    return {**facts, **numbers, **counts, "class_code": row["class"]}


def _known(value: Any) -> int | None:
    import pandas as pd

    return None if pd.isna(value) else int(value)
