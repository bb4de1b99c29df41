"""Read the counts file of `manage.py propose_plan` and write its answer.

    {"budget": 300, "config": {"m": 1}, "classes": [{"code": "BAS", "target": 100, "prototypes":
      [{"share": 0.5, "n": 40, "plausible": 30, "accepted": 30}]}]}

`budget` counts images to show. `config` and `round_no` may be left out, and so may n, plausible
and accepted of a prototype that nobody has read.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from generation.feedback.errors import PlanInputError
from generation.feedback.inputs import CONFIG_KEYS, CellCounts, ClassCounts, PlanConfig, PlanInput
from generation.feedback.plan import Plan

MAX_CHARACTERS = 20_000_000


def read_counts(text: str) -> PlanInput:
    """Parse a counts file. Raises PlanInputError with the place and the remedy."""
    if len(text) > MAX_CHARACTERS:
        raise PlanInputError(f"The file has {len(text)} characters; at most {MAX_CHARACTERS}.")
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except PlanInputError:
        raise
    except (json.JSONDecodeError, RecursionError) as error:
        raise PlanInputError(f"The file is not JSON: {error}.") from None
    except ValueError:  # an integer with more digits than Python converts
        raise PlanInputError("The file holds a number that is far too long.") from None
    top = _object(document, "the file", {"budget", "config", "classes", "round_no"})
    config = read_config(top.get("config", {}))
    round_no = top.get("round_no", 0)
    return PlanInput(
        budget=_whole(_required(top, "budget", "the file"), "budget"),
        config=config,
        round_no=_whole(round_no, "round_no"),
        classes=tuple(
            _class(entry, i) for i, entry in enumerate(_list(_required(top, "classes", "the file")))
        ),
    )


def _refuse_constant(name: str) -> NoReturn:
    raise PlanInputError(f"The file holds {name}; every number must be finite.")


def read_config(value: object) -> PlanConfig:
    """Read a config by its keys of the feedback design. Raises PlanInputError."""
    return PlanConfig(**_object(value, "config", set(CONFIG_KEYS)))


def _class(value: object, index: int) -> ClassCounts:
    where = f"class {index}"
    entry = _object(value, where, {"code", "target", "prototypes"})
    code = _required(entry, "code", where)
    cells = _list(_required(entry, "prototypes", where))
    return ClassCounts(
        code=code,
        target=_required(entry, "target", where),
        prototypes=tuple(_cell(cell, f"{where}, prototype {k}") for k, cell in enumerate(cells)),
    )


def _cell(value: object, where: str) -> CellCounts:
    cell = _object(value, where, {"share", "n", "plausible", "accepted"})
    _required(cell, "share", where)
    return CellCounts(**cell)


def _object(value: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PlanInputError(f"{where} is not an object with keys; see the example in --help.")
    unknown = sorted(set(value) - known)
    if unknown:
        raise PlanInputError(
            f"{where} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}."
        )
    return dict(value)


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise PlanInputError(f"classes and prototypes are lists, not {type(value).__name__}.")
    return value


def _required(entry: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in entry:
        raise PlanInputError(f"{where} has no {key!r}; add it.")
    return entry[key]


def _whole(value: object, name: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PlanInputError(f"{name} is {value!r}; give a whole number.")
    return value


def answer(plan: Plan) -> dict[str, Any]:
    """Return the plan in the layout that scripts read; rate is p~, not floored."""
    return {
        "total": plan.total,
        "classes": [
            {
                "code": entry.code,
                "prototypes": [
                    {
                        "show": cell.n_show,
                        "rate": cell.rate,
                        "need": cell.need,
                        "escalated": cell.escalated,
                    }
                    for cell in entry.cells
                ],
            }
            for entry in plan.classes
        ],
    }
