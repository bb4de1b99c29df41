"""Numbers about sets of images: features, probabilities, pixels or masks in, frozen answers out.

Features are rows of any extractor; name it, with the hash of its weights, beside every number.
"""

from metrics.images.copying import (
    Authenticity,
    CellCopying,
    ClosestPairs,
    Copying,
    Pair,
    authenticity,
    closest_pairs,
    copying,
)
from metrics.images.diversity import Diversity, diversity
from metrics.images.duplicates import (
    Duplicate,
    Duplicates,
    Fingerprint,
    duplicates,
    fingerprint,
    perceptual_hash,
    pixel_hash,
)
from metrics.images.fid import Fid, FidInfinity, extrapolate, fid, fid_infinity, frechet_distance
from metrics.images.inception_score import InceptionScore, inception_score
from metrics.images.kid import Kid, kid
from metrics.images.lesion import LesionOverlap, Overlap, lesion_overlap, overlap
from metrics.images.prdc import Prdc, expected_coverage, prdc, prdc_baseline
from metrics.images.result import Extractor, Measure
from metrics.images.ssim import Similarity, ms_ssim, psnr, similarity, ssim

__all__ = [
    "Authenticity",
    "CellCopying",
    "ClosestPairs",
    "Copying",
    "Diversity",
    "Duplicate",
    "Duplicates",
    "Extractor",
    "Fid",
    "FidInfinity",
    "Fingerprint",
    "InceptionScore",
    "Kid",
    "LesionOverlap",
    "Measure",
    "Overlap",
    "Pair",
    "Prdc",
    "Similarity",
    "authenticity",
    "closest_pairs",
    "copying",
    "diversity",
    "duplicates",
    "expected_coverage",
    "extrapolate",
    "fid",
    "fid_infinity",
    "fingerprint",
    "frechet_distance",
    "inception_score",
    "kid",
    "lesion_overlap",
    "ms_ssim",
    "overlap",
    "perceptual_hash",
    "pixel_hash",
    "prdc",
    "prdc_baseline",
    "psnr",
    "similarity",
    "ssim",
]
