"""Agreement per criterion in a pilot, against numbers worked by hand."""

import pandas as pd
import pytest

from metrics.report.pilot import criterion_agreement, hardest_criteria, hardest_images

LABELS = {"nucleus": "Nucleus", "size": "Size", "unused": "Never asked"}
P, F, N = "passes", "fails", "not_judgeable"
# per image: what three experts said of the nucleus, of the size
SAID = [
    ((P, P, P), (P, P, P)),
    ((P, P, F), (P, P, P)),
    ((F, F, F), (P, P, P)),
    ((P, F, N), (P, P, P)),
    ((P, N, N), (P, P, P)),
]


def answers() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (f"C{image}", "Basophil", f"R{expert}", code, state)
            for image, both in enumerate(SAID)
            for code, states in zip(("nucleus", "size"), both, strict=True)
            for expert, state in enumerate(states)
        ],
        columns=["case", "class_name", "reader", "criterion", "state"],
    )


def test_agreement_by_hand() -> None:
    nucleus, size, unused = criterion_agreement(answers(), LABELS)

    # pairs that agree: 3 of 3, 1 of 3, 3 of 3, 0 of 1, over four images with two judgements
    assert nucleus.agreement.estimate == pytest.approx((1 + 1 / 3 + 1 + 0) / 4)
    assert (nucleus.n_images, nucleus.n_split, nucleus.n_not_judgeable) == (4, 2, 3)
    assert nucleus.not_judgeable == "20.0 % (3 of 15)"
    assert nucleus.ac1.low is not None
    assert nucleus.kappa.estimate < nucleus.agreement.estimate
    assert (size.agreement.estimate, size.n_split) == (1.0, 0)
    assert size.kappa.estimate is None
    assert size.kappa.why
    assert (unused.n_images, unused.agreement.text, unused.not_judgeable) == (0, "–", "–")


def test_disagreement_in_words() -> None:
    rows = criterion_agreement(answers(), LABELS)

    assert len(hardest_criteria(rows)) == 1
    assert hardest_criteria(rows)[0].startswith(
        "“Nucleus”: the experts were split on 2 of 4 images (AC1 "
    )
    assert hardest_images(answers(), LABELS)[0] == "C1 (Basophil): “Nucleus” 2 pass, 1 fails."
    assert "1 passes, 1 fails, 1 not judgeable" in hardest_images(answers(), LABELS)[1]
