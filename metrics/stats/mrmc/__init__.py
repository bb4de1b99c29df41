"""Multi-reader multi-case analysis: what a study of these readers says of readers like them.

Readers read the same cases, so that readings are not independent: a reader's readings share the
reader, a case's readings share the case. The Obuchowski-Rockette model takes both as random.
"""

from metrics.stats.mrmc.analysis import MultiReader, obuchowski_rockette
from metrics.stats.mrmc.comparison import ModalityTest, PairDifference
from metrics.stats.mrmc.components import MeanSquares, VarianceComponents
from metrics.stats.mrmc.export import imrmc_file
from metrics.stats.mrmc.modality import ConstantTest, ModalityEstimate
from metrics.stats.mrmc.power import Power, power, power_single

__all__ = [
    "ConstantTest",
    "MeanSquares",
    "ModalityEstimate",
    "ModalityTest",
    "MultiReader",
    "PairDifference",
    "Power",
    "VarianceComponents",
    "imrmc_file",
    "obuchowski_rockette",
    "power",
    "power_single",
]
