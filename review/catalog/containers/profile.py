"""What the file that brought an image looked like: the evidence for the blinding audit."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np

Container = Literal["png", "jpeg", "array"]


@dataclass(frozen=True)
class IntakeProfile:
    """Facts of the source file; none of them reaches a reader, all of them could have told.

    `mode` is grey, grey+alpha, palette, rgb, rgba or cmyk; `segments` are chunk or marker names in
    file order, runs collapsed; `quantisation` holds JPEG tables in zigzag order; `highest` is the
    largest canonical value, which tells how deep a 16-bit film really is; `changes` says in words
    what the canonical pixels lost or gained.
    """

    container: Container
    width: int
    height: int
    bytes: int
    bit_depth: int
    mode: str
    segments: tuple[str, ...] = ()
    quantisation: tuple[tuple[int, ...], ...] = ()
    progressive: bool = False
    orientation: int = 1
    has_gamma: bool = False
    has_icc: bool = False
    has_exif: bool = False
    has_text: bool = False
    highest: int = 0
    changes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for a JSON column."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "IntakeProfile":
        """Rebuild the profile from `to_json`; unknown keys of a later version are left out."""
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        for name in ("segments", "changes"):
            known[name] = tuple(known.get(name, ()))
        known["quantisation"] = tuple(tuple(table) for table in known.get("quantisation", ()))
        return cls(**known)

    @classmethod
    def of_array(cls, pixels: np.ndarray) -> "IntakeProfile":
        """Profile pixels that never were a file (a generator's output). pixels: (h, w[, 3])."""
        height, width = pixels.shape[:2]
        return cls(
            container="array",
            width=width,
            height=height,
            bytes=pixels.nbytes,
            bit_depth=pixels.dtype.itemsize * 8,
            mode="rgb" if pixels.ndim == 3 else "grey",
            highest=int(pixels.max(initial=0)),
        )


@dataclass(frozen=True)
class Walked:
    """A file after the walk: its profile, and the same image with only the parts that draw it.

    stressed: the bare file with noise behind its image data. A whole image does not change; where
    data are missing, the decoder, which silently makes some up, makes up others.
    """

    profile: IntakeProfile
    bare: bytes
    stressed: bytes | None = None


def collapse(names: list[str]) -> tuple[str, ...]:
    """Collapse runs of one name: IDAT IDAT IEND -> IDAT IEND."""
    return tuple(name for at, name in enumerate(names) if at == 0 or names[at - 1] != name)
