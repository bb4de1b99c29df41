"""Invented snapshots of any size, for tests and benchmarks of reports. Seeded, no database."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Row = dict[str, Any]
CRITERIA = ("size", "nucleus", "cytoplasm", "chromatin")


@dataclass(frozen=True)
class World:
    """Describe a study to invent: who reads how many images of which arms and classes."""

    readers: int = 3
    classes: int = 3
    per_cell: int = 20
    arms: tuple[tuple[str, str, float], ...] = (
        ("real", "real", 0.9),
        ("early", "synthetic", 0.5),
        ("late", "synthetic", 0.7),
    )
    kinds: tuple[str, ...] = ("plausibility", "turing")
    repeats: float = 0.1
    controls: int = 2
    cannot_judge: float = 0.03
    missing: float = 0.02
    screened: tuple[str, ...] = ()
    seed: int = 7
    plan: dict[str, Any] = field(default_factory=lambda: {"margin": 0.1, "alpha": 0.05})

    @property
    def class_codes(self) -> list[str]:
        return [f"C{i:02d}" for i in range(self.classes)]


def facts_of(world: World) -> dict[str, Any]:
    """Return what unblinding would freeze beside the rows."""
    codes = [*world.class_codes, "OTH"]
    return {
        "facts": {
            "title": "Invented study",
            "slug": "invented",
            "classes": [{"code": c, "name": f"Class {c}", "certainty": "high"} for c in codes],
            "arms": [
                {"code": code, "label": code.title(), "source": source, "is_phantom": False}
                for code, source, _ in world.arms
            ],
            "criteria": [{"code": c, "label": c.title(), "counts": True} for c in CRITERIA],
            "analysis_plan": world.plan,
            "parts": [
                {"order": i, "kind": kind, "scale": ["1", "2", "3", "4", "5"]}
                for i, kind in enumerate(world.kinds, start=1)
            ],
        },
        "flow": {
            "parts": [],
            "readers": {"seats": world.readers, "withdrawn_kept": 0, "withdrawn_removed": 0},
            "withdrawn_without_consent": 0,
            "simulated_readers": [],
        },
    }


def rows_of(world: World) -> Iterator[Row]:
    """Yield the rows in a snapshot's order. Images have a quality, readers a strictness."""
    rng = np.random.default_rng(world.seed)
    strictness = rng.normal(0, 0.3, world.readers)
    for order, kind in enumerate(world.kinds, start=1):
        cases = _cases(world, order, kind, rng)
        for reader in range(world.readers):
            yield from _readings(world, (order, kind), cases, (reader, strictness[reader]), rng)


def _cases(world: World, order: int, kind: str, rng: np.random.Generator) -> list[Row]:
    cases = []
    for arm, source, rate in world.arms:
        for code in world.class_codes:
            for _ in range(world.per_cell):
                cases.append(_case(world, (arm, source, rate), code, rng))
    if kind == "plausibility":
        for index in range(world.controls):
            wrong = _case(world, ("real", "real", 0.05), world.class_codes[0], rng)
            cases.append(wrong | {"role": "control", "truth_class": "OTH", "full_form": index == 0})
    order_of = rng.permutation(len(cases))
    names = {int(place): f"C{number:04d}" for number, place in enumerate(order_of, start=1)}
    return [
        case | {"case": names[i], "image": hashlib.sha256(f"{order}/{i}".encode()).hexdigest()[:32]}
        for i, case in enumerate(cases)
    ]


def _case(world: World, arm: tuple[str, str, float], code: str, rng: np.random.Generator) -> Row:
    name, source, rate = arm
    logit = np.log(rate / (1 - rate)) + rng.normal(0, 0.8)
    probability = float(rng.choice([0.25, 0.5, 1.0])) if name in world.screened else None
    return {
        "arm": name,
        "source": source,
        "is_phantom": False,
        "class": code,
        "truth_class": code,
        "role": "main",
        "full_form": bool(rng.random() < 0.15),
        "prototype": None if source == "real" else int(rng.integers(4)),
        "round": None if source == "real" else 1,
        "model_version": "",
        "cluster_key": "",
        "stratum": "" if probability is None else f"s{probability}",
        "inclusion_probability": probability,
        "covariates": {},
        "quality": logit,
    }


def _readings(
    world: World,
    part: tuple[int, str],
    cases: list[Row],
    reader: tuple[int, float],
    rng: np.random.Generator,
) -> Iterator[Row]:
    shown = [(case, 0) for case in cases]
    again = rng.permutation(len(cases))[: int(world.repeats * len(cases))]
    shown += [(cases[int(i)], 1) for i in again if cases[int(i)]["role"] == "main"]
    for position, index in enumerate(rng.permutation(len(shown)), start=1):
        case, replicate = shown[int(index)]
        yield _reading(world, part, case, (reader, position, replicate), rng)


def _reading(
    world: World,
    part: tuple[int, str],
    case: Row,
    seat: tuple[tuple[int, float], int, int],
    rng: np.random.Generator,
) -> Row:
    (reader, strictness), position, replicate = seat
    draw = rng.random()
    outcome = "answered"
    if draw < world.missing:
        outcome = "missing"
    elif draw < world.missing + world.cannot_judge:
        outcome = "cannot_judge"
    answered = outcome == "answered"
    quality = case["quality"] - strictness + rng.logistic(0, 0.6)
    time = int(1500 * np.exp(rng.normal(0, 0.4) - 0.0005 * position))
    row = {name: value for name, value in case.items() if name != "quality"}
    return row | {
        "reader": f"R{reader + 1:02d}",
        "reader_simulated": False,
        "part": part[0],
        "part_kind": part[1],
        "session": 0,
        "position": position,
        "replicate": replicate,
        "revision": 0 if outcome == "missing" else 1,
        "outcome": outcome,
        "reason": "blurred" if outcome == "cannot_judge" else "",
        "counting": list(CRITERIA) if part[1] == "plausibility" else [],
        "flags": [],
        "active_ms": time if answered else None,
        "visible_ms": time if answered else None,
        "idle_ms": 0 if answered else None,
        "wall_ms": time if answered else None,
        "received_at": f"2026-01-{1 + position % 27:02d}T10:00:00+00:00" if answered else None,
        "rendition_sha256": case["image"],
        "pixel_sha256": case["image"],
        "protocol_sha256": "f" * 64,
        "source_of_reading": "screen" if answered else "",
        **_answers(part[1], case, (quality, answered), rng),
    }


def _answers(kind: str, case: Row, given: tuple[float, bool], rng: np.random.Generator) -> Row:
    quality, answered = given
    row: Row = {
        "verdict": None,
        "criteria": {},
        "turing": None,
        "rating": None,
        "perceived_class": "",
    }
    if not answered:
        return row
    if kind in ("plausibility", "lesion"):
        row["verdict"] = bool(quality > 0)
        row["criteria"] = _criteria(row["verdict"], case["full_form"], rng)
    elif kind == "turing":
        row["turing"] = int(np.clip(round(3.5 + quality * 0.8), 1, 6))
    elif kind == "acceptability":
        row["rating"] = int(np.clip(round(3.5 + quality), 1, 5))
    elif kind == "identify":
        row["perceived_class"] = case["class"] if quality > -1 else "OTH"
    return row


def _criteria(verdict: bool, full: bool, rng: np.random.Generator) -> dict[str, str]:
    failed = "" if verdict else str(rng.choice(CRITERIA))
    if full:
        return {code: "fails" if code == failed else "passes" for code in CRITERIA}
    return {failed: "fails"} if failed else {}
