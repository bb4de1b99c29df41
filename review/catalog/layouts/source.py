"""What a layout says about one image before anybody has opened it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceImage:
    """One file with its class (a code of the domain) and facts from the layout.

    `cluster` is the raw patient or lesion identifier; it is hashed at intake and never stored.
    """

    file: str
    class_code: str
    findings: tuple[str, ...] = ()
    cluster: str = ""
    covariates: dict[str, str] = field(default_factory=dict)
    mask: str = ""


@dataclass(frozen=True)
class Skip:
    """A file that is not imported, and why, in words."""

    file: str
    reason: str
