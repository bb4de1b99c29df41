"""The network of `prototype_ddpm` and `cfg_ddpm`: one U-Net, told its class by a prototype."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from generation.families.config import PrototypeConfig
from generation.families.errors import UnfitImages


class PrototypeUNet(nn.Module):
    """Predict noise (or v) from a noisy image, a time step and a row of the prototype table.

    `prototypes` is (C * K + 1, d); its last row, zeros, means "no condition". Frozen prototypes
    are a buffer; the baseline makes the same table a Parameter. Nothing else differs.
    """

    def __init__(self, config: PrototypeConfig) -> None:
        from diffusers.models.embeddings import TimestepEmbedding, Timesteps

        super().__init__()
        self.depth = config.layers + 1  # ResNets, and with them skips, per upward block
        self.per_class = config.prototypes
        self.null_row = config.classes * config.prototypes
        table = torch.zeros(self.null_row + 1, config.embedding)
        if config.learned:
            table[:-1] = torch.randn(self.null_row, config.embedding)
            self.prototypes = nn.Parameter(table)
        else:
            self.register_buffer("prototypes", table)
        first, width = config.blocks[0], 4 * config.blocks[0]
        joined = first + config.embedding if config.fuse == "concat" else first
        self.time = Timesteps(first, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.embed = TimestepEmbedding(joined, width)
        self.project = nn.Linear(config.embedding, width) if config.fuse == "sum" else None
        folded = config.channels * config.patch**2
        self.fold = nn.PixelUnshuffle(config.patch)
        self.unfold = nn.PixelShuffle(config.patch)
        self.enter = nn.Conv2d(folded, first, 3, padding=1)
        self.down, self.middle, self.up = _make_blocks(config, width)
        self.norm = nn.GroupNorm(config.norm_groups, first, eps=1e-5)
        self.leave = nn.Conv2d(first, folded, 3, padding=1, bias=False)
        # Starting at "no prediction" spares the first steps the unlearning of a random output.
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor, t: Tensor, conditions: Tensor) -> Tensor:
        """x: (b, c, h, w); t, conditions: int64 (b,). Returns (b, c, h, w)."""
        embedding = self.fused_embedding(t, conditions)
        x = self.enter(self.fold(x))
        skips = [x]
        for block in self.down:
            x, states = block(x, embedding)
            skips.extend(states)
        x = self.middle(x, embedding)
        for block in self.up:
            x = block(x, tuple(skips[-self.depth :]), embedding)
            del skips[-self.depth :]
        return self.unfold(self.leave(nn.functional.silu(self.norm(x))))

    def fused_embedding(self, t: Tensor, conditions: Tensor) -> Tensor:
        """Join the sinusoidal time embedding with the prototype (paper, section 4.2, Figure 2)."""
        time, prototype = self.time(t), self.prototypes[conditions]
        if self.project is None:
            return self.embed(torch.cat([time, prototype], dim=1))
        return self.embed(time) + self.project(prototype)

    @torch.no_grad()
    def set_prototypes(self, bank: Tensor) -> None:
        """Copy learned prototypes (C * K, d) into the table, centred and at one common scale.

        Centring puts the null row, zeros, at the mean of all prototypes. The scale keeps their
        geometry and puts the nearest prototype of another class, on average, as far away as any
        two rows of the baseline's random table: sqrt(2 d). At unit variance, classes that look
        alike were told apart much later.
        """
        if bank.shape != self.prototypes[:-1].shape:
            raise UnfitImages(
                f"The bank has shape {tuple(bank.shape)}, the model needs "
                f"{tuple(self.prototypes[:-1].shape)}: classes x prototypes, dimension."
            )
        centred = bank.float() - bank.float().mean(0) if len(bank) > 1 else bank.float()
        scale = self._nearest_of_another_class(centred) / (2 * bank.shape[1]) ** 0.5
        self.prototypes[:-1] = (centred / scale.clamp_min(1e-8)).to(self.prototypes)

    def _nearest_of_another_class(self, rows: Tensor) -> Tensor:
        """Return the mean distance from a row (C * K, d) to the nearest one of another class."""
        owner = torch.arange(len(rows)) // self.per_class
        distances = torch.cdist(rows, rows).masked_fill(owner[:, None] == owner, torch.inf)
        nearest = distances.min(dim=1).values
        # One class alone has no other: fall back to its own spread.
        return nearest.mean() if bool(nearest.isfinite().all()) else rows.norm(dim=1).mean()


def _make_blocks(
    config: PrototypeConfig, width: int
) -> tuple[nn.ModuleList, nn.Module, nn.ModuleList]:
    """Build the three parts from diffusers' blocks; `width` is that of the fused embedding."""
    from diffusers.models.unets.unet_2d_blocks import (
        UNetMidBlock2D,
        get_down_block,
        get_up_block,
    )

    shared: dict[str, Any] = {
        "temb_channels": width,
        "resnet_eps": 1e-5,
        "resnet_act_fn": "silu",
        "resnet_groups": config.norm_groups,
        "attention_head_dim": config.head_dim,
        "dropout": config.dropout,
    }
    widths, last = config.blocks, len(config.blocks) - 1
    down, up = nn.ModuleList(), nn.ModuleList()
    for level, out in enumerate(widths):
        down.append(
            get_down_block(
                "AttnDownBlock2D" if level in config.attention else "DownBlock2D",
                num_layers=config.layers,
                in_channels=widths[max(level - 1, 0)],
                out_channels=out,
                add_downsample=level < last,
                downsample_padding=1,
                **shared,
            )
        )
    for level in reversed(range(len(widths))):
        up.append(
            get_up_block(
                "AttnUpBlock2D" if level in config.attention else "UpBlock2D",
                num_layers=config.layers + 1,
                in_channels=widths[max(level - 1, 0)],
                prev_output_channel=widths[min(level + 1, last)],
                out_channels=widths[level],
                add_upsample=level > 0,
                **shared,
            )
        )
    middle = UNetMidBlock2D(
        in_channels=widths[-1],
        temb_channels=width,
        dropout=config.dropout,
        resnet_groups=config.norm_groups,
        attention_head_dim=config.head_dim,
    )
    return down, middle, up
