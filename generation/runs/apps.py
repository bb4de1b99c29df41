from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "generation.runs"
    label = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from review.jobs.reapers import register_chore

        register_chore("runs", _revive, every_s=5)


def _revive() -> int:
    from generation.runs.services.revive import revive_shards

    return revive_shards()
