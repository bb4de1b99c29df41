"""The columns of a snapshot: names, types and what they mean. Also the export's data dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "yes_no", "count", "number", "time", "mapping", "list"]


@dataclass(frozen=True)
class Column:
    """Describe one column; an empty cell means not asked, not given or not known."""

    name: str
    kind: Kind
    meaning: str


DICTIONARY: tuple[Column, ...] = (
    Column("reader", "text", "Reader code within the study; names are never exported."),
    Column("reader_simulated", "yes_no", "True where a program stood in for a person."),
    Column("part", "count", "Order of the part within the study."),
    Column("part_kind", "text", "identify, plausibility, acceptability, lesion or turing."),
    Column("session", "count", "Index of the reader's pass through the part."),
    Column("position", "count", "Place of the case in this reader's list, from 1."),
    Column("replicate", "count", "0 for the first showing, above 0 for a hidden repeat."),
    Column("case", "text", "Case code, unique within its part."),
    Column("image", "text", "UUID of the image; the same image may serve several parts."),
    Column("arm", "text", "Arm code."),
    Column("source", "text", "real or synthetic."),
    Column("is_phantom", "yes_no", "True for procedural stand-ins of real images."),
    Column("class", "text", "Intended class: what the reader was asked about."),
    Column("truth_class", "text", "The image's own class; differs in wrong-class controls."),
    Column("role", "text", "main, calibration or control; tables count main cases."),
    Column("full_form", "yes_no", "True where every criterion had to be answered."),
    Column("prototype", "count", "Prototype that guided the image, if any."),
    Column("round", "count", "Round of the loop that made the image, if any."),
    Column("model_version", "text", "Hash of the checkpoint's card, if generated."),
    Column("cluster_key", "text", "Hashed patient, lesion or seed: images that belong together."),
    Column("stratum", "text", "Stratum of a screened draw, if any."),
    Column("inclusion_probability", "number", "Logged probability of being shown, if screened."),
    Column("covariates", "mapping", "Further facts of the image, e.g. projection or device."),
    Column("revision", "count", "Revision that counts; 0 where nothing was answered."),
    Column("outcome", "text", "answered, cannot_judge or missing."),
    Column("reason", "text", "Why it could not be judged."),
    Column("verdict", "yes_no", "True = plausible: no counting criterion failed."),
    Column("gestalt", "yes_no", "Overall verdict, asked after the criteria: True = plausible."),
    Column("criteria", "mapping", "Criterion code: passes, fails or not_judgeable."),
    Column("counting", "list", "Criteria that count and apply to the intended class."),
    Column("turing", "count", "1 definitely synthetic .. 6 definitely real."),
    Column("rating", "count", "Answer on the rating scale of an acceptability part."),
    Column("perceived_class", "text", "Class that the reader named, in an identify part."),
    Column("findings", "mapping", "Finding code: present, absent or not_judgeable."),
    Column("image_findings", "list", "Classes that the image carried at the draw, its own first."),
    Column("defect_x", "number", "Where a defect was marked: share of the image from the left."),
    Column("defect_y", "number", "Where a defect was marked: share of the image from the top."),
    Column("flags", "list", "What the reader flagged: technical, recognised, ..."),
    Column("active_ms", "count", "Time with the page visible and the reader not idle."),
    Column("visible_ms", "count", "Time with the page visible."),
    Column("idle_ms", "count", "Time without input for over a minute."),
    Column("wall_ms", "count", "Time from shown to committed."),
    Column("issued_at", "time", "UTC, server: the case was handed out."),
    Column("shown_at", "time", "UTC, the browser's claim: the image was painted."),
    Column("committed_at", "time", "UTC, the browser's claim: the answer was given."),
    Column("received_at", "time", "UTC, server: the answer was stored."),
    Column("rendition_sha256", "text", "Hash of the bytes that were shown."),
    Column("pixel_sha256", "text", "Hash of the image's pixels."),
    Column("protocol_sha256", "text", "Hash of the frozen protocol."),
    Column("source_of_reading", "text", "screen, label_studio or simulated."),
)
COLUMNS = tuple(column.name for column in DICTIONARY)


def typed_frame(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return lists of plain values as a frame: Int64, boolean, float64, UTC times, text, objects.

    Text that is missing becomes the empty string; everything else that is missing stays missing.
    """
    return pd.DataFrame(
        {column.name: _typed(columns[column.name], column.kind) for column in DICTIONARY}
    )


def _typed(values: Sequence[Any], kind: Kind) -> pd.Series:
    if kind == "text":
        return pd.Series([value or "" for value in values], dtype="str")
    if kind == "yes_no":
        return pd.Series(values, dtype="boolean")
    if kind == "count":
        return pd.Series(values, dtype="Int64")
    if kind == "number":
        return pd.Series(values, dtype="float64")
    if kind == "time":
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
    empty: Any = dict if kind == "mapping" else list
    return pd.Series([value or empty() for value in values], dtype="object")
