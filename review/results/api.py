"""The read-only API of results. Tokens are made on a page; sessions work too."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from review.audit.services import log_event, study_chain
from review.results import filters
from review.results.downloads import (
    available_downloads,
    find_download,
    ready_download,
    ready_figure,
)
from review.results.errors import FilterRefused, NothingToReport
from review.results.exports.cells import csv_bytes
from review.results.exports.figures import SUFFIXES
from review.results.exports.readings import plain_rows
from review.results.exports.tables import find_table, table_csv
from review.results.frames import tidy_snapshot
from review.results.models import Snapshot
from review.results.policies import may_look
from review.results.reports import ready_report
from review.results.serializers import (
    DownloadSerializer,
    FigureSerializer,
    LookSerializer,
    ReadingsSerializer,
    RecordsSerializer,
    SnapshotSerializer,
    StudySerializer,
    TableSerializer,
)
from review.results.views import attachment
from review.results.vocabulary import study_values
from review.studies.models import Study

CSV = "text/csv; charset=utf-8"
FILTERS = [
    OpenApiParameter(name, OpenApiTypes.STR, description="One value, or several with commas.")
    for name in (*filters.TEXT_FILTERS, *filters.COUNT_FILTERS)
] + [
    OpenApiParameter("ordering", OpenApiTypes.STR, enum=list(filters.ORDERINGS)),
    OpenApiParameter("limit", OpenApiTypes.INT),
    OpenApiParameter("offset", OpenApiTypes.INT),
]


class NotUnblinded(APIException):
    """Results exist after unblinding only, for everybody."""

    status_code = 409
    default_code = "not_unblinded"


class ReportInTheMaking(APIException):
    """A worker computes the report of a large study."""

    status_code = 503
    default_code = "report_in_the_making"
    default_detail = "The report is being computed. Ask again in some seconds."
    wait = 5


class Pages(LimitOffsetPagination):
    """Pages of bounded length: a longer one is more than any list has, and than SQLite counts.

    A name that means nothing here is refused: who filters by it would take all for some.
    """

    max_limit = filters.MAX_LIMIT

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        known = (self.limit_query_param, self.offset_query_param)
        for name in request.query_params:
            if name not in known:
                raise ValidationError(
                    {"detail": f"There is no filter {name!r}. There are: {', '.join(known)}."}
                )
        return super().paginate_queryset(queryset, request, view)


class StudyList(ListAPIView[Study]):
    """Studies that the user edits or analyses."""

    pagination_class = Pages
    serializer_class = StudySerializer

    def get_queryset(self) -> QuerySet[Study]:
        return Study.objects.run_by(self.request.user).select_related("domain")


class StudyDetail(RetrieveAPIView[Study]):
    """One study."""

    serializer_class = StudySerializer
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Study]:
        return Study.objects.run_by(self.request.user).select_related("domain")


class StudySnapshots(ListAPIView[Snapshot]):
    """Snapshots of a study; 409 before it is unblinded."""

    pagination_class = Pages
    serializer_class = SnapshotSerializer

    def get_queryset(self) -> QuerySet[Snapshot]:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn without a request
            return Snapshot.objects.none()
        mine = Study.objects.run_by(self.request.user)
        study = get_object_or_404(mine, slug=self.kwargs["slug"])
        if study.unblinded_at is None:
            raise NotUnblinded(
                f"Study {study.slug} is {study.state}. Results appear once it is closed and "
                "unblinded."
            )
        return study.snapshots.select_related("study")


class StudyLooks(APIView):
    """Interim looks that were taken; statistic and bound are null for who may not see them yet."""

    @extend_schema(responses=LookSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        study = get_object_or_404(Study.objects.run_by(request.user), slug=slug)
        shows = may_look(request.user, study) or study.unblinded_at is not None
        rows = study.looks.order_by("number")
        return Response(LookSerializer(rows, many=True, context={"shows_numbers": shows}).data)


class SnapshotView(APIView):
    """Find a snapshot of a study that the user runs."""

    def snapshot(self) -> Snapshot:
        mine = Snapshot.objects.filter(
            study__in=Study.objects.run_by(self.request.user), study__unblinded_at__isnull=False
        )
        return get_object_or_404(mine.select_related("study"), uuid=self.kwargs["uuid"])

    def report(self, snapshot: Snapshot) -> dict[str, Any]:
        report = ready_report(snapshot)
        if report is None:
            raise ReportInTheMaking
        return report

    def selected(self, request: Request, snapshot: Snapshot, *, paged: bool) -> Any:
        frame, query = tidy_snapshot(snapshot), request.query_params.dict()
        try:
            return filters.select(
                frame, query, lambda name: study_values(snapshot.study, name), paged=paged
            )
        except FilterRefused as error:
            raise ValidationError({"detail": str(error)}) from error

    def table(self, snapshot: Snapshot, key: str) -> dict[str, Any]:
        try:
            return find_table(self.report(snapshot), key)
        except NothingToReport as error:
            raise Http404(str(error)) from error

    def log(self, request: Request, snapshot: Snapshot, name: str) -> None:
        log_event(
            actor=request.user,
            verb="results.exported",
            obj=snapshot,
            chain=study_chain(snapshot.study_id),
            after={"file": f"api {name}", "snapshot": snapshot.content_sha256},
        )


class SnapshotDetail(SnapshotView):
    """One snapshot."""

    @extend_schema(responses=SnapshotSerializer)
    def get(self, request: Request, uuid: str) -> Response:
        return Response(SnapshotSerializer(self.snapshot()).data)


class Readings(SnapshotView):
    """Readings, one object each, paged and filtered."""

    @extend_schema(parameters=FILTERS, responses=ReadingsSerializer)
    def get(self, request: Request, uuid: str) -> Response:
        snapshot = self.snapshot()
        found = self.selected(request, snapshot, paged=True)
        try:
            limit, offset = filters.page_of(request.query_params.dict())
        except FilterRefused as error:
            raise ValidationError({"detail": str(error)}) from error
        if offset == 0:
            self.log(request, snapshot, "readings")
        page, names = found.iloc[offset : offset + limit], list(found.columns)
        return Response(
            {
                "count": len(found),
                "limit": limit,
                "offset": offset,
                "snapshot": snapshot.content_sha256,
                "results": [dict(zip(names, row, strict=True)) for row in plain_rows(page)],
            }
        )


class ReadingsCsv(SnapshotView):
    """All readings that the filters keep, as CSV."""

    @extend_schema(parameters=FILTERS[:-2], responses=OpenApiResponse(OpenApiTypes.STR))
    def get(self, request: Request, uuid: str) -> HttpResponse:
        snapshot = self.snapshot()
        found = self.selected(request, snapshot, paged=False)
        self.log(request, snapshot, "readings.csv")
        return HttpResponse(csv_bytes(list(found.columns), plain_rows(found)), content_type=CSV)


class Files(SnapshotView):
    """The files that this snapshot and this server can give."""

    @extend_schema(responses=DownloadSerializer(many=True))
    def get(self, request: Request, uuid: str) -> Response:
        files = available_downloads(self.snapshot())
        return Response(DownloadSerializer(files, many=True).data)


class File(SnapshotView):
    """One whole file, byte for byte that of the page; 503 while a worker builds it."""

    @extend_schema(responses=OpenApiResponse(OpenApiTypes.BINARY))
    def get(self, request: Request, uuid: str, name: str) -> HttpResponse:
        snapshot = self.snapshot()
        try:
            content = ready_download(snapshot, name)
        except NothingToReport as error:
            raise Http404(str(error)) from error
        if content is None:
            raise ReportInTheMaking("The file is being built. Ask again in some seconds.")
        self.log(request, snapshot, name)
        return attachment(content, find_download(name).content_type, name)


class Figures(SnapshotView):
    """The figures of a snapshot's report, as Plotly data; files beside it."""

    @extend_schema(responses=FigureSerializer(many=True))
    def get(self, request: Request, uuid: str) -> Response:
        report = self.report(self.snapshot())
        return Response(
            [
                {"section": section["key"], **figure}
                for section in report["sections"]
                for figure in section["figures"]
            ]
        )


