"""What drawing images needs of the database on a worker; a test holds it against its SQL."""

from generation.training.rights import LEASE
from review.audit.grants import WorkerRight

RIGHTS = (
    WorkerRight(
        "runs.GenerationRun",
        update=("state", "started_at", "error", "fingerprint", "rejected", "finished_at"),
    ),
    WorkerRight("runs.Shard", update=(*LEASE, "attempts", "error")),
    WorkerRight(
        "runs.GeneratedImage",
        update=("asset", "rejected", "ms", "pixel_sha256", "provenance"),
    ),
    WorkerRight(
        "runs.Worker",
        insert=True,
        update=("device", "queues", "last_heartbeat", "current_shard", "images_per_second"),
    ),
    WorkerRight("training.Checkpoint"),
    WorkerRight("catalog.Pool", update=("state",)),
    WorkerRight("catalog.ImageClass"),
    WorkerRight("catalog.ImageAsset", insert=True),
    WorkerRight("jobs.Outbox", select=("id",), insert=True),
    WorkerRight("audit.ChainHead", insert=True, update=("length", "hash")),
    WorkerRight("audit.AuditEvent", select=("id",), insert=True),
)
