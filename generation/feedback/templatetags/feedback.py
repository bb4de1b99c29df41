"""Small formats of the loop page."""

from django import template

register = template.Library()
PLAN_BADGES = {"draft": "warn", "approved": "info", "launched": "ok"}
STATUS_BADGES = {"active": "info", "done": "ok", "escalated": "bad"}


@register.filter
def percent(value: float) -> str:
    """Format a share as a whole percentage."""
    return f"{100 * value:.0f}"


@register.filter
def signed(value: int) -> str:
    """Format a change with its sign."""
    return f"{value:+d}"


@register.filter
def words(code: str) -> str:
    """Write a code such as quota_fill as words."""
    return code.replace("_", " ")


@register.filter
def plan_badge(state: str) -> str:
    """Return the colour class of a plan's state."""
    return PLAN_BADGES.get(state, "")


@register.filter
def status_badge(status: str) -> str:
    """Return the colour class of a class's status."""
    return STATUS_BADGES.get(status, "")
