"""Verbs of the catalogue: load domains, take images in, import and upload."""

from review.catalog.services.domains import DomainChange, load_domain, load_domains
from review.catalog.services.importing import (
    ImportOptions,
    ImportSummary,
    import_tree,
    open_pool,
    start_import,
)
from review.catalog.services.intake import (
    Provenance,
    hash_cluster,
    intake_pixels,
    read_mask,
    read_pixels,
)

__all__ = [
    "DomainChange",
    "ImportOptions",
    "ImportSummary",
    "Provenance",
    "hash_cluster",
    "import_tree",
    "intake_pixels",
    "load_domain",
    "load_domains",
    "open_pool",
    "read_mask",
    "read_pixels",
    "start_import",
]
