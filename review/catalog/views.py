"""Pages for admins: pools, uploads, domains."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from review.catalog import selectors
from review.catalog.errors import CatalogError, MediaFull, MediaMissing
from review.catalog.forms import UploadForm
from review.catalog.models import Domain, ImageAsset, ImportJob
from review.catalog.pixels import thumbnail_png
from review.catalog.policies import admin_required
from review.catalog.services.uploads import accept_upload
from review.catalog.storage import read_bytes

PER_PAGE = 60
SHOWN_IMPORTS = 10
THUMB_PX = 128
INSUFFICIENT_STORAGE = 507


@admin_required
@require_safe
def pools(request: HttpRequest) -> HttpResponse:
    """List the pools."""
    found = selectors.pools_with_counts(request.user)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "review/catalog/pools.html", {"page": page})


@admin_required
@require_safe
def pool(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Show one pool: origin, counts, imports and a page of thumbnails."""
    found = get_object_or_404(
        selectors.pools_open_to(request.user).select_related("domain"), uuid=uuid
    )
    counts = selectors.class_counts(found)
    chosen = request.GET.get("class", "")
    images = found.images.select_related("image_class").order_by("image_class__order", "pk")
    if chosen in {count.code for count in counts}:
        images = images.filter(image_class__code=chosen)
    context = {
        "pool": found,
        "files": found.origin.get("folder") or found.origin.get("files"),
        "counts": counts,
        "chosen": chosen,
        "page": Paginator(images, PER_PAGE).get_page(request.GET.get("page")),
        "imports": found.imports.all()[:SHOWN_IMPORTS],
    }
    return render(request, "review/catalog/pool.html", context)


@admin_required
@require_safe
def import_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far an import is; polled by the pool page."""
    jobs = ImportJob.objects.filter(pool__in=selectors.pools_open_to(request.user))
    job = get_object_or_404(jobs.select_related("pool"), pk=pk)
    response = render(request, "review/catalog/_import.html", {"job": job})
    if request.GET.get("live") and job.finished_at:
        response["HX-Refresh"] = "true"  # counts and thumbnails of the page are old now
    return response


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take an upload and start its import."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return render(request, "review/catalog/upload.html", {"form": form})
    status = 422
    if form.is_valid():
        try:
            job = accept_upload(
                user=request.user, form=form.answers(), files=form.cleaned_data["images"]
            )
            return redirect("catalog:pool", uuid=job.pool.uuid)
        except CatalogError as error:
            form.add_error(None, str(error))
            status = INSUFFICIENT_STORAGE if isinstance(error, MediaFull) else status
    return render(request, "review/catalog/upload.html", {"form": form}, status=status)


@admin_required
@require_safe
def thumbnail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Send a small picture of one image."""
    images = ImageAsset.objects.filter(pool__in=selectors.pools_open_to(request.user))
    asset = get_object_or_404(images, uuid=uuid)
    try:
        content = thumbnail_png(read_bytes(asset.storage_key), THUMB_PX)
    except MediaMissing:
        return HttpResponse(status=404)
    response = HttpResponse(content, content_type="image/png")
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@admin_required
@require_safe
def domains(request: HttpRequest) -> HttpResponse:
    """List the domains with the status of their content."""
    context = {"domains": selectors.domains_with_counts()}
    return render(request, "review/catalog/domains.html", context)


@admin_required
@require_safe
def domain(request: HttpRequest, code: str) -> HttpResponse:
    """Show classes and the standing criteria of a domain."""
    found = get_object_or_404(Domain, code=code)
    question = str(found.header.get("question", "")).replace("{class_name}", "[class]")
    context = {
        "domain": found,
        "question": question,
        "classes": found.classes.all(),
        "criterion_set": found.standing_criteria,
    }
    return render(request, "review/catalog/domain.html", context)
