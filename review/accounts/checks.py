"""Refuse set-ups in which rate limits do not hold."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def check_shared_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Demand CACHE_URL when several web processes would each count attempts alone."""
    if settings.WEB_PROCESSES > 1 and not settings.CACHE_IS_SHARED:
        return [
            Error(
                f"WEB_PROCESSES={settings.WEB_PROCESSES} needs a shared cache for rate limits.",
                hint="Set CACHE_URL=redis://host:6379/1, or WEB_PROCESSES=1.",
                id="semblance.E001",
            )
        ]
    return []
