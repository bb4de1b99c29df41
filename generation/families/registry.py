"""Names of the families: configuration, presets and capabilities, without importing torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from generation.families.config import Json, PrototypeConfig, config_from_json
from generation.families.errors import UnknownFamily
from generation.families.interface import Family
from generation.families.presets import PRESETS


@dataclass(frozen=True)
class Capabilities:
    """Say what a family can be asked for."""

    dimensions: int
    label: bool = True
    mask: bool = False
    text: bool = False
    prototypes: bool = False


@dataclass(frozen=True)
class FamilyEntry:
    """Describe one family; `implementation` is "module:Class", imported only when it works."""

    name: str
    title: str
    implementation: str
    config: type[PrototypeConfig]
    capabilities: Capabilities
    presets: Mapping[str, Callable[[], PrototypeConfig]]

    def family(self) -> type[Family]:
        """Import and return the class (this imports torch)."""
        module, _, name = self.implementation.partition(":")
        found: type[Family] = getattr(import_module(module), name)
        return found

    def preset(self, name: str) -> PrototypeConfig:
        """Return a preset's configuration or raise UnknownFamily."""
        if name not in self.presets:
            known = ", ".join(self.presets)
            raise UnknownFamily(f"Family {self.name!r} has no preset {name!r}; use {known}.")
        return self.presets[name]()

    def config_from_json(self, stored: Json) -> PrototypeConfig:
        """Rebuild a stored configuration of this family."""
        return config_from_json(self.config, stored)


def _baseline(preset: Callable[[], PrototypeConfig]) -> Callable[[], PrototypeConfig]:
    """Turn a preset into the baseline's: the same but for the learned table."""
    return lambda: replace(preset(), learned=True)


_IMPLEMENTATION = "generation.families.prototype_ddpm:PrototypeDDPM"

FAMILIES: dict[str, FamilyEntry] = {
    entry.name: entry
    for entry in (
        FamilyEntry(
            name="prototype_ddpm",
            title="Prototype-guided diffusion",
            implementation=_IMPLEMENTATION,
            config=PrototypeConfig,
            capabilities=Capabilities(dimensions=2, prototypes=True),
            presets=PRESETS,
        ),
        FamilyEntry(
            name="cfg_ddpm",
            title="Classifier-free guidance baseline",
            implementation=_IMPLEMENTATION,
            config=PrototypeConfig,
            capabilities=Capabilities(dimensions=2, prototypes=True),
            presets={name: _baseline(preset) for name, preset in PRESETS.items()},
        ),
    )
}


def get_family(name: str) -> FamilyEntry:
    """Return the entry of a family or raise UnknownFamily with the known names."""
    if name not in FAMILIES:
        raise UnknownFamily(f"No family {name!r}; use one of {', '.join(sorted(FAMILIES))}.")
    return FAMILIES[name]


def adapt_preset(entry: FamilyEntry, preset: str, **changes: Any) -> PrototypeConfig:
    """Return a preset with the classes, prototypes, channels or steps of one training.

    `steps` replaces the optimisation budget; the warm-up shrinks with it where it must. `guidance`
    replaces the sampler's scale; None keeps the preset's, as for `steps`.
    """
    config = entry.preset(preset)
    guidance = changes.pop("guidance", None)
    if guidance is not None:
        changes["sampler"] = replace(config.sampler, guidance=guidance)
    steps = changes.pop("steps", None)
    if steps is not None:
        fit = replace(config.fit, steps=steps, warmup=min(config.fit.warmup, steps))
        changes["fit"] = fit
    return replace(config, **changes)
