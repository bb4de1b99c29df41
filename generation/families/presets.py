"""Presets of the prototype families: tiny (tests), demo (two cores), paper (Table 2)."""

from __future__ import annotations

from generation.families.config import FitConfig, PrototypeConfig, SamplerConfig, ScheduleConfig


def tiny() -> PrototypeConfig:
    """Return a network of about 0.1 M parameters that trains in seconds: for tests."""
    return PrototypeConfig(
        fit=FitConfig(steps=60, batch=16, learning_rate=2e-3, warmup=5, ema=0.95),
        embedding=16,
        size=16,
        crop=0.75,
        blocks=(16, 32),
        layers=1,
        attention=(1,),
        head_dim=16,
        norm_groups=8,
        dropout=0.0,
        schedule=ScheduleConfig(steps=100, betas="cosine", prediction="v_prediction"),
        sampler=SamplerConfig(solver="dpmpp", steps=6, guidance=1.5, batch=8),
    )


def demo() -> PrototypeConfig:
    """Return the network of the demo: 32 px, 2.8 M parameters, minutes on two cores.

    Folding 2 x 2 pixels and batches of 16 bought four times the steps of a plain 32/64/128 U-Net
    in the same time; docs/decisions.md has the numbers.
    """
    return PrototypeConfig(
        fit=FitConfig(steps=2400, batch=16, learning_rate=1e-3, warmup=100, decay=True, ema=0.995),
        embedding=64,
        size=32,
        crop=0.75,
        blocks=(64, 128),
        patch=2,
        layers=1,
        attention=(1,),
        norm_groups=8,
        dropout=0.0,
        schedule=ScheduleConfig(steps=1000, betas="cosine", prediction="v_prediction"),
        sampler=SamplerConfig(solver="dpmpp", steps=20, guidance=3.0, batch=16),
    )


def paper() -> PrototypeConfig:
    """Return the paper's Table 2 and section 5.3.

    64 px, channels 64 x [1, 2, 4, 8], two ResNets per block, dropout .1, AdamW 1e-4, batch 16 per
    device, 1000 steps, DDIM 50. 1500 epochs of 16 classes x 100 images are 150 000 optimizer
    steps. Attention at 16 and 8 px and guidance 2 are our reading: the paper names neither.
    """
    return PrototypeConfig(
        fit=FitConfig(steps=150_000, batch=16, learning_rate=1e-4, ema=0.9999),
        embedding=768,
        size=64,
        crop=1.0,
        schedule=ScheduleConfig(steps=1000, betas="linear", prediction="epsilon"),
        sampler=SamplerConfig(solver="ddim", steps=50, guidance=2.0, batch=16),
    )


PROTOTYPE_STEPS = {"tiny": 10, "demo": 60, "paper": 125}
"""Optimizer steps of prototype learning per class, by preset."""

PRESETS = {"tiny": tiny, "demo": demo, "paper": paper}
