"""A table labels.csv beside the images: one row per file, with class and covariates."""

import csv
import io
import re
from collections.abc import Iterator

from review.catalog.errors import ImageRejected, ImportRefused
from review.catalog.layouts.source import Skip, SourceImage
from review.catalog.matching import ClassMatcher
from review.catalog.trees import MAX_TABLE_BYTES, Tree, check_name

TABLE = "labels.csv"
IMAGE_COLUMN = "image"
FINDINGS_COLUMNS = ("finding_labels", "Finding Labels")
CLUSTER_COLUMNS = ("patient_id", "Patient ID", "lesion_id", "cluster")
MASK_COLUMN = "mask"
MAX_ROWS = 1_000_000
# covariate <- the first of these columns that is there
COVARIATE_COLUMNS = {
    "projection": ("projection", "view", "View Position"),
    "sex": ("sex", "Patient Gender"),
    "age": ("age", "Patient Age"),
    "site": ("site", "localization"),
    "devices": ("devices", "device"),
    "label_source": ("dx_type",),
    "source": ("source",),
    "split": ("split",),
    "licence": ("licence", "license"),
}
SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M"}
UNKNOWN = {"", "unknown", "nan", "none", "na", "n/a"}

Row = dict[str, str]


def read_labels_csv(
    tree: Tree, matcher: ClassMatcher, class_column: str = "class"
) -> list[SourceImage | Skip]:
    """Read the table. Raises ImportRefused when it or one of its columns is missing."""
    rows = list(_rows(tree, class_column))
    return [_place(row, matcher, class_column) for row in rows]


def _rows(tree: Tree, class_column: str) -> Iterator[Row]:
    try:
        text = tree.read(TABLE, MAX_TABLE_BYTES).decode("utf-8-sig")
    except ImageRejected as error:
        raise ImportRefused(f"{TABLE}: {error}. Give the folder that holds it.") from error
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{TABLE} is not UTF-8 text ({error}). Save it as UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or []
    for column in (IMAGE_COLUMN, class_column):
        if column not in columns:
            raise ImportRefused(f"{TABLE} has no column {column!r}; it has {', '.join(columns)}.")
    try:
        for number, row in enumerate(reader, start=2):
            if number > MAX_ROWS:
                raise ImportRefused(f"{TABLE} has more than {MAX_ROWS:,} rows. Split it.")
            yield {key: (value or "").strip() for key, value in row.items() if key in columns}
    except csv.Error as error:
        raise ImportRefused(f"{TABLE}, line {reader.line_num}: {error}.") from error


def _place(row: Row, matcher: ClassMatcher, class_column: str) -> SourceImage | Skip:
    file = row[IMAGE_COLUMN]
    try:
        check_name(file)
    except ImageRejected as error:
        return Skip(file or "(no name)", str(error))
    found = matcher.match(row[class_column])
    if found.code is None:
        return Skip(file, found.reason)
    findings = [matcher.match(name) for name in _findings(row)]
    strange = next((finding.reason for finding in findings if finding.code is None), None)
    if strange:
        return Skip(file, f"among its findings, {strange}")
    further = {finding.code for finding in findings if finding.code} - {found.code}
    return SourceImage(
        file=file,
        class_code=found.code,
        findings=tuple(sorted(further)),
        cluster=_cluster(row),
        covariates=read_covariates(row),
        mask=row.get(MASK_COLUMN, ""),
    )


def _findings(row: Row) -> list[str]:
    joined = next((row[column] for column in FINDINGS_COLUMNS if row.get(column)), "")
    return [name for name in joined.split("|") if name.strip()]


def _cluster(row: Row) -> str:
    """Return 'column:value' of the identifier, so that a patient 7 and a lesion 7 differ."""
    for column in CLUSTER_COLUMNS:
        if row.get(column, "").casefold() not in UNKNOWN:
            return f"{column}:{row[column]}"
    return ""


def read_covariates(row: Row) -> dict[str, str]:
    """Read what matching and balance tables use; an unknown value is left out, not guessed."""
    values: dict[str, str] = {}
    for name, columns in COVARIATE_COLUMNS.items():
        value = next((row[column] for column in columns if row.get(column)), "")
        if value.casefold() not in UNKNOWN:
            values[name] = value[:120]
    if "sex" in values:
        values["sex"] = SEXES.get(values["sex"].casefold(), values["sex"])
    if "projection" in values:
        values["projection"] = values["projection"].split()[0].upper()
    age = values.pop("age", "")
    group = age_group(age)
    return values | ({"age_group": group} if group else {})


def age_group(age: str) -> str:
    """Sort an age such as 80.0, 060Y, 011M or '1-5y (cohort)' into <6, 6-17 or adult."""
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", age)]
    if not numbers:
        return ""
    unit = re.search(r"\d\s*([mwd])", age.casefold())
    years = max(numbers) / {"m": 12, "w": 52, "d": 365}[unit.group(1)] if unit else max(numbers)
    if years < 6:
        return "<6"
    return "6-17" if years < 18 else "adult"
