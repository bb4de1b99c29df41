"""How many images of which class and prototype: from a command line, a file or a plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.runs.errors import RunRefused

MAX_IMAGES = 100_000


@dataclass(frozen=True)
class CellCount:
    """Counts of one class x prototype. Without screening, all generated images are shown."""

    code: str
    prototype: int
    n_generate: int
    n_show: int
    n_audit: int = 0


def parse_counts(text: str) -> dict[str, int]:
    """Read `BAS=20,EOS=20`, or a JSON file {"BAS": 20, ...}. Raises RunRefused."""
    if text.endswith(".json"):
        return _from_file(Path(text))
    counts: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        code, separator, number = part.partition("=")
        if not separator or not number.strip().isdecimal():
            raise RunRefused(f"{part!r} is no count; write CLASS=NUMBER, e.g. BAS=20,EOS=20.")
        if code.strip() in counts:
            raise RunRefused(f"Class {code.strip()!r} is counted twice; name it once.")
        counts[code.strip()] = int(number)
    return counts


def _from_file(path: Path) -> dict[str, int]:
    try:
        found: Any = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunRefused(f"{path} cannot be read ({error}). Give a JSON file.") from error
    is_fine = isinstance(found, dict) and all(
        isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in found.values()
    )
    if not is_fine:
        raise RunRefused(f'{path} must hold {{"CLASS": number, ...}} with whole numbers from 0.')
    return dict(found)


def spread(counts: Mapping[str, int], shares: Mapping[str, Sequence[float]]) -> list[CellCount]:
    """Split each class over its prototypes in proportion to the shares pi_ck of real images.

    Image i of n gets the prototype in whose slice of [0, 1) the point (i + .5) / n lies.
    """
    cells = []
    for code, n in counts.items():
        picked = [_prototype_at((i + 0.5) / n, shares.get(code) or [1.0]) for i in range(n)]
        for prototype in sorted(set(picked)):
            size = picked.count(prototype)
            cells.append(CellCount(code, prototype, n_generate=size, n_show=size))
    return cells


def _prototype_at(point: float, shares: Sequence[float]) -> int:
    total, edge = sum(shares), 0.0
    for prototype, share in enumerate(shares):
        edge += share / total
        if point < edge:
            return prototype
    return len(shares) - 1


def check_cells(cells: Sequence[CellCount], classes: Sequence[str], prototypes: int) -> None:
    """Raise RunRefused for unknown classes or prototypes, nothing to draw, or far too much."""
    unknown = sorted({cell.code for cell in cells} - set(classes))
    if unknown:
        raise RunRefused(
            f"The checkpoint has not learned {', '.join(unknown)}; it knows {', '.join(classes)}."
        )
    beyond = [cell for cell in cells if not 0 <= cell.prototype < prototypes]
    if beyond:
        raise RunRefused(
            f"Prototype {beyond[0].prototype} of {beyond[0].code} does not exist; "
            f"the checkpoint has {prototypes} per class."
        )
    total = sum(cell.n_generate for cell in cells)
    if not 1 <= total <= MAX_IMAGES:
        raise RunRefused(f"{total} images asked for; take 1 to {MAX_IMAGES} a run.")
