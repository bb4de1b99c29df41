"""How large a demo is: images, steps, cases."""

from dataclasses import dataclass, replace

BUDGET_OF_LATE = 100  # accepted images wanted per class: more than one round can give


@dataclass(frozen=True)
class DemoSize:
    """Counts per class of one demo.

    shown: synthetic images per class and arm in the plausibility part of round 1; real: real
    images beside them; turing: images per class and source in the turing part; early and steps:
    optimizer steps of the two checkpoints; guidance: their scale when drawing.
    """

    preset: str
    shown: int
    real: int
    turing: int
    early: int
    steps: int | None = None
    prototypes: int = 1
    guidance: float | None = None


def size_for(preset: str, *, classes: int, is_phantom: bool) -> DemoSize:
    """Return the size of a demo: at least 30 images per class and arm of four phantom classes."""
    if preset == "tiny":
        return DemoSize(preset, shown=6, real=3, turing=2, early=10, steps=40)
    guidance = PHANTOM_GUIDANCE if is_phantom else None
    if classes <= FEW_CLASSES:
        size = DemoSize(preset, shown=32, real=30, turing=8, early=500, steps=1400, prototypes=2)
    else:
        size = DemoSize(preset, shown=24, real=20, turing=4, early=EARLY_STEPS)
    return replace(size, guidance=guidance)


FEW_CLASSES = 4
EARLY_STEPS = 600  # recognisable and visibly flawed; the presets' full budget is the late one
PHANTOM_GUIDANCE = 1.3  # flat drawings are told apart without much; more darkens their chromatin
