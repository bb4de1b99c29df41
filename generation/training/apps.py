from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "generation.training"
    label = "training"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from generation.training.rights import RIGHTS
        from review.audit.grants import register_worker_rights
        from review.jobs.reapers import register_chore

        register_worker_rights(RIGHTS)
        register_chore("trainings", _revive, every_s=5)
        register_chore("training.sweep_scratch", _sweep, every_s=3600)


def _sweep() -> int:
    from generation.training.store import sweep_scratch

    return sweep_scratch()


def _revive() -> int:
    from generation.training.services.revive import revive_trainings

    return revive_trainings()
