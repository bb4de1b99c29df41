"""Forward process, training targets and the one sampling loop of all diffusion families."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from generation.families.config import SamplerConfig, ScheduleConfig

Denoiser = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x_t (b, c, h, w), t (b,), conditions (b,)) -> prediction (b, c, h, w) in float32."""

_BETAS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}


def make_schedule(config: ScheduleConfig) -> Any:
    """Return the forward process as a diffusers DDPMScheduler.

    linear: beta from 1e-4 to .02 (Ho et al. 2020); cosine: Nichol and Dhariwal 2021.
    """
    from diffusers import DDPMScheduler

    return DDPMScheduler(
        num_train_timesteps=config.steps,
        beta_schedule=_BETAS[config.betas],
        prediction_type=config.prediction,
    )


def noisy_images(schedule: Any, clean: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return x_t (eq. 3) and the target that the network must predict for it.

    clean, noise: (b, c, h, w); t: int64 (b,). The target is the noise, or
    v = sqrt(abar) eps - sqrt(1 - abar) x0 (Salimans and Ho 2022).
    """
    noised = schedule.add_noise(clean, noise, t)
    if schedule.config.prediction_type == "epsilon":
        return noised, noise
    return noised, schedule.get_velocity(clean, noise, t)


def spread_times(steps: int, batch: int, generator: torch.Generator) -> Tensor:
    """Draw time steps int64 (batch,), each uniform on 0..steps - 1, spread evenly over a batch.

    One shifted grid in random order (Kingma et al. 2021, appendix I.1): the same expectation as
    independent draws with less variance of the loss.
    """
    shift = torch.rand(1, generator=generator)
    grid = (shift + torch.arange(batch) / batch) % 1.0
    times = (grid * steps).long().clamp_max(steps - 1)
    return times[torch.randperm(batch, generator=generator)]


def make_solver(schedule: ScheduleConfig, sampler: SamplerConfig) -> Any:
    """Return the reverse process: DDIM (eta 0) or DPM-Solver++ 2M, both deterministic."""
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

    solver: Any
    shared: dict[str, Any] = {
        "num_train_timesteps": schedule.steps,
        "beta_schedule": _BETAS[schedule.betas],
        "prediction_type": schedule.prediction,
    }
    if sampler.solver == "ddim":
        solver = DDIMScheduler(**shared, clip_sample=True, timestep_spacing="trailing")
    else:
        solver = DPMSolverMultistepScheduler(
            **shared, algorithm_type="dpmsolver++", solver_order=2, timestep_spacing="trailing"
        )
    with warnings.catch_warnings():
        # diffusers 0.42 hands torch tensors to np.array, which numpy 2 remarks on.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        solver.set_timesteps(min(sampler.steps, schedule.steps))
    return solver


@dataclass(frozen=True)
class SamplingProcess:
    """Pair the forward schedule with the reverse sampler."""

    schedule: ScheduleConfig
    sampler: SamplerConfig


def denoise(
    predict: Denoiser, noise: Tensor, conditions: Tensor, null: Tensor, process: SamplingProcess
) -> Tensor:
    """Walk from noise to images; return float32 (b, c, h, w) in about [-1, 1].

    conditions, null: int64 (b,), the rows asked for and the rows of "no condition". The state x
    stays in float32 whatever the network computes in: a bf16 state drifts by dozens of levels.
    """
    solver = make_solver(process.schedule, process.sampler)
    x = noise * solver.init_noise_sigma
    for t in solver.timesteps:
        level = float(t) / process.schedule.steps
        guided = process.sampler.guided_from <= level <= process.sampler.guided_to
        scale = process.sampler.guidance if guided else 1.0
        inputs = solver.scale_model_input(x, t)
        prediction = guide(predict, inputs, t, (conditions, null), scale)
        x = solver.step(prediction, t, x).prev_sample
    return x


def guide(
    predict: Denoiser, x: Tensor, t: Tensor, conditions: tuple[Tensor, Tensor], scale: float
) -> Tensor:
    """Return the classifier-free guided prediction uncond + scale (cond - uncond).

    The gradient of the implicit classifier, eq. 8, scaled. Both halves share one forward pass.
    """
    asked, null = conditions
    if scale == 1.0:
        return predict(x, t.expand(len(x)), asked)
    both = predict(torch.cat([x, x]), t.expand(2 * len(x)), torch.cat([asked, null]))
    conditional, unconditional = both.chunk(2)
    return unconditional + scale * (conditional - unconditional)


def starting_noise(seeds: list[int], shape: tuple[int, int, int]) -> Tensor:
    """Draw float32 noise (b, *shape) on the CPU, one generator per image.

    An image's noise depends on its own seed and on nothing else, on any device.
    """
    return torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )


def batch_indices(step: int, count: int, batch: int, seed: int) -> Tensor:
    """Return the images of one optimizer step (0-based): int64 (batch,).

    Step s reads places s * batch ... of an endless line of shuffles, one per epoch, each a function
    of (seed, epoch). Nothing has to be remembered to go on after a break.
    """
    first = step * batch
    epochs = range(first // count, (first + batch - 1) // count + 1)
    shuffles = [
        torch.randperm(count, generator=seeded_generator(seed, epoch, "order")) for epoch in epochs
    ]
    start = first - epochs[0] * count
    return torch.cat(shuffles)[start : start + batch]


def seeded_generator(seed: int, number: int, purpose: str) -> torch.Generator:
    """Return the CPU generator of one step (or epoch) of one training and one purpose."""
    return torch.Generator().manual_seed(step_seed(seed, number, purpose))


def step_seed(seed: int, number: int, purpose: str) -> int:
    """Return 63 bits that belong to one step (or epoch) of one training and one purpose."""
    digest = hashlib.sha256(f"{seed}:{number}:{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
