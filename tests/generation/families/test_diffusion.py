"""Forward process, guidance, and that a perfect denoiser is sampled back exactly."""

import pytest
import torch

from generation.families.config import SamplerConfig, ScheduleConfig
from generation.families.diffusion import (
    SamplingProcess,
    batch_indices,
    denoise,
    guide,
    make_schedule,
    noisy_images,
    spread_times,
    starting_noise,
)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("solver", ["ddim", "dpmpp"])
@pytest.mark.parametrize("betas", ["linear", "cosine"])
def test_sampling_with_the_true_prediction_returns_the_image(
    prediction: str, solver: str, betas: str
) -> None:
    schedule = ScheduleConfig(steps=100, betas=betas, prediction=prediction)
    target = torch.linspace(-0.9, 0.9, 64).view(1, 1, 8, 8)
    abar = make_schedule(schedule).alphas_cumprod

    def perfect(x: torch.Tensor, t: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        a, s = abar[t[0]].sqrt(), (1 - abar[t[0]]).sqrt()
        noise = (x - a * target) / s
        return noise if prediction == "epsilon" else a * noise - s * target

    sampler = SamplerConfig(solver=solver, steps=20, guidance=1.0)
    rows = torch.zeros(1, dtype=torch.int64)
    noise = starting_noise([3], (1, 8, 8))
    drawn = denoise(perfect, noise, rows, rows, SamplingProcess(schedule, sampler))

    torch.testing.assert_close(drawn, target, atol=0.02, rtol=0)


def test_v_target_follows_its_definition() -> None:
    schedule = make_schedule(ScheduleConfig(steps=10, prediction="v_prediction"))
    clean, noise, t = torch.full((1, 1, 2, 2), 0.5), torch.ones(1, 1, 2, 2), torch.tensor([4])

    _, target = noisy_images(schedule, clean, noise, t)

    abar = schedule.alphas_cumprod[4]
    torch.testing.assert_close(target, abar.sqrt() * noise - (1 - abar).sqrt() * clean)


def test_guidance_extrapolates_from_unconditional_to_conditional() -> None:
    rows = (torch.tensor([1]), torch.tensor([0]))

    def by_row(x: torch.Tensor, t: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        return conditions.float().view(-1, 1, 1, 1).expand_as(x)

    guided = guide(by_row, torch.zeros(1, 1, 2, 2), torch.tensor(5), rows, 2.5)

    assert guided.unique().tolist() == [2.5]


def test_each_epoch_shows_every_image_once_whatever_the_batch() -> None:
    line = torch.cat([batch_indices(step, count=10, batch=4, seed=1) for step in range(5)])

    assert sorted(line[:10].tolist()) == sorted(line[10:].tolist()) == list(range(10))
    assert line[:10].tolist() != line[10:].tolist()


def test_times_cover_the_range_evenly() -> None:
    times = spread_times(1000, 10, torch.Generator().manual_seed(0))

    assert sorted(t // 100 for t in times.tolist()) == list(range(10))


def test_noise_of_an_image_depends_on_its_own_seed_only() -> None:
    alone, among = starting_noise([5], (1, 4, 4)), starting_noise([9, 5, 2], (1, 4, 4))

    assert torch.equal(alone[0], among[1])
