"""Read and validate a domain file. Pure: no Django.

Every complaint names file, key and rule, and all complaints of a file come at once.
"""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from review.catalog.domain_schema import (
    CLASS,
    CRITERION,
    DISPLAY,
    DOMAIN,
    OUTSIDE,
    SOURCE,
    SUBSET,
    TOP,
    Table,
)  # fmt: skip
from review.catalog.errors import DomainFileInvalid
from review.catalog.matching import fold

SHIPPED = Path(__file__).parent / "domains"
UNSOURCED = "expert to confirm"
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")

Entry = dict[str, Any]


@dataclass(frozen=True)
class DomainFile:
    """A validated file: its name and its whole content."""

    name: str
    content: dict[str, Any]

    @property
    def code(self) -> str:
        code: str = self.content["domain"]["code"]
        return code

    @property
    def sha256(self) -> str:
        """Hash of the content, independent of layout and comments of the file."""
        return digest(self.content)

    @property
    def criteria_sha256(self) -> str:
        """Hash of the criteria alone: a change makes a new criterion set."""
        return digest(self.content["criteria"])


def digest(value: Any) -> str:
    """Return SHA-256 over canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_domain_file(path: Path) -> DomainFile:
    """Read one file. Raises DomainFileInvalid with every broken rule."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DomainFileInvalid(f"{path.name}: not readable as TOML ({error})") from error
    check = _Check()
    check.run(content)
    if check.complaints:
        raise DomainFileInvalid("\n".join(f"{path.name}: {line}" for line in check.complaints))
    return DomainFile(path.name, content)


class _Check:
    """Collect complaints; later rules run only where the shape they rely on holds."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def run(self, content: Entry) -> None:
        self._table("file", content, TOP)
        if self.complaints:
            return
        self._table("domain", content["domain"], DOMAIN)
        self._table("domain.display", content["domain"].get("display", {}), DISPLAY)
        kinds = {"sources": SOURCE, "criteria": CRITERION, "classes": CLASS, "subsets": SUBSET,
                 "outside": OUTSIDE}  # fmt: skip
        for key, table in kinds.items():
            for number, entry in enumerate(content.get(key, []), start=1):
                self._table(f"{key}[{entry.get('code', number)}]", entry, table)
        if self.complaints:
            return
        self._domain(content["domain"])
        self._codes(content)
        self._criteria(content)
        self._classes(content)
        self._names(content)
        self._lists(content)

    def _say(self, key: str, rule: str) -> None:
        self.complaints.append(f"{key}: {rule}")

    def _table(self, key: str, entry: Any, table: Table) -> None:
        if not isinstance(entry, dict):
            self._say(key, "must be a table")
            return
        known = table.required | table.optional
        for name in entry.keys() - known.keys():
            self._say(f"{key}.{name}", f"unknown key; known are {', '.join(sorted(known))}")
        for name in table.required.keys() - entry.keys():
            self._say(f"{key}.{name}", "is missing")
        for name, kind in known.items():
            if name in entry and not _is(entry[name], kind):
                self._say(f"{key}.{name}", f"must be {kind.__name__}, not {entry[name]!r}")
        for name, allowed in table.closed.items():
            if name in entry and entry[name] not in allowed:
                self._say(f"{key}.{name}", f"{entry[name]!r} is not one of {', '.join(allowed)}")

    def _domain(self, domain: Entry) -> None:
        fields = {name for _, name, _, _ in Formatter().parse(domain["question"]) if name}
        if fields != {"class_name"}:
            self._say("domain.question", "must hold {class_name} and no other placeholder")
        if not re.fullmatch(r"#[0-9a-f]{6}", domain["display"]["surround"]):
            self._say("domain.display.surround", "must be a colour such as #777777")
        if not 16 <= domain["pixel_size"] <= 4096:
            self._say("domain.pixel_size", "must lie between 16 and 4096")

    def _codes(self, content: Entry) -> None:
        if not CODE.fullmatch(content["domain"]["code"]):
            self._say("domain.code", "must be letters, digits and underscores")
        for key in ("criteria", "classes", "subsets"):
            codes = [entry["code"] for entry in content.get(key, [])]
            for code in sorted({code for code in codes if codes.count(code) > 1}):
                self._say(f"{key}[{code}].code", "occurs twice")
            for code in (code for code in codes if not CODE.fullmatch(code)):
                self._say(f"{key}[{code}].code", "must be letters, digits and underscores")

    def _criteria(self, content: Entry) -> None:
        codes = {entry["code"] for entry in content["classes"]}
        known = {entry["key"] for entry in content.get("sources", [])} | {UNSOURCED}
        for entry in content["criteria"]:
            key = f"criteria[{entry['code']}]"
            self._known(f"{key}.applies_to", entry["applies_to"], codes, "class")
            self._known(f"{key}.source", entry["source"], known, "source")
        if not any(entry["counts"] for entry in content["criteria"]):
            self._say("criteria", "no criterion counts, so no image could be implausible")

    def _classes(self, content: Entry) -> None:
        classes = {entry["code"]: entry for entry in content["classes"]}
        known = {entry["key"] for entry in content.get("sources", [])} | {UNSOURCED}
        for code, entry in classes.items():
            key = f"classes[{code}]"
            applicable = [c for c in content["criteria"] if code in c["applies_to"]]
            self._known(f"{key}.confusable", entry["confusable"], classes.keys(), "class")
            self._known(f"{key}.source", entry["source"], known, "source")
            self._known(f"{key}.expect", list(entry.get("expect", {})),
                        {c["code"] for c in applicable}, "criterion that applies")  # fmt: skip
            for other in entry["confusable"]:
                if other == code:
                    self._say(f"{key}.confusable", "names the class itself")
                elif other in classes and code not in classes[other]["confusable"]:
                    self._say(f"{key}.confusable", f"{other} does not name {code} in return")
            if entry["role"] == "evaluated" and not any(c["counts"] for c in applicable):
                self._say(key, "is evaluated, and no counting criterion applies to it")

    def _names(self, content: Entry) -> None:
        owner: dict[str, str] = {}
        for entry in content["classes"]:
            for name in {fold(n) for n in (entry["code"], entry["name"], *entry["aliases"])}:
                first = owner.setdefault(name, entry["code"])
                if first != entry["code"]:
                    self._say(
                        f"classes[{entry['code']}].aliases",
                        f"{name!r} already means {first} (case, spaces and underscores ignored)",
                    )
        spelled = {
            name for c in content["classes"] for name in (c["code"], c["name"], *c["aliases"])
        }
        for entry in content.get("outside", []):
            for code in spelled & set(entry["codes"]):
                self._say("outside.codes", f"{code!r} is spelled exactly like a class")

    def _lists(self, content: Entry) -> None:
        codes = {entry["code"] for entry in content["classes"]}
        for entry in content.get("subsets", []):
            self._known(f"subsets[{entry['code']}].classes", entry["classes"], codes, "class")
            tail = entry.get("tail", [])
            self._known(f"subsets[{entry['code']}].tail", tail, set(entry["classes"]), "class")
        for layout, names in content.get("layouts", {}).items():
            self._known(f"layouts.{layout}", list(names.values()), codes, "class")

    def _known(self, key: str, names: list[str], known: Any, kind: str) -> None:
        for name in names:
            if name not in known:
                self._say(key, f"{name!r} is no {kind} of this domain")


def _is(value: Any, kind: type) -> bool:
    """Type check in which a whole number passes for a float and a boolean is no number."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, kind)
