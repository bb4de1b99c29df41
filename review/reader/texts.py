"""What each kind of part asks, and the levels of its scale."""

from typing import Any

from review.readings.seats import OpenSession
from review.readings.selectors import shows_class
from review.studies.models import Part

NAMES = {
    Part.Kind.IDENTIFY: "Identify",
    Part.Kind.PLAUSIBILITY: "Plausibility",
    Part.Kind.ACCEPTABILITY: "Acceptability",
    Part.Kind.LESION: "Lesion",
    Part.Kind.TURING: "Real or synthetic",
}
TURING_SCALE = (
    "definitely synthetic",
    "probably synthetic",
    "rather synthetic",
    "rather real",
    "probably real",
    "definitely real",
)
RATING_SCALE = (
    "definitely unacceptable",
    "rather unacceptable",
    "undecided",
    "rather acceptable",
    "definitely acceptable",
)
TURING_PREAMBLE = (
    "Some of these images were photographed, others were drawn by a computer. Say how sure you "
    "are; there is no middle. You will not be told which were which."
)
IDENTIFY_PREAMBLE = "Name what you see. There is no time limit, and no class is more likely."
FINDINGS_PREAMBLE = (
    "Say of every finding whether it is present. An image may show several of them or none; there "
    "is no time limit."
)


def question_of(session: OpenSession, header: dict[str, Any]) -> str:
    """Return the question of a part; `{class_name}` stands for the class where it is shown."""
    purpose = session.stated_purpose or "its purpose"
    fixed = {
        Part.Kind.TURING: "Is this image real or synthetic?",
        Part.Kind.IDENTIFY: "Which of these findings does this image show?"
        if session.findings
        else "Which class does this image show?",
        Part.Kind.LESION: "Is the lesion itself plausible as {class_name}? Judge the lesion, "
        "not the picture around it.",
        Part.Kind.ACCEPTABILITY: f"Is this image of {{class_name}} acceptable for {purpose}?",
    }
    asked = fixed.get(Part.Kind(session.kind))
    question = asked or str(header.get("question", "Could this be a real {class_name}?"))
    if shows_class(session):
        return question
    for phrase in (" of {class_name}", " as {class_name}"):
        question = question.replace(phrase, "")
    return question.replace("{class_name}", "image of its class")


def split_question(text: str) -> tuple[str, str]:
    """Split off what follows the question mark, e.g. 'Judge the cell in the centre.'"""
    asked, mark, aside = text.partition("?")
    return asked + mark, aside.strip()


def preamble_of(session: OpenSession, header: dict[str, Any]) -> str:
    """Return what should be kept in mind, below the question."""
    if session.kind == Part.Kind.TURING:
        return TURING_PREAMBLE
    if session.kind == Part.Kind.IDENTIFY:
        return FINDINGS_PREAMBLE if session.findings else IDENTIFY_PREAMBLE
    return str(header.get("preamble", ""))


def scale_of(kind: str, own: list[str]) -> list[str]:
    """Return the levels of a rating part, from 1; the protocol's own words win if complete.

    Five levels stand side by side on a telephone, so the longest word gets a soft hyphen.
    """
    default = {Part.Kind.TURING: TURING_SCALE, Part.Kind.ACCEPTABILITY: RATING_SCALE}
    words = default.get(Part.Kind(kind), ())
    levels = own if words and len(own) == len(words) else words
    return [level.replace("unacceptable", "un\u00adacceptable") for level in levels]
