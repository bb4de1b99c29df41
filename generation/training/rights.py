"""What a training needs of the database on a worker; a test holds it against its SQL."""

from review.audit.grants import WorkerRight

LEASE = ("state", "lease_owner", "lease_expires", "heartbeat_at", "fence")
RIGHTS = (
    WorkerRight(
        "training.TrainingJob",
        update=(
            *LEASE, "error", "started_at", "finished_at", "step", "metrics", "options",
            "checkpoint",
        ),
    ),
    WorkerRight("training.PrototypeBank", insert=True),
    WorkerRight("training.Checkpoint", insert=True),
    WorkerRight("catalog.Pool"),
    WorkerRight("catalog.Domain"),
    WorkerRight("catalog.ImageClass"),
    WorkerRight("catalog.ImageAsset"),
    WorkerRight("jobs.Outbox", select=("id",), insert=True),
    WorkerRight("audit.ChainHead", insert=True, update=("length", "hash")),
    WorkerRight("audit.AuditEvent", select=("id",), insert=True),
)  # fmt: skip
