"""A stand-in reads through the site's own endpoints, an overall verdict included."""

import numpy as np
import pytest

from generation.demo.readers import read_study
from generation.demo.standins import PhantomReader
from generation.demo.visitor import Visitor
from review.readings.models import Reading, ReadingAnswer
from tests.worlds.study import PASSWORD, PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("gestalt", [True, False])
def test_a_stand_in_gives_an_overall_verdict_where_it_is_asked(live_server, gestalt):
    world = make_study(plans=[PartPlan(per_cell=1, fields={"gestalt": gestalt})])
    visitor = Visitor(live_server.url).sign_in(world.readers[0].email, PASSWORD)
    reader = PhantomReader("bone_marrow", view=1.0, rng=np.random.default_rng(3))

    stored = read_study(
        visitor, "cells", reader, codes={"Basophil": "BAS", "Eosinophil": "EOS"}, report=_silent
    )

    visitor.close()
    said = ReadingAnswer.objects.filter(question="gestalt").values_list("choice", flat=True)
    assert stored == Reading.objects.filter(outcome="answered").count() == 6
    assert len(said) == (6 if gestalt else 0)
    assert set(said) <= {"plausible", "implausible"}


def _silent(position: int, total: int) -> None:
    """Report to nobody."""
