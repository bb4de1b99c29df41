"""How far readers agree: with each other, with themselves, on categories and on scores.

Print percent agreement, Gwet's AC1 (primary), alpha and kappa together with the prevalence:
kappa alone collapses where one category is rare (Feinstein & Cicchetti 1990).
"""

from metrics.stats.agreement.icc import IccForm, IntraclassCorrelation, icc
from metrics.stats.agreement.kappa import CohenKappa, LightKappa, cohen_kappa, light_kappa
from metrics.stats.agreement.krippendorff import KrippendorffAlpha, krippendorff_alpha
from metrics.stats.agreement.subject_variance import (
    Agreement,
    FleissKappa,
    fleiss_kappa,
    gwet_ac,
    percent_agreement,
)

__all__ = [
    "Agreement",
    "CohenKappa",
    "FleissKappa",
    "IccForm",
    "IntraclassCorrelation",
    "KrippendorffAlpha",
    "LightKappa",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac",
    "icc",
    "krippendorff_alpha",
    "light_kappa",
    "percent_agreement",
]
