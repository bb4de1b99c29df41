"""Several findings asked of one image: each is present, absent or not judgeable. Pure."""

from collections.abc import Mapping, Sequence

from review.readings.answers import FindingState
from review.readings.errors import InvalidAnswer


def check_findings(asked: Sequence[str], said: Mapping[str, str]) -> None:
    """Raise InvalidAnswer unless `said` answers every finding that the part asks, and no other."""
    for code, state in said.items():
        if code not in asked:
            raise InvalidAnswer(f"Finding {code[:40]!r} is not asked in this part.")
        if state not in FindingState.values:
            raise InvalidAnswer(
                f"Finding {code!r} was answered {state[:20]!r}; it can be "
                f"{', '.join(FindingState.values)}."
            )
    left = [code for code in asked if code not in said]
    if left:
        raise InvalidAnswer(
            f"{len(left)} of {len(asked)} findings are open ({', '.join(left)}). "
            "Say of each whether it is present."
        )


def is_judged(said: Mapping[str, str]) -> bool:
    """Say whether at least one finding could be judged."""
    return any(state != FindingState.NOT_JUDGEABLE for state in said.values())