class FigureFile(SnapshotView):
    """One figure as SVG or PNG; 503 while a worker draws them, 404 without Chromium."""

    @extend_schema(responses=OpenApiResponse(OpenApiTypes.BINARY))
    def get(self, request: Request, uuid: str, key: str, suffix: str) -> HttpResponse:
        snapshot = self.snapshot()
        try:
            content = ready_figure(snapshot, key, suffix)
        except NothingToReport as error:
            raise Http404(str(error)) from error
        if content is None:
            raise ReportInTheMaking
        self.log(request, snapshot, f"figure {key}.{suffix}")
        return HttpResponse(content, content_type=SUFFIXES[suffix])


class Tables(SnapshotView):
    """The tables of a snapshot's report."""

    @extend_schema(responses=TableSerializer(many=True))
    def get(self, request: Request, uuid: str) -> Response:
        report = self.report(self.snapshot())
        rows = [
            {
                "key": table["key"],
                "title": table["title"],
                "section": section["key"],
                "rows": len(table["records"]),
            }
            for section in report["sections"]
            for table in section["tables"]
        ]
        return Response(rows)


class Table(SnapshotView):
    """One table, every row with n and method."""

    @extend_schema(responses=RecordsSerializer)
    def get(self, request: Request, uuid: str, key: str) -> Response:
        snapshot = self.snapshot()
        table = self.table(snapshot, key)
        fields = {name: table[name] for name in ("key", "title", "caption", "records")}
        return Response(fields | {"snapshot": snapshot.content_sha256})


class TableCsv(SnapshotView):
    """One table as CSV."""

    @extend_schema(responses=OpenApiResponse(OpenApiTypes.STR))
    def get(self, request: Request, uuid: str, key: str) -> HttpResponse:
        snapshot = self.snapshot()
        table = self.table(snapshot, key)
        self.log(request, snapshot, f"table {key}")
        return HttpResponse(table_csv(table, snapshot.content_sha256), content_type=CSV)
