"""Names of generator families and samplers, as people say them."""

from django import template

from generation.families.registry import FAMILIES

register = template.Library()
SOLVERS = {"ddim": "DDIM", "dpmpp": "DPM-Solver++"}


@register.filter
def family_title(name: str) -> str:
    """Return the title of a family, e.g. "Prototype-guided diffusion"."""
    return FAMILIES[name].title if name in FAMILIES else name


@register.filter
def solver_name(name: str) -> str:
    """Return the usual name of a sampler, e.g. "DPM-Solver++"."""
    return SOLVERS.get(name, name)
