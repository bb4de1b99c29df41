"""What image metrics need of the database on a worker; a test holds it against its SQL."""

from generation.training.rights import LEASE
from review.audit.grants import WorkerRight

RIGHTS = (
    WorkerRight(
        "quality.Measurement",
        update=(
            *LEASE, "started_at", "finished_at", "error", "stage", "done", "total", "result",
            "result_sha256", "encoder", "encoder_sha256", "method_version",
        ),
    ),
    WorkerRight("quality.Measurement_pools"),
    WorkerRight("quality.Copy", select=("id",), insert=True),
    WorkerRight("runs.GenerationRun"),
    WorkerRight("training.Checkpoint"),
    WorkerRight("training.PrototypeBank"),
    WorkerRight("training.TrainingJob"),
    WorkerRight("catalog.Pool"),
    WorkerRight("catalog.Domain"),
    WorkerRight("catalog.ImageClass"),
    WorkerRight("catalog.ImageAsset"),
    WorkerRight("jobs.Outbox", select=("id",), insert=True),
    WorkerRight("audit.ChainHead", insert=True, update=("length", "hash")),
    WorkerRight("audit.AuditEvent", select=("id",), insert=True),
)  # fmt: skip
