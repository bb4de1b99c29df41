"""Prototype-guided diffusion and its classifier-free baseline: training, sampling, weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from generation.families.config import FitConfig, PrototypeConfig, SamplerConfig
from generation.families.diffusion import (
    SamplingProcess,
    batch_indices,
    denoise,
    make_schedule,
    noisy_images,
    seeded_generator,
    spread_times,
    starting_noise,
    step_seed,
)
from generation.families.errors import BrokenState, UnfitImages
from generation.families.interface import (
    FitContext,
    Sample,
    SampleContext,
    SampleRequest,
    StepReport,
    TrainingSet,
    TrainingState,
)
from generation.families.pixels import augment, to_pixels, to_unit
from generation.families.prototype_unet import PrototypeUNet


class PrototypeDDPM:
    """A PrototypeUNet with its exponential moving average and its optimizer.

    Everything random in a step (order, augmentation, noise, time, dropout) is drawn from seeds that
    belong to (training seed, step), so a training that was interrupted goes on bit for bit.
    """

    def __init__(self, config: PrototypeConfig, network: PrototypeUNet, ema: PrototypeUNet) -> None:
        self.config = config
        self.network = _channels_last(network)
        self.ema = _channels_last(ema).requires_grad_(False).eval()
        self.step = 0
        self.optimizer: torch.optim.AdamW | None = None

    @classmethod
    def build(cls, config: PrototypeConfig, seed: int) -> Self:
        """Make an untrained model; its weights are a function of config and seed."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(step_seed(seed, 0, "weights"))
            network = PrototypeUNet(config)
        ema = PrototypeUNet(config)
        ema.load_state_dict(network.state_dict())
        return cls(config, network, ema)

    def fit(self, training: TrainingSet, context: FitContext) -> Iterator[StepReport]:
        """Train on the L_simple of eq. 6 (or its v form); yield after each optimizer step."""
        self._check(training)
        fit, device = self.config.fit, context.device
        use_plain_attention(self.network.to(device).train(), torch.device(device))
        self.ema.to(device)
        if self.step == 0 and training.bank is not None and not self.config.learned:
            self.network.set_prototypes(training.bank)
            self.ema.set_prototypes(training.bank)
        optimizer = self.optimizer or self._new_optimizer()
        self.optimizer = optimizer
        _follow_parameters(optimizer)
        schedule = make_schedule(self.config.schedule)
        until = fit.steps if context.until is None else min(context.until, fit.steps)
        while self.step < until:
            rate = learning_rate(self.step, fit)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = self._loss(training, schedule, context)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), fit.clip_norm)
            optimizer.step()
            self.step += 1
            self._update_ema(fit.ema)
            yield StepReport(self.step, fit.steps, {"denoise": float(loss.detach())}, rate)

    def sample(self, requests: Sequence[SampleRequest], context: SampleContext) -> Iterator[Sample]:
        """Draw all requests in one batch with the averaged weights."""
        sampler: SamplerConfig = context.sampler or self.config.sampler
        device = torch.device(context.device)
        network = self.ema.to(device)
        use_plain_attention(network, device)
        shape = (self.config.channels, self.config.size, self.config.size)
        noise = starting_noise([request.seed for request in requests], shape)
        asked = torch.tensor([self._row(request) for request in requests], device=device)
        null = torch.full_like(asked, network.null_row)
        noise = noise.to(device, memory_format=torch.channels_last)

        def predict(x: Tensor, t: Tensor, conditions: Tensor) -> Tensor:
            with _autocast(device, sampler.dtype):
                return network(x, t.to(device), conditions).float()

        process = SamplingProcess(self.config.schedule, sampler)
        with torch.inference_mode():
            pixels = to_pixels(denoise(predict, noise, asked, null, process))
        for request, image in zip(requests, pixels, strict=True):
            yield Sample(request.index, image)

    def save(self, folder: Path) -> None:
        """Write model, averaged weights and the prototype table in use."""
        from safetensors.torch import save_file

        save_file(_plain(self.network), folder / "model.safetensors")
        averaged = _plain(self.ema)
        save_file(averaged, folder / "ema.safetensors")
        save_file({"prototypes": averaged["prototypes"]}, folder / "prototypes.safetensors")

    @classmethod
    def load(cls, config: PrototypeConfig, folder: Path) -> Self:
        """Read what `save` wrote; raise BrokenState when names or shapes differ."""
        from safetensors.torch import load_file

        family = cls.build(config, seed=0)
        for network, name in ((family.network, "model"), (family.ema, "ema")):
            try:
                network.load_state_dict(load_file(folder / f"{name}.safetensors"))
            except RuntimeError as error:
                raise BrokenState(f"{name}.safetensors does not fit the card: {error}") from error
        return family

    def training_state(self) -> TrainingState:
        """Return the moments of AdamW by parameter name, and the number of steps taken."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.network.named_parameters():
            held = self.optimizer.state.get(parameter, {}) if self.optimizer else {}
            for moment, value in held.items():
                tensors[f"{moment}.{name}"] = value.detach().to("cpu").contiguous()
        return TrainingState(tensors, {"step": self.step})

    def restore(self, state: TrainingState) -> None:
        """Take up optimizer moments and position; the weights come from `load`."""
        self.step = int(state.numbers["step"])
        if not state.tensors:
            return
        self.optimizer = self._new_optimizer()
        for name, parameter in self.network.named_parameters():
            moments = ("step", "exp_avg", "exp_avg_sq")
            missing = [m for m in moments if f"{m}.{name}" not in state.tensors]
            if missing:
                raise BrokenState(f"The optimizer state lacks {', '.join(missing)} of {name}.")
            held = {moment: state.tensors[f"{moment}.{name}"].clone() for moment in moments}
            for moment in moments[1:]:
                # The fused step walks raw memory: a moment must lie as its parameter does.
                held[moment] = torch.empty_like(parameter).copy_(held[moment])
            self.optimizer.state[parameter] = held

    def _check(self, training: TrainingSet) -> None:
        """Refuse images, labels or conditions that do not fit the configuration."""
        config = self.config
        expected = (config.channels, config.size, config.size)
        if tuple(training.images.shape[1:]) != expected or len(training.images) == 0:
            raise UnfitImages(
                f"Training images have shape {tuple(training.images.shape)}; "
                f"the model needs (n >= 1, {', '.join(map(str, expected))})."
            )
        rows = config.classes * config.prototypes
        if int(training.conditions.max()) >= rows or int(training.conditions.min()) < 0:
            raise UnfitImages(f"A condition lies outside the table's rows 0..{rows - 1}.")

    def _new_optimizer(self) -> torch.optim.AdamW:
        fit = self.config.fit
        return torch.optim.AdamW(
            self.network.parameters(),
            lr=fit.learning_rate,
            weight_decay=fit.weight_decay,
            fused=True,
        )

    def _loss(self, training: TrainingSet, schedule: Any, context: FitContext) -> Tensor:
        """Return the mean squared error of the prediction on one batch."""
        fit, device = self.config.fit, torch.device(context.device)
        chosen = batch_indices(self.step, len(training.images), fit.batch, context.seed)
        draws = seeded_generator(context.seed, self.step, "draws")
        images = augment(training.images[chosen], training.augmentation, draws)
        noise = torch.randn(images.shape, generator=draws)
        t = spread_times(self.config.schedule.steps, fit.batch, draws)
        kept = torch.rand(fit.batch, generator=draws) >= fit.condition_dropout
        conditions = torch.where(kept, training.conditions[chosen], self.network.null_row)
        noised, target = noisy_images(schedule, to_unit(images), noise, t)
        noised = noised.to(device, memory_format=torch.channels_last)
        # nn.Dropout draws from the global generator: lend it a seed of this step.
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(step_seed(context.seed, self.step, "dropout"))
            with _autocast(device, fit.dtype):
                prediction = self.network(noised, t.to(device), conditions.to(device))
        return nn.functional.mse_loss(prediction.float(), target.to(device))

    @torch.no_grad()
    def _update_ema(self, decay: float) -> None:
        """Move the average towards the weights; early steps forget the random start faster."""
        decay = min(decay, (1 + self.step) / (10 + self.step))
        averaged: list[Tensor] = list(self.ema.parameters())
        current: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(averaged, current, 1 - decay)

    def _row(self, request: SampleRequest) -> int:
        """Return the request's row of the prototype table."""
        config = self.config
        if not (
            0 <= request.class_index < config.classes and 0 <= request.prototype < config.prototypes
        ):
            raise UnfitImages(
                f"Image {request.index} asks for class {request.class_index}, prototype "
                f"{request.prototype}; the model has {config.classes} x {config.prototypes}."
            )
        return request.class_index * config.prototypes + request.prototype


