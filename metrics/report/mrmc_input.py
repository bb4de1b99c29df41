"""The turing part as input for the FDA's iMRMC program."""

import pandas as pd

from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, of_kind, parts_of, primary
from metrics.report.turing import mrmc_frame
from metrics.stats.mrmc import imrmc_file


def turing_imrmc(frame: pd.DataFrame, facts: Facts) -> str:
    """Return one iMRMC file: every generator is a modality, real images its negatives.

    Rating is the signed confidence that an image is synthetic. Case names carry the part, since
    codes are unique within a part only. Raises InsufficientData without turing readings.
    """
    rows = primary(of_kind(frame, "turing"))
    part = parts_of(rows)[0][1] if len(rows) else rows
    real = part[part["source"] == "real"]
    arms = [arm for arm in arms_of(part, facts) if facts.arm(arm).source != "real"]
    frames = [
        mrmc_frame(pd.concat([part[part["arm"] == arm], real])).assign(modality=arm) for arm in arms
    ]
    both = pd.concat(frames, ignore_index=True) if frames else mrmc_frame(part)
    both["case"] = both["case"].str.replace("/", "-")
    description = f"{facts.title.replace(',', ' ')}\nsnapshot {facts.snapshot}"
    described = f"{description}\ncases {cases(part).nunique()}, ratings: 3.5 minus answer of 1..6"
    return imrmc_file(both, described)
