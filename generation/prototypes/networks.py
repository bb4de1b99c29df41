"""The small convolutional network used as f(x; theta) and as a recogniser of real classes."""

from __future__ import annotations

from torch import Tensor, nn


class SmallCNN(nn.Module):
    """Map images (n, c, s, s) in [-1, 1], s >= 8, to features (n, d).

    Four convolutions with group norm (no batch statistics: one image's features never depend on
    its neighbours), three halvings, mean over places, one linear layer.
    """

    def __init__(self, channels: int, dimension: int, width: int = 32) -> None:
        super().__init__()
        widths = (width, 2 * width, 3 * width, 4 * width)
        layers: list[nn.Module] = []
        before = channels
        for depth, after in enumerate(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
            if depth < 3:
                layers.append(nn.AvgPool2d(2))
            before = after
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(before, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """Return features (n, d)."""
        features: Tensor = self.head(self.body(x).mean(dim=(2, 3)))
        return features