def learning_rate(step: int, fit: FitConfig) -> float:
    """Return the rate of one step (0-based): linear warm-up, then a half cosine to a tenth."""
    if step < fit.warmup:
        return fit.learning_rate * (step + 1) / fit.warmup
    if not fit.decay:
        return fit.learning_rate
    progress = (step - fit.warmup) / max(1, fit.steps - fit.warmup)
    return fit.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * progress)))


def use_plain_attention(network: nn.Module, device: torch.device) -> None:
    """Compute attention by plain matrix products on a CPU, by the fused kernel on a GPU.

    The CPU's fused bf16 backward took 12 ms where matrix products take 2 (torch 2.13, 8 x 8).
    """
    from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

    processor: Any = AttnProcessor() if device.type == "cpu" else AttnProcessor2_0()
    for module in network.modules():
        if isinstance(module, Attention):
            module.set_processor(processor)


def _channels_last(network: PrototypeUNet) -> PrototypeUNet:
    """Lay weights out for oneDNN's and cuDNN's fastest convolutions."""
    moved: PrototypeUNet = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def _follow_parameters(optimizer: torch.optim.Optimizer) -> None:
    """Put restored moments where the parameters are; the fused step wants its counter there too."""
    for parameter, held in optimizer.state.items():
        for name, value in held.items():
            held[name] = value.to(parameter.device)


def _autocast(device: torch.device, dtype: str) -> torch.autocast:
    """Compute in bf16 inside the network only; weights and state stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == "bfloat16")


def _plain(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights on the CPU in the default memory layout."""
    return {
        name: value.detach().to("cpu").contiguous() for name, value in network.state_dict().items()
    }
