"""Configurations survive JSON and refuse what cannot work."""

import json
from dataclasses import replace

import pytest

from generation.families.config import PrototypeConfig, config_from_json, config_to_json
from generation.families.errors import InvalidConfig, UnknownFamily
from generation.families.registry import FAMILIES, adapt_preset, get_family


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("preset", ["tiny", "demo", "paper"])
def test_preset_survives_json(family: str, preset: str) -> None:
    config = get_family(family).preset(preset)

    stored = json.loads(json.dumps(config_to_json(config)))

    assert config_from_json(PrototypeConfig, stored) == config


def test_arms_differ_in_nothing_but_the_learned_table() -> None:
    ours = get_family("prototype_ddpm").preset("paper")
    baseline = get_family("cfg_ddpm").preset("paper")

    assert replace(baseline, learned=False) == ours


def test_paper_preset_states_table_2() -> None:
    config = get_family("prototype_ddpm").preset("paper")

    assert (config.size, config.blocks, config.schedule.steps) == (64, (64, 128, 256, 512), 1000)
    assert (config.fit.learning_rate, config.fit.batch, config.dropout) == (1e-4, 16, 0.1)
    assert (config.sampler.solver, config.sampler.steps) == ("ddim", 50)


@pytest.mark.parametrize(
    ("field", "value"),
    [("size", 30), ("crop", 0.0), ("attention", (9,)), ("fuse", "add"), ("norm_groups", 7)],
)
def test_refuses_what_cannot_work(field: str, value: object) -> None:
    with pytest.raises(InvalidConfig, match=field.split("_", maxsplit=1)[0]):
        adapt_preset(get_family("prototype_ddpm"), "demo", **{field: value})


def test_refuses_unknown_names_and_fields() -> None:
    with pytest.raises(UnknownFamily, match="prototype_ddpm"):
        get_family("stylegan9")
    with pytest.raises(UnknownFamily, match="tiny"):
        get_family("cfg_ddpm").preset("huge")
    with pytest.raises(InvalidConfig, match="surprise"):
        config_from_json(PrototypeConfig, {"fit": {"steps": 1}, "surprise": 1})


def test_short_budget_shortens_the_warm_up() -> None:
    config = adapt_preset(get_family("prototype_ddpm"), "demo", steps=10)

    assert (config.fit.steps, config.fit.warmup) == (10, 10)
