"""Cases added to a running study, as an editor and a worker would."""

from review.accounts.models import User
from review.studies import services
from review.studies.models import Addition, Amendment, Study
from review.studies.services.adding.working import prepare_addition

REASON = "The first readings were more spread than planned."
Counts = dict[tuple[int, str, str], int]


def begin(editor: User, study: Study, counts: Counts) -> Addition:
    """Draw and render an addition; the test cells differ on purpose, so cues may block it."""
    addition = services.start_addition(actor=editor, study=study, counts=counts, reason=REASON)
    prepare_addition(addition.pk)
    addition.refresh_from_db()
    if addition.audit_state == "blocked":
        why = "The test cells differ on purpose; this is expected."
        addition = services.override_addition(actor=editor, addition=addition, reason=why)
    return addition


def add_cases(editor: User, study: Study, counts: Counts) -> Amendment:
    """Add cases to a running study, from the asking to the amendment."""
    addition = begin(editor, study, counts)
    assert addition.state == "ready", (addition.state, addition.error, addition.audit_report)
    return services.commit_addition(actor=editor, addition=addition)
