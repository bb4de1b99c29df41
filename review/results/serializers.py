"""What the API says about studies and snapshots: allow-lists of fields."""

from typing import Any

from rest_framework import serializers

from review.results.models import InterimLook, Snapshot
from review.studies.models import Study


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study that the user runs. Nothing here tells what is real."""

    domain = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)

    class Meta:
        model = Study
        fields = ("slug", "uuid", "title", "purpose", "domain", "state", "closed_at",
                  "unblinded_at")  # fmt: skip


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """A frozen set of readings."""

    study = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    flow = serializers.SerializerMethodField()

    class Meta:
        model = Snapshot
        fields = ("uuid", "study", "at", "content_sha256", "rows", "code_version", "flow")

    def get_flow(self, snapshot: Snapshot) -> dict[str, Any]:
        flow: dict[str, Any] = snapshot.exclusions.get("flow", {})
        return flow


class LookSerializer(serializers.ModelSerializer[InterimLook]):
    """An interim look; before unblinding only analysts get its statistic and bound, others null."""

    statistic = serializers.SerializerMethodField()
    bound = serializers.SerializerMethodField()

    class Meta:
        model = InterimLook
        fields = ("number", "at", "reason", "planned_fraction", "readings", "planned_readings",
                  "crossed", "statistic", "bound", "method", "content_sha256")  # fmt: skip

    def get_statistic(self, look: InterimLook) -> float | None:
        return look.statistic if self.context["shows_numbers"] else None

    def get_bound(self, look: InterimLook) -> float | None:
        return look.bound if self.context["shows_numbers"] else None


class DownloadSerializer(serializers.Serializer[Any]):
    """A file of a snapshot: its name in the address, its type and what it is."""

    name = serializers.CharField()
    content_type = serializers.CharField()
    title = serializers.CharField(source="label")


class FigureSerializer(serializers.Serializer[Any]):
    """A figure: Plotly data and layout, and a text for who cannot see it."""

    section = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    alt = serializers.CharField()
    spec = serializers.DictField()


class TableSerializer(serializers.Serializer[Any]):
    """The name of a table; its records have one flat object per row."""

    key = serializers.CharField()
    title = serializers.CharField()
    section = serializers.CharField()
    rows = serializers.IntegerField()


class RecordsSerializer(serializers.Serializer[Any]):
    """A whole table."""

    key = serializers.CharField()
    title = serializers.CharField()
    caption = serializers.CharField()
    snapshot = serializers.CharField()
    records = serializers.ListField(child=serializers.DictField())


class ReadingsSerializer(serializers.Serializer[Any]):
    """A page of readings; the columns are those of the data dictionary."""

    count = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    snapshot = serializers.CharField()
    results = serializers.ListField(child=serializers.DictField())
