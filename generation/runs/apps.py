from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "generation.runs"
    label = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from generation.runs.rights import RIGHTS
        from review.audit.grants import register_worker_rights
        from review.jobs.reapers import register_chore

        register_worker_rights(RIGHTS)
        register_chore("runs", _revive, every_s=5)


def _revive() -> int:
    from generation.runs.services.revive import revive_shards

    return revive_shards()
