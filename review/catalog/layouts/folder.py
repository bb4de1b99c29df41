"""A folder per class, at any depth: class/001.png, train/class/001.png, class/part/001.png."""

from pathlib import PurePosixPath

from review.catalog.layouts.source import Skip, SourceImage
from review.catalog.matching import ClassMatcher, Match
from review.catalog.trees import Tree


def read_folder(tree: Tree, matcher: ClassMatcher) -> list[SourceImage | Skip]:
    """Give every file the class of the nearest folder around it that names one."""
    return [_place(name, matcher) for name in tree.names()]


def _place(name: str, matcher: ClassMatcher) -> SourceImage | Skip:
    folders = list(reversed(PurePosixPath(name).parts[:-1]))
    if not folders:
        return Skip(name, "lies outside any class folder")
    answers = [matcher.match(folder) for folder in folders]
    found = next((answer for answer in answers if answer.code), None)
    if found and found.code:
        return SourceImage(name, found.code)
    return Skip(name, _best_reason(answers))


def _best_reason(answers: list[Match]) -> str:
    """Prefer a reason that names a known folder over 'not known' for an inner one."""
    telling = [answer.reason for answer in answers if "not known" not in answer.reason]
    return (telling or [answers[0].reason])[0]
