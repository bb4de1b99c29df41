"""Find the class that a folder or a label means. Pure.

A name is compared ignoring case, spaces, underscores and hyphens with every class's code, name and
aliases. Exact spellings go first, because published layouts differ only by case: the children's
folder PNEUMONIA is not NIH's Pneumonia, and the folder pneumonia of a third set is neither.
"""

from dataclasses import dataclass
from typing import Any

Content = dict[str, Any]


@dataclass(frozen=True)
class Match:
    """A class code, or the reason why there is none."""

    code: str | None
    reason: str = ""


def fold(name: str) -> str:
    """Return the spelling under which names are compared."""
    return "".join(name.split()).replace("_", "").replace("-", "").casefold()


class ClassMatcher:
    """Match names against one domain's classes, with an optional layout map of its file."""

    def __init__(self, content: Content, layout_map: str | None = None) -> None:
        self.domain = content["domain"]["code"]
        self.maps: dict[str, dict[str, str]] = content.get("layouts", {})
        if layout_map is not None and layout_map not in self.maps:
            known = ", ".join(sorted(self.maps)) or "none"
            raise KeyError(
                f"Domain {self.domain!r} has no layout map {layout_map!r}; it has {known}."
            )
        self.chosen = self.maps[layout_map] if layout_map else {}
        self.folded: dict[str, str] = {}
        for image_class in content["classes"]:
            for name in (image_class["code"], image_class["name"], *image_class["aliases"]):
                self.folded[fold(name)] = image_class["code"]
        self.outside = {
            code: entry["reason"] for entry in content.get("outside", []) for code in entry["codes"]
        }
        self.folded_outside = {fold(code): reason for code, reason in self.outside.items()}

    def match(self, name: str) -> Match:
        """Return the class that `name` means, or why it means none."""
        name = name.strip()
        if name in self.chosen:
            return Match(self.chosen[name])
        if name in self.outside:
            return self._outside(name, self.outside[name])
        code = self.folded.get(fold(name))
        other = self._claimed_by_a_map(name, code)
        if other:
            return Match(None, other)
        if code:
            return Match(code)
        if fold(name) in self.folded_outside:
            return self._outside(name, self.folded_outside[fold(name)])
        return Match(None, f"class {name!r} is not known in domain {self.domain}")

    def _outside(self, name: str, reason: str) -> Match:
        return Match(None, f"class {name!r} is outside domain {self.domain}: {reason}")

    def _claimed_by_a_map(self, name: str, code: str | None) -> str:
        """Refuse to guess when a layout that was not chosen gives this spelling another class."""
        for layout, names in self.maps.items():
            if names is not self.chosen and names.get(name, code) != code:
                return (
                    f"class {name!r} means {names[name]} in layout {layout!r}: choose that "
                    f"layout's map (--map {layout}) or rename the class"
                )
        return ""
