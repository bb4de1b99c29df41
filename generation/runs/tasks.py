"""Draw one shard of a run on a worker."""

import logging
import threading
import time
from functools import lru_cache
from typing import Any

from celery import shared_task
from django.conf import settings

from generation.runs import leases
from generation.runs.services.finish import finalize_run
from generation.runs.services.launch import SAMPLE
from review.catalog.storage import SPACE_RETRY_S, describe_full, is_disk_full
from review.jobs.services import enqueue, heartbeat, worker_name

logger = logging.getLogger(__name__)
OWNER = worker_name()


@shared_task(name=SAMPLE, ignore_result=True)
def sample_shard(shard_pk: int) -> None:
    """Claim a shard, draw what is missing of it, and end the run after its last shard."""
    held = leases.claim(shard_pk, OWNER)
    if held is None:
        return
    lost = threading.Event()
    try:
        with heartbeat(lambda: leases.beat(held), lost):
            done = _draw(held, lost)
    except Exception as error:  # whatever broke: give the shard back and say why
        logger.exception("shard %s", shard_pk)
        is_full = is_disk_full(error)
        why = describe_full(error) if is_full else f"{type(error).__name__}: {error}"
        leases.release(held, done=False, error=why, counts=not is_full)
        _try_again(shard_pk, SPACE_RETRY_S if is_full else 2)
    else:
        leases.release(held, done=done)
    finalize_run(held.run_pk)


def _draw(held: leases.Claim, lost: threading.Event) -> bool:
    """Draw and commit image by image; False when the run was cancelled or the lease lost."""
    from generation.engine.numerics import best_device, fingerprint, use_threads
    from generation.engine.sample import draw_images
    from generation.families.config import SamplerConfig, config_from_json
    from generation.families.interface import SampleContext, SampleRequest

    todo = leases.inputs(held)
    if not todo.wanted:
        return True
    use_threads()
    device = best_device()
    loaded = _load(todo.checkpoint_key, todo.card_sha256)
    sampler = config_from_json(SamplerConfig, {**todo.sampler, "batch": todo.batch})
    numerics = fingerprint(sampler, device).to_json()
    leases.note_numerics(held, numerics)
    facts = {"sampler": todo.sampler, **numerics}
    classes = {code: index for index, code in enumerate(loaded.classes)}
    requests = [
        SampleRequest(one.index, one.seed, classes[one.code], one.prototype) for one in todo.wanted
    ]
    leases.report_worker(
        held.owner, device=device, queues=[settings.SAMPLE_QUEUE], shard_pk=held.shard_pk, rate=None
    )
    began, drawn = time.monotonic(), 0
    for image in draw_images(
        loaded.family,
        requests,
        SampleContext(device=device, sampler=sampler),
        keep_on=lambda: not lost.is_set() and leases.wants_to_go_on(held),
    ):
        if not leases.put_result(held, _result(image, facts)):
            return False
        drawn += 1
    rate = drawn / max(time.monotonic() - began, 1e-6)
    leases.report_worker(
        held.owner, device=device, queues=[settings.SAMPLE_QUEUE], shard_pk=None, rate=rate
    )
    return drawn == len(requests)


def _result(image: Any, facts: dict[str, Any]) -> leases.Result:
    return leases.Result(
        index=image.request.index,
        pixels=image.pixels,
        pixel_sha256=image.pixel_sha256,
        ms=image.ms,
        rejected=image.rejected,
        provenance=facts,
    )


@lru_cache(maxsize=2)
def _load(key: str, card_sha256: str) -> Any:
    """Load a checkpoint once per worker process; its card's hash is checked."""
    from generation.engine.checkpoint import load_checkpoint
    from generation.training.store import open_folder

    return load_checkpoint(open_folder(key), expected=card_sha256)


def _try_again(shard_pk: int, delay_s: float) -> None:
    from generation.runs.models import Shard

    if Shard.objects.filter(pk=shard_pk, state=Shard.State.QUEUED).exists():
        enqueue(SAMPLE, shard_pk, queue=settings.SAMPLE_QUEUE, delay_s=delay_s)
