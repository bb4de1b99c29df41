"""Parse the form of a new study: a few words, pools as arms, parts, counts."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.http import QueryDict

from review.catalog.models import Domain, ImageClass, Pool
from review.studies.availability import count_pools
from review.studies.errors import BadProtocol
from review.studies.models import Part, Study
from review.studies.selectors.pages import Cell, PartTable, Row, summarise
from review.studies.services.build import Counts
from review.studies.services.design import PartDesign, StudyDesign, fill_counts

ARM_FIELD = re.compile(r"^pool_([a-z0-9-]{1,40})$")
DEFAULT_ARMS = ("real", "early", "late", "other")
DEFAULT_PARTS = (Part.Kind.PLAUSIBILITY.value, Part.Kind.TURING.value)
PER_CLASS = {Part.Kind.PLAUSIBILITY.value: 20, Part.Kind.TURING.value: 10}
MAX_COUNT, MAX_DIGITS = 100_000, 18


@dataclass
class NewStudyForm:
    """The form as sent, the choices it offers, and what is wrong with it."""

    sent: QueryDict
    fill: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.domains = list(Domain.objects.order_by("name"))
        self.domain = self._domain()
        self.pools = self._pools()
        self.arms = self._arms()
        self.kinds = self._kinds()
        self.tables: list[PartTable] = []
        self.counts: dict[str, Counts] = {}
        if self.arms:
            self._count()

    @property
    def title(self) -> str:
        return self.value("title")

    @property
    def purpose(self) -> str:
        return self.value("purpose", Study.Purpose.LOOP)

    @property
    def intro(self) -> str:
        return self.value("intro")

    @property
    def min_readers(self) -> int:
        return max(1, self.number("min_readers", 1))

    @property
    def purposes(self) -> list[tuple[str, str]]:
        return [one for one in Study.Purpose.choices if one[0] != Study.Purpose.PILOT]

    @property
    def all_kinds(self) -> list[tuple[str, str, bool, int]]:
        """Return (kind, label, chosen, per class) of every kind of part."""
        return [
            (kind, label.capitalize(), kind in self.kinds, self.per_class(kind))
            for kind, label in Part.Kind.choices
        ]

    @property
    def arm_fields(self) -> list[tuple[str, str, str]]:
        """Return (code, field, chosen pool) of every arm that the page offers."""
        codes = [*DEFAULT_ARMS, *(code for code in self.arms if code not in DEFAULT_ARMS)]
        return [(code, f"pool_{code}", self.sent.get(f"pool_{code}", "")) for code in codes]

    def value(self, name: str, default: str = "") -> str:
        return str(self.sent.get(name, default))

    def per_class(self, kind: str) -> int:
        return self.number(f"per_class_{kind}", PER_CLASS.get(kind, 10))

    def number(self, name: str, default: int) -> int:
        """Return a whole number; a wrong one is an error of its field."""
        text = self.sent.get(name, "").strip()
        if not text:
            return default
        if not text.isdecimal() or len(text) > MAX_DIGITS or int(text) > MAX_COUNT:
            self.errors[name] = (
                f"{_what(name)}: {text[:20]!r} is no whole number from 0 to {MAX_COUNT}."
            )
            return default
        return int(text)

    def design(self) -> StudyDesign | None:
        """Return the design, or None with `errors` filled in."""
        if not self.title.strip():
            self.errors["title"] = "Give the study a title: in a few words, what is compared."
        if self.domain is None:
            self.errors["domain"] = "Choose the domain that the images belong to."
        if not self.arms:
            self.errors["arms"] = "Choose at least one pool; real and synthetic ones to compare."
        if not self.kinds:
            self.errors["parts"] = "Choose at least one part."
        seed = self.number("seed", -1)
        settings: dict[str, Any] = {"intro": self.intro, "min_readers": self.min_readers}
        if self.errors or self.domain is None:
            return None
        return StudyDesign(
            title=self.title,
            domain=self.domain,
            purpose=self.purpose,
            arms=self.arms,
            parts=tuple(
                PartDesign(kind, self.counts[kind], self._protocol(kind)) for kind in self.kinds
            ),
            settings=settings,
            seed=None if seed < 0 else seed,
        )

    def _protocol(self, kind: str) -> dict[str, Any]:
        protocol: dict[str, Any] = {}
        readings = self.number(f"readings_per_case_{kind}", 0)
        if readings:
            protocol["readings_per_case"] = readings
        percent = self.number(f"repeats_{kind}", 0)
        if percent:
            protocol["repeat_fraction"] = percent / 100
        return protocol

    def _domain(self) -> Domain | None:
        code = self.value("domain")
        if not code and len(self.domains) == 1:
            return self.domains[0]
        return next((d for d in self.domains if d.code == code), None)

    def _pools(self) -> list[Pool]:
        if self.domain is None:
            return []
        ready = Pool.objects.filter(domain=self.domain, state=Pool.State.COMPLETE)
        return list(ready.order_by("source", "-created_at"))

    def _arms(self) -> dict[str, Pool]:
        by_uuid = {str(pool.uuid): pool for pool in self.pools}
        arms: dict[str, Pool] = {}
        for name in self.sent:
            match, chosen = ARM_FIELD.match(name), self.value(name)
            if not match or not chosen:
                continue
            if chosen not in by_uuid:
                if not self.fill:  # a refresh clears the choice, as of another domain
                    self.errors[name] = (
                        f"Arm {match[1]}: pool {_pool_name(chosen)} is not complete, or of "
                        "another domain. Choose one from the list."
                    )
            elif by_uuid[chosen] in arms.values():
                self.errors[name] = (
                    f"Arm {match[1]}: pool “{by_uuid[chosen].name}” is an arm already. Choose "
                    "another one."
                )
            else:
                arms[match[1]] = by_uuid[chosen]
        return {code: arms[code] for code in sorted(arms, key=_arm_order)}

    def _kinds(self) -> list[str]:
        sent = self.sent.getlist("parts")
        chosen = sent if sent or "title" in self.sent else list(DEFAULT_PARTS)
        return [kind for kind in Part.Kind.values if kind in chosen]

    def _count(self) -> None:
        """Fill the tables: sent numbers, or the default for every class that has images."""
        available = _by_arm(count_pools(list(self.arms.values()), []), self.arms)
        classes = self._classes(available)
        left = dict(available)
        sources = {code: str(pool.source) for code, pool in self.arms.items()}
        kept = self._kept(available) if self.fill else {}
        for kind in self.kinds:
            codes = [c.code for c in classes]
            later = self.kinds[self.kinds.index(kind) + 1 :]
            free = _without(left, [kept[other] for other in later if other in kept])
            filled = fill_counts(kind, sources, codes, self.per_class(kind), free)
            by_hand = kept.get(kind, {})
            taken = filled | {cell: n for cell, n in by_hand.items() if cell in filled}
            left = _without(left, [taken])
            counts = taken if self.fill else self._sent_counts(kind, filled)
            self.counts[kind] = counts
            rows = [_row(kind, c, list(sources), counts, available) for c in classes]
            table = summarise(kind, rows, list(sources.values()))
            short = _is_short(kind, sources, filled, by_hand, self.per_class(kind))
            self.tables.append(
                replace(table, filled=self._filled(kind, filled, by_hand), is_short=short)
            )

    def _kept(self, available: Mapping[tuple[str, str], int]) -> dict[str, Counts]:
        """Return the counts typed by hand: those that differ from what the last fill put there.

        One that asks for more than the arm has is cut, and a note says so.
        """
        left, kept = dict(available), {}
        for kind in self.kinds:
            counts: Counts = {}
            for (arm, name), n in self._typed(kind).items():
                counts[arm, name] = min(n, left.get((arm, name), 0))
                if counts[arm, name] < n:
                    what = _what(f"count_{kind}_{arm}_{name}")
                    there = counts[arm, name]
                    self.notes.append(f"{what}: {n} asked, {there} left; set to {there}.")
            left = _without(left, [counts])
            kept[kind] = counts
        return kept

    def _typed(self, kind: str) -> Counts:
        if f"filled_{kind}" not in self.sent:
            return {}
        last, counts = self._last_fill(kind), {}
        for name in self.sent:
            text = self.value(name).strip()
            if name.startswith(f"count_{kind}_") and f"{name}={text}" not in last:
                arm, _, code = name.removeprefix(f"count_{kind}_").partition("_")
                if text.isdecimal() and len(text) <= MAX_DIGITS and arm in self.arms:
                    counts[arm, code] = int(text)
        return counts

    def _last_fill(self, kind: str) -> list[str]:
        return self.value(f"filled_{kind}").split()

    def _filled(self, kind: str, filled: Counts, by_hand: Counts) -> str:
        """Return what the fill put where, as `field=n`; the page sends it back."""
        if not self.fill and f"filled_{kind}" in self.sent:
            return " ".join(self._last_fill(kind))
        cells = {cell: n for cell, n in filled.items() if cell not in by_hand}
        return " ".join(f"count_{kind}_{arm}_{name}={n}" for (arm, name), n in cells.items())

    def _sent_counts(self, kind: str, filled: Counts) -> Counts:
        return {
            (arm, name): self.number(f"count_{kind}_{arm}_{name}", default)
            for (arm, name), default in filled.items()
        }

    def _classes(self, available: Mapping[tuple[str, str], int]) -> list[ImageClass]:
        """Return evaluated classes: those sent as `classes`, else those with images."""
        assert self.domain is not None  # noqa: S101  arms exist only within a domain
        chosen = set(self.sent.getlist("classes")) or {name for _, name in available}
        evaluated = self.domain.classes.filter(role=ImageClass.Role.EVALUATED).order_by("order")
        return [c for c in evaluated if c.code in chosen]


def _what(name: str) -> str:
    """Return what a number's field is called on the page."""
    if name == "min_readers":
        return "Readers needed to start"
    if name.startswith("count_"):
        _, kind, arm, code = name.split("_", 3)
        return f"{code} from {arm} in {kind}"
    if name.startswith("per_class_"):
        return f"Images per class in {name.removeprefix('per_class_')}"
    return name.replace("_", " ").capitalize()


