"""Verbs that change a study. Each checks who may, changes, and logs on the study's chain."""

from review.studies.services.adding.asking import (
    discard_addition,
    retry_addition,
    start_addition,
)
from review.studies.services.adding.committing import commit_addition, override_addition
from review.studies.services.amend import (
    change_intro,
    extend_study,
    reassign,
    replace_reader,
    void_case,
    withdraw_reader,
)
from review.studies.services.build import (
    add_arm,
    add_part,
    create_study,
    remove_arm,
    remove_part,
    set_draws,
    update_part,
    update_study,
)
from review.studies.services.copying import copy_study
from review.studies.services.invite import (
    accept_invitation,
    add_member,
    consent,
    find_invitation,
    invite,
    join_url,
    revoke_invitation,
)
from review.studies.services.lifecycle import (
    activate_study,
    archive_study,
    close_study,
    mark_unblinded,
    pause_study,
    resume_study,
)
from review.studies.services.looks import set_looks
from review.studies.services.pause import may_pause, pause_reader, resume_reader
from review.studies.services.prepare import (
    discard_prepare,
    override_audit,
    prepare_now,
    prepare_study,
)

__all__ = [
    "accept_invitation",
    "activate_study",
    "add_arm",
    "add_member",
    "add_part",
    "archive_study",
    "change_intro",
    "close_study",
    "commit_addition",
    "consent",
    "copy_study",
    "create_study",
    "discard_addition",
    "discard_prepare",
    "extend_study",
    "find_invitation",
    "invite",
    "join_url",
    "mark_unblinded",
    "may_pause",
    "override_addition",
    "override_audit",
    "pause_reader",
    "pause_study",
    "prepare_now",
    "prepare_study",
    "reassign",
    "remove_arm",
    "remove_part",
    "replace_reader",
    "resume_reader",
    "resume_study",
    "retry_addition",
    "revoke_invitation",
    "set_draws",
    "set_looks",
    "start_addition",
    "update_part",
    "update_study",
    "void_case",
    "withdraw_reader",
]
