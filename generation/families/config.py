"""Configurations of the diffusion families: frozen, checked, saved as JSON beside the weights.

No torch here, so that pages and forms can list presets.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from generation.families.errors import InvalidConfig

Json = dict[str, Any]
T = TypeVar("T")
NumberFormat = Literal["auto", "float32", "bfloat16"]
"""What the network computes in; "auto" is resolved on the machine before the first step."""
_FORMATS = get_args(NumberFormat)


def require(condition: bool, message: str) -> None:
    """Raise InvalidConfig with the message unless the condition holds."""
    if not condition:
        raise InvalidConfig(message)


@dataclass(frozen=True)
class ScheduleConfig:
    """Describe the forward process: number of steps, betas and what the network predicts."""

    steps: int = 1000
    betas: Literal["linear", "cosine"] = "linear"
    prediction: Literal["epsilon", "v_prediction"] = "epsilon"

    def __post_init__(self) -> None:
        require(self.steps >= 2, f"schedule.steps is {self.steps}; it needs at least 2.")
        require(self.betas in {"linear", "cosine"}, f"schedule.betas {self.betas!r} is unknown.")
        require(
            self.prediction in {"epsilon", "v_prediction"},
            f"schedule.prediction {self.prediction!r} is unknown; use epsilon or v_prediction.",
        )


@dataclass(frozen=True)
class SamplerConfig:
    """Describe the reverse process.

    `guidance` is the classifier-free scale w of Ho and Salimans in the form
    uncond + w (cond - uncond): 1 means no guidance. `guided_from` and `guided_to` bound the share
    of the noise level t / T in which guidance is on; outside, one forward pass is saved.
    `batch` is the fixed number of images per forward pass: part of the promise of identical pixels.
    """

    solver: Literal["ddim", "dpmpp"] = "ddim"
    steps: int = 50
    guidance: float = 2.0
    guided_from: float = 0.0
    guided_to: float = 1.0
    batch: int = 16
    dtype: NumberFormat = "auto"

    def __post_init__(self) -> None:
        require(self.solver in {"ddim", "dpmpp"}, f"sampler.solver {self.solver!r} is unknown.")
        require(self.steps >= 1, f"sampler.steps is {self.steps}; it needs at least 1.")
        require(self.batch >= 1, f"sampler.batch is {self.batch}; it needs at least 1.")
        require(self.guidance >= 0, f"sampler.guidance is {self.guidance}; it cannot be negative.")
        require(
            0 <= self.guided_from <= self.guided_to <= 1,
            f"sampler guidance interval {self.guided_from}..{self.guided_to} must lie in 0..1.",
        )
        require(self.dtype in _FORMATS, f"sampler.dtype {self.dtype!r} is unknown.")


@dataclass(frozen=True)
class FitConfig:
    """Describe the optimisation: a budget in optimizer steps, so that it is the same everywhere.

    `warmup` steps of rising learning rate; with `decay` the rate then falls on a half cosine to a
    tenth at `steps`. `condition_dropout` is the share of images trained without their condition.
    """

    steps: int
    batch: int = 16
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: int = 0
    decay: bool = False
    ema: float = 0.999
    condition_dropout: float = 0.1
    clip_norm: float = 1.0
    dtype: NumberFormat = "auto"

    def __post_init__(self) -> None:
        require(self.steps >= 1, f"fit.steps is {self.steps}; it needs at least 1.")
        require(self.batch >= 1, f"fit.batch is {self.batch}; it needs at least 1.")
        require(0 <= self.warmup <= self.steps, "fit.warmup must lie between 0 and fit.steps.")
        require(0 <= self.ema < 1, f"fit.ema is {self.ema}; it must lie in [0, 1).")
        require(self.dtype in _FORMATS, f"fit.dtype {self.dtype!r} is unknown.")
        require(0 <= self.condition_dropout < 1, "fit.condition_dropout must lie in [0, 1).")


@dataclass(frozen=True)
class PrototypeConfig:
    """Configure `prototype_ddpm` and, with `learned`, its baseline `cfg_ddpm`.

    `crop` is the centre share of every real image that is kept before it is resized to `size`.
    `patch` folds p x p pixels into channels before the first block (1 = none): a quarter of the
    work at 2, for machines without a GPU. `attention` lists the block levels with self-attention
    (0 = the first).
    `classes`, `prototypes` and `embedding` fix the table of conditions: (C * K + 1) x d.
    """

    fit: FitConfig
    classes: int = 1
    prototypes: int = 1
    embedding: int = 64
    size: int = 64
    channels: int = 3
    crop: float = 1.0
    blocks: tuple[int, ...] = (64, 128, 256, 512)
    patch: int = 1
    layers: int = 2
    attention: tuple[int, ...] = (2, 3)
    head_dim: int = 64
    norm_groups: int = 32
    dropout: float = 0.1
    fuse: Literal["concat", "sum"] = "concat"
    learned: bool = False
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    sampler: SamplerConfig = field(default_factory=SamplerConfig)

    def __post_init__(self) -> None:
        require(self.classes >= 1, "classes must be at least 1.")
        require(self.prototypes >= 1, "prototypes per class must be at least 1.")
        require(self.channels in {1, 3}, f"channels is {self.channels}; grey is 1, colour is 3.")
        require(0 < self.crop <= 1, f"crop is {self.crop}; it must lie in (0, 1].")
        require(self.fuse in {"concat", "sum"}, f"fuse {self.fuse!r} is unknown.")
        divisor = self.patch * 2 ** (len(self.blocks) - 1)
        require(
            self.size % divisor == 0,
            f"size {self.size} does not fit {len(self.blocks)} blocks on patches of {self.patch}; "
            f"use a multiple of {divisor}.",
        )
        for width in self.blocks:
            require(
                width % self.norm_groups == 0,
                f"block width {width} is not a multiple of norm_groups {self.norm_groups}.",
            )
        require(
            all(0 <= level < len(self.blocks) for level in self.attention),
            f"attention levels {self.attention} must lie in 0..{len(self.blocks) - 1}.",
        )


def config_to_json(config: object) -> Json:
    """Return a configuration as plain JSON values."""
    if not dataclasses.is_dataclass(config) or isinstance(config, type):
        raise InvalidConfig(f"{config!r} is not a configuration.")
    return dataclasses.asdict(config)


def config_from_json(kind: type[T], stored: Json) -> T:
    """Rebuild a configuration; refuse fields that the dataclass does not have."""
    hints = get_type_hints(kind)
    unknown = sorted(set(stored) - set(hints))
    require(not unknown, f"{kind.__name__} has no field {', '.join(unknown)}.")
    values: Json = {}
    for name, value in stored.items():
        hint = hints[name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            values[name] = config_from_json(hint, value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidConfig(f"{kind.__name__}: {error}.") from error
