"""The small convolutional network used as f(x; theta) and as a recogniser of real classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_WIDTHS = (48, 96, 128, 128)


class SmallCNN(nn.Module):
    """Map images (n, c, s, s) in [-1, 1], s a multiple of 16, to features (n, d).

    Pixels fold 2 x 2 into channels; four convolutions, halving between them; mean and maximum over
    places; one linear layer. Batch norm learns three times faster here than group norm; outside
    training it uses running statistics, so an image's features never depend on its neighbours.
    """

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = 4 * channels
        for depth, after in enumerate(_WIDTHS):
            layers += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
            if depth < len(_WIDTHS) - 1:
                layers.append(nn.MaxPool2d(2))
            before = after
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(2 * before, dimension)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """Return features (n, d)."""
        maps = self.body(x.contiguous(memory_format=torch.channels_last))
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        features: Tensor = self.head(pooled)
        return features


def seeded_network(channels: int, dimension: int, seed: int) -> SmallCNN:
    """Return an untrained network whose weights are a function of the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return SmallCNN(channels, dimension)
