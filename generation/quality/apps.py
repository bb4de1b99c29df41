from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "generation.quality"
    label = "quality"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from generation.quality.rights import RIGHTS
        from review.audit.grants import register_worker_rights
        from review.jobs.reapers import register_chore

        register_worker_rights(RIGHTS)
        register_chore("quality", _revive, every_s=5)


def _revive() -> int:
    from generation.quality.services.revive import revive_measurements

    return revive_measurements()
