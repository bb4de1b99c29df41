"""What decides the last bit of a pixel: device, versions, number format, batch and threads."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace

import torch

from generation.families.config import FitConfig, NumberFormat, PrototypeConfig, SamplerConfig

_AUTO = "auto"


@dataclass(frozen=True)
class Fingerprint:
    """Identify one way of computing; identical pixels are promised only within one."""

    device: str
    capability: str
    torch: str
    diffusers: str
    dtype: str
    batch: int
    threads: int

    def to_json(self) -> dict[str, str | int]:
        """Return plain values."""
        return asdict(self)


def fingerprint(sampler: SamplerConfig, device: str = "cpu") -> Fingerprint:
    """Return this machine's fingerprint for one sampler."""
    import diffusers

    on_gpu = device.startswith("cuda")
    return Fingerprint(
        device=torch.cuda.get_device_name(device) if on_gpu else "cpu",
        capability=(
            str(torch.cuda.get_device_capability(device))
            if on_gpu
            else torch.backends.cpu.get_cpu_capability()
        ),
        torch=torch.__version__,
        diffusers=diffusers.__version__,
        dtype=sampler.dtype,
        batch=sampler.batch,
        threads=torch.get_num_threads(),
    )


def best_device() -> str:
    """Return "cuda" where a GPU is visible, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_dtype(device: str) -> NumberFormat:
    """Return bfloat16 where the hardware multiplies it, else float32.

    Emulated bf16 on an older CPU is slower than float32.
    """
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


def use_threads(count: int | None = None) -> None:
    """Set the number of compute threads: SEMBLANCE_TORCH_THREADS, else one per core."""
    wanted = count or int(os.environ.get("SEMBLANCE_TORCH_THREADS", os.cpu_count() or 1))
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


def resolve_dtypes(config: PrototypeConfig, device: str) -> PrototypeConfig:
    """Replace "auto" by the format that this device is fast in; the result goes on the card."""
    dtype = fast_dtype(device)
    fit: FitConfig = config.fit
    if fit.dtype == _AUTO:
        fit = replace(fit, dtype=dtype)
    sampler = config.sampler
    if sampler.dtype == _AUTO:
        sampler = replace(sampler, dtype=dtype)
    return replace(config, fit=fit, sampler=sampler)
