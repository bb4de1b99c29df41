"""The network: shapes, both fusions, frozen and learned tables."""

import pytest
import torch

from generation.families.errors import UnfitImages
from generation.families.prototype_unet import PrototypeUNet
from tests.generation.families.worlds import tiny_config


@pytest.mark.parametrize("fuse", ["concat", "sum"])
@pytest.mark.parametrize("patch", [1, 2])
def test_keeps_the_shape(fuse: str, patch: int) -> None:
    network = PrototypeUNet(tiny_config(fuse=fuse, patch=patch))

    out = network(torch.zeros(2, 3, 16, 16), torch.tensor([1, 50]), torch.tensor([0, 3]))

    assert out.shape == (2, 3, 16, 16)


def test_tiny_stays_under_a_million_parameters() -> None:
    network = PrototypeUNet(tiny_config())

    assert sum(p.numel() for p in network.parameters()) < 1_000_000


def test_frozen_table_is_no_parameter_and_the_baseline_learns_every_row() -> None:
    frozen, learned = (PrototypeUNet(tiny_config(learned=flag)) for flag in (False, True))
    torch.nn.init.normal_(learned.leave.weight)

    t, rows = torch.arange(4), torch.arange(4)
    learned(torch.randn(4, 3, 16, 16), t, rows).square().mean().backward()

    assert "prototypes" not in dict(frozen.named_parameters())
    assert bool((learned.prototypes.grad.abs().sum(1) > 0).all())


def test_prototype_changes_the_prediction() -> None:
    network = PrototypeUNet(tiny_config())
    network.set_prototypes(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)))
    torch.nn.init.normal_(network.leave.weight)
    x, t = torch.zeros(1, 3, 16, 16), torch.tensor([50])

    asked, null = (network(x, t, torch.tensor([row])) for row in (0, network.null_row))

    assert float((asked - null).abs().max().detach()) > 1e-3


def test_table_is_centred_and_scaled_and_its_null_row_stays_zero() -> None:
    network = PrototypeUNet(tiny_config(prototypes=2))
    network.set_prototypes(torch.randn(6, 16) * 40 + 100)

    rows = network.prototypes[:-1]

    torch.testing.assert_close(rows.mean(0), torch.zeros(16), atol=1e-5, rtol=0)
    distances = torch.cdist(rows, rows)
    nearest = [min(distances[i, j] for j in range(6) if j // 2 != i // 2) for i in range(6)]
    assert sum(nearest).item() / 6 == pytest.approx((2 * 16) ** 0.5, rel=1e-4)
    assert not network.prototypes[-1].any()


def test_refuses_a_bank_of_another_shape() -> None:
    with pytest.raises(UnfitImages, match="classes x prototypes"):
        PrototypeUNet(tiny_config()).set_prototypes(torch.zeros(4, 16))
