"""One case of an unblinded study as JSON: what the page shows, for programs."""

from dataclasses import asdict
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generation.feedback.provenance import case_to_show, origin_of
from review.audit.services import log_event, study_chain
from review.results.case_readings import case_adjudication, case_readings
from review.results.selectors import latest_snapshot


class CaseProvenanceSerializer(serializers.Serializer[Any]):
    """A case, where its image came from, and every reading of it by reader code."""

    study = serializers.CharField()
    part = serializers.IntegerField()
    kind = serializers.CharField()
    case = serializers.CharField()
    arm = serializers.CharField()
    intended_class = serializers.CharField()
    truth_class = serializers.CharField()
    role = serializers.CharField()
    image = serializers.UUIDField()
    pixel_sha256 = serializers.CharField()
    rendition_sha256 = serializers.CharField()
    stratum = serializers.CharField()
    inclusion_probability = serializers.FloatField(allow_null=True)
    cluster_key = serializers.CharField()
    covariates = serializers.DictField()
    origin = serializers.DictField()
    readings = serializers.ListField(child=serializers.DictField())
    adjudication = serializers.DictField(allow_null=True)
    snapshot = serializers.CharField()


class CaseProvenance(APIView):
    """Everything that the page of a case says; 404 before unblinding."""

    @extend_schema(responses=CaseProvenanceSerializer)
    def get(self, request: Request, slug: str, order: int, case: str) -> Response:
        found = case_to_show(request.user, slug, order, case)
        snapshot = latest_snapshot(found.part.study)
        if snapshot is None:
            raise Http404
        log_event(
            actor=request.user,
            verb="results.exported",
            obj=snapshot,
            chain=study_chain(snapshot.study_id),
            after={"file": f"api case {order}/{case}", "snapshot": snapshot.content_sha256},
        )
        adjudication = case_adjudication(found)
        rendition = getattr(found, "rendition", None)
        said = {
            "study": slug,
            "part": order,
            "kind": found.part.kind,
            "case": found.code,
            "arm": found.arm.code,
            "intended_class": found.intended_class.code,
            "truth_class": found.image.image_class.code,
            "role": found.role,
            "image": found.image.uuid,
            "pixel_sha256": found.image.pixel_sha256,
            "rendition_sha256": rendition.sha256 if rendition else "",
            "stratum": found.stratum,
            "inclusion_probability": found.inclusion_probability,
            "cluster_key": found.cluster_key,
            "covariates": found.covariates,
            "origin": asdict(origin_of(request.user, found)),
            "readings": [asdict(reading) for reading in case_readings(snapshot, found)],
            "adjudication": asdict(adjudication) if adjudication else None,
            "snapshot": snapshot.content_sha256,
        }
        return Response(CaseProvenanceSerializer(said).data)