def _is_short(
    kind: str, sources: Mapping[str, str], filled: Counts, by_hand: Counts, per_class: int
) -> bool:
    """Say whether a fill gave some class less than was asked, for want of images."""
    if kind != Part.Kind.TURING:
        return any(n < per_class for cell, n in filled.items() if cell not in by_hand)
    if len(set(sources.values())) < 2:
        return False
    real: Counter[str] = Counter()
    for (arm, name), n in filled.items():
        real[name] += n if sources[arm] == Pool.Source.REAL else 0
    return any(n < per_class for n in real.values())


def _pool_name(uuid: str) -> str:
    """Return a pool's name in quotes, or what was sent where there is none."""
    try:
        pool = Pool.objects.filter(uuid=UUID(uuid)).first()
    except ValueError:
        pool = None
    return f"“{pool.name}”" if pool else repr(uuid[:40])


def _without(left: Mapping[tuple[str, str], int], taken: Sequence[Counts]) -> Counts:
    """Return what is left in every cell once these counts are taken."""
    return {cell: n - sum(counts.get(cell, 0) for counts in taken) for cell, n in left.items()}


def _by_arm(
    counts: dict[tuple[int, str], int], arms: dict[str, Pool]
) -> dict[tuple[str, str], int]:
    code_of = {pool.pk: code for code, pool in arms.items()}
    return {(code_of[pool], name): n for (pool, name), n in counts.items()}


