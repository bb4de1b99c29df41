"""The plain-text file that the FDA's iMRMC software reads."""

import numpy as np
import pandas as pd

from metrics.stats.mrmc.design import read_design


def imrmc_file(frame: pd.DataFrame, description: str = "") -> str:
    """Write readings as an iMRMC input file (iMRMC user guide, section "Input file").

    A header of counts, then one line per case `-1,case,0,truth` and one per reading
    `reader,case,modality,rating`. Missing readings are left out, as the program expects.
    Names may hold no comma or line break (ValueError).
    """
    design = read_design(frame)
    for name in map(str, (*design.readers, *design.cases, *design.modalities)):
        if any(sign in name for sign in ",\n\r"):
            raise ValueError(f"{name!r} holds a comma or line break; iMRMC cannot read it.")
    head = [
        *description.splitlines(),
        f"N0: {int((~design.positive).sum())}",
        f"N1: {int(design.positive.sum())}",
        f"NR: {len(design.readers)}",
        f"NM: {len(design.modalities)}",
        "",
        "BEGIN DATA:",
    ]
    truths = [
        f"-1,{case},0,{int(positive)}"
        for case, positive in zip(design.cases, design.positive, strict=True)
    ]
    readings = [
        f"{design.readers[r]},{design.cases[c]},{design.modalities[m]},"
        f"{float(design.ratings[m, r, c])!r}"
        for m, r, c in np.argwhere(~np.isnan(design.ratings))
    ]
    return "\n".join([*head, *truths, *readings, ""])
