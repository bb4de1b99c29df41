"""What a report knows about its study beside the readings: labels, protocol, analysis plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_MARGIN = 0.10
DEFAULT_ALPHA = 0.05


@dataclass(frozen=True)
class Arm:
    """Name an arm and say where its images come from."""

    code: str
    label: str
    source: str
    is_phantom: bool = False


@dataclass(frozen=True)
class Facts:
    """Hold the facts that were frozen with a snapshot.

    `classes` and `criteria` map codes to names in the domain's order; `plan` is the analysis plan
    frozen at launch; `flow` counts where cases and readings went; `raw` is everything else.
    """

    snapshot: str
    title: str
    classes: Mapping[str, str]
    arms: tuple[Arm, ...]
    criteria: Mapping[str, str]
    plan: Mapping[str, Any] = field(default_factory=dict)
    flow: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: str, frozen: Mapping[str, Any]) -> "Facts":
        """Build from the JSON that unblinding froze: {"facts": .., "flow": ..}."""
        raw = frozen["facts"]
        return cls(
            snapshot=snapshot,
            title=raw["title"],
            classes={row["code"]: row["name"] for row in raw["classes"]},
            arms=tuple(
                Arm(row["code"], row["label"], row["source"], row["is_phantom"])
                for row in raw["arms"]
            ),
            criteria={row["code"]: row["label"] for row in raw["criteria"]},
            plan=raw.get("analysis_plan") or {},
            flow=frozen.get("flow") or {},
            raw=raw,
        )

    @property
    def margin(self) -> float:
        """Give the equivalence margin of the frozen plan, .10 where the plan names none."""
        return float(self.plan.get("margin", DEFAULT_MARGIN))

    @property
    def alpha(self) -> float:
        return float(self.plan.get("alpha", DEFAULT_ALPHA))

    @property
    def looks(self) -> list[Mapping[str, Any]]:
        """Give the interim looks that were taken before unblinding, in order."""
        return list(self.raw.get("looks", []))

    @property
    def plan_names_margin(self) -> bool:
        return "margin" in self.plan

    @property
    def hash(self) -> str:
        """Give the snapshot's hash as printed beside numbers."""
        return self.snapshot[:12]

    def class_name(self, code: str) -> str:
        return self.classes.get(code, code)

    def arm(self, code: str) -> Arm:
        return next((arm for arm in self.arms if arm.code == code), Arm(code, code, "synthetic"))

    def counts(self, criterion: str) -> bool:
        """Say whether a failure of the criterion makes an image implausible."""
        rows = self.raw.get("criteria", [])
        return any(row["code"] == criterion and row.get("counts", True) for row in rows)

    def scale(self, part: int) -> list[str]:
        """Give the answer labels of a rating part."""
        return self._of_part(part, "scale")

    def findings(self, part: int) -> list[str]:
        """Give the codes of the findings that a part asks one by one."""
        return self._of_part(part, "findings")

    def parts_with_findings(self) -> list[int]:
        """Give the orders of the parts that ask several findings of one image."""
        return [row["order"] for row in self.raw.get("parts", []) if row.get("findings")]

    def _of_part(self, part: int, name: str) -> list[str]:
        parts = [row for row in self.raw.get("parts", []) if row["order"] == part]
        return list(parts[0].get(name) or []) if parts else []