def _arm_order(code: str) -> tuple[int, str]:
    known = DEFAULT_ARMS.index(code) if code in DEFAULT_ARMS else len(DEFAULT_ARMS)
    return known, code


def _row(
    kind: str,
    image_class: ImageClass,
    arms: list[str],
    counts: Counts,
    available: Mapping[tuple[str, str], int],
) -> Row:
    code = image_class.code
    cells = [
        Cell(
            arm,
            f"count_{kind}_{arm}_{code}",
            counts[arm, code],
            available.get((arm, code), 0),
        )
        for arm in arms
    ]
    return Row(code, image_class.name, cells, image_class.label_certainty)


def sent_counts(sent: QueryDict, arms: list[str], classes: list[str]) -> Counts:
    """Return the counts of one part's table: fields count_<arm>_<class>. Raises BadProtocol."""
    counts: Counts = {}
    for arm in arms:
        for name in classes:
            counts[arm, name] = _sent(sent, f"count_{arm}_{name}", f"{name} from {arm}")
    return counts


def sent_cells(
    sent: QueryDict, cells: Sequence[tuple[int, str, str]]
) -> dict[tuple[int, str, str], int]:
    """Return counts of the cells of a study: fields count_<part>_<arm>_<class>."""
    return {
        (order, arm, name): _sent(
            sent, f"count_{order}_{arm}_{name}", f"{name} from {arm} in part {order}"
        )
        for order, arm, name in cells
    }


def _sent(sent: QueryDict, field: str, what: str) -> int:
    """Return a whole number; nothing is 0. Raises BadProtocol."""
    text = sent.get(field, "").strip() or "0"
    if not text.isdecimal() or len(text) > MAX_DIGITS or int(text) > MAX_COUNT:
        raise BadProtocol(f"{text[:20]!r} of {what}: take 0 to {MAX_COUNT}.")
    return int(text)
