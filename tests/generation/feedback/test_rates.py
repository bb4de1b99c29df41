"""Rates by class and round, as the loop page prints them."""

import pytest

from generation.feedback.rates import class_rates
from generation.training.lineage import lineage_of, prototype_shares
from metrics.stats.proportions import interval
from tests.generation.feedback.worlds import make_generator, make_judged_loop
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_rates_count_images_of_the_lineage_and_real_ones_apart():
    world = make_judged_loop(readers=1)

    rates = class_rates(world.snapshot, lineage_of(world.loop.checkpoint))

    found = {(rate.code, rate.is_real): rate for rate in rates}
    weak = found["EOS", False]
    assert found["BAS", True].rate == found["BAS", False].rate == 1
    assert weak.n == 20
    assert weak.rate < 0.5
    wilson = interval(round(weak.rate * 20), 20)
    assert (weak.low, weak.high) == pytest.approx((wilson.low, wilson.high))


def test_shares_come_from_the_bank_and_fall_back_to_equal_ones():
    checkpoint = make_generator(make_domain("bone_marrow"), "g")

    assert prototype_shares(checkpoint, "BAS") == (0.75, 0.25)
    assert prototype_shares(checkpoint, "LYT") == (0.5, 0.5)
    assert lineage_of(checkpoint) == (checkpoint.card_sha256,)
