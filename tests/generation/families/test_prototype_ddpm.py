"""Training: it learns, it goes on bit for bit after a break, it refuses what does not fit."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from generation.families.errors import BrokenState, UnfitImages
from generation.families.interface import FitContext, SampleContext, SampleRequest
from generation.families.prototype_ddpm import PrototypeDDPM, learning_rate
from tests.generation.families.worlds import coloured_squares, tiny_config


def _weights(family: PrototypeDDPM) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in family.ema.parameters()])


def test_learns_and_draws_the_class_asked_for() -> None:
    family = PrototypeDDPM.build(tiny_config(steps=160), seed=1)
    losses = [r.losses["denoise"] for r in family.fit(coloured_squares(), FitContext(seed=2))]

    requests = [SampleRequest(i, 100 + i, class_index=i % 3) for i in range(6)]
    samples = list(family.sample(requests, SampleContext()))

    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
    brightest = [int(s.pixels[4:12, 4:12].mean((0, 1)).argmax()) for s in samples]
    assert brightest == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("family_name", ["prototype_ddpm", "cfg_ddpm"])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_goes_on_bit_for_bit_after_a_break(
    tmp_path: Path, family_name: str, dropout: float
) -> None:
    config = tiny_config(family_name, steps=8, dropout=dropout)
    squares, context = coloured_squares(), FitContext(seed=3)
    unbroken = PrototypeDDPM.build(config, seed=1)
    for _ in unbroken.fit(squares, context):
        pass

    broken = PrototypeDDPM.build(config, seed=1)
    for _ in islice(broken.fit(squares, context), 3):
        pass
    broken.save(tmp_path)
    resumed = PrototypeDDPM.load(config, tmp_path)
    resumed.restore(broken.training_state())
    torch.manual_seed(999)  # whatever the global generator holds must not matter
    for _ in resumed.fit(squares, context):
        pass

    assert resumed.step == 8
    assert torch.equal(_weights(unbroken), _weights(resumed))


def test_early_stop_is_the_same_training_stopped_early() -> None:
    config, squares = tiny_config(steps=6), coloured_squares()
    early, late = (PrototypeDDPM.build(config, seed=1) for _ in range(2))
    for _ in early.fit(squares, FitContext(seed=3, until=4)):
        pass
    for _ in islice(late.fit(squares, FitContext(seed=3)), 4):
        pass

    assert torch.equal(_weights(early), _weights(late))


def test_seed_decides_the_weights() -> None:
    first, same, other = (PrototypeDDPM.build(tiny_config(), seed=s) for s in (1, 1, 2))

    assert torch.equal(_weights(first), _weights(same))
    assert not torch.equal(_weights(first), _weights(other))


def test_learning_rate_warms_up_and_decays() -> None:
    fit = replace(tiny_config().fit, steps=100, warmup=10, decay=True, learning_rate=1.0)

    rates = [learning_rate(step, fit) for step in (0, 9, 10, 99)]

    assert rates == pytest.approx([0.1, 1.0, 1.0, 0.1], abs=0.01)


def test_refuses_images_and_requests_that_do_not_fit() -> None:
    family = PrototypeDDPM.build(tiny_config(), seed=1)
    with pytest.raises(UnfitImages, match="16, 16"):
        next(family.fit(coloured_squares(size=12), FitContext(seed=0)))
    with pytest.raises(UnfitImages, match="class 3"):
        list(family.sample([SampleRequest(0, 1, class_index=3)], SampleContext()))


def test_refuses_weights_of_another_model(tmp_path: Path) -> None:
    PrototypeDDPM.build(tiny_config(), seed=1).save(tmp_path)

    with pytest.raises(BrokenState, match=r"model\.safetensors"):
        PrototypeDDPM.load(tiny_config(blocks=(8, 16)), tmp_path)
