"""How numbers of a result are written, and what each metric says."""

from typing import Any

AGAINST = {
    "held_out": "Generated against held-out",
    "training": "Generated against training",
    "baseline": "Real against real",
}
# Metric -> (name, how to read it)
METRICS = {
    "kid": ("KID", "0 for equal sets at any N; may fall below 0"),
    "fid": ("FID", "0 for equal sets, but grows as N shrinks; compare at this N only"),
    "fid_infinity": ("FID at endless N", "the part of FID that does not come from a small N"),
    "precision": ("Precision", "generated images among real ones"),
    "recall": ("Recall", "real images among generated ones"),
    "density": ("Density", "how crowded with real images the places of generated ones are"),
    "coverage": ("Coverage", "real images with a generated one nearby"),
}
SHARES = ("precision", "recall", "density", "coverage")
THOUSAND = 1000.0


def against(name: str) -> str:
    """Return the head of a comparison's column."""
    return AGAINST[name]


def number(value: float) -> str:
    """Write a number with three significant digits, and a true minus."""
    text = f"{value:,.0f}" if abs(value) >= THOUSAND else f"{value:.3g}"
    return text.replace("-", "−")


def with_limits(cell: dict[str, Any]) -> str:
    """Write an estimate with its limits, or that it was refused."""
    if "refused" in cell:
        return "refused"
    return f"{number(cell['estimate'])} ({number(cell['low'])} to {number(cell['high'])})"


def copy_sentence(result: dict[str, Any]) -> str:
    """Say what the search found; never more than that nothing was found at a threshold."""
    found, n = result["copying"], result["sets"]["generated"]["n"]
    threshold = f"threshold {found['threshold']:.2f} grey levels"
    if not found["n_copies"]:
        return f"No copies of training images found at {threshold} among {n} images."
    exact = f", {found['n_exact']} of them at distance 0" if found["n_exact"] else ""
    return (
        f"{found['n_copies']} of {n} images count as copies of a training image at {threshold}"
        f"{exact}; by chance alone about {found['expected']:.0f} would. Look at the pairs."
    )


def likeness_sentence(sets: dict[str, Any]) -> str:
    """Say how alike the images of a class are, drawn and real."""
    names = {"generated": "generated", "training": "training", "held_out": "held-out"}
    said = [f"{names[key]} {with_limits(sets[key])}" for key in names if key in sets]
    metric = next((cell["metric"].upper() for cell in sets.values() if "metric" in cell), "SSIM")
    return (
        f"Mean {metric} of two images of a class: {', '.join(said)}. Higher than among real images "
        "means that the generator repeats itself."
    )


def short_sentence(result: dict[str, Any]) -> str:
    """Say the main numbers of a result in a line."""
    comparisons, copying = result["comparisons"], result["copying"]
    main = "held_out" if "held_out" in comparisons else "training"
    cells = comparisons[main]
    said = [
        f"{METRICS[key][0]} {number(cells[key]['estimate'])}"
        for key in ("kid", "coverage")
        if "refused" not in cells[key]
    ]
    against_what = f" {AGAINST[main].removeprefix('Generated ').lower()}" if said else ""
    return f"{', '.join(said)}{against_what}; copies: {copying['n_copies']}".removeprefix("; ")
