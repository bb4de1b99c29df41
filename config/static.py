"""Static files in production: hashed names, inside our own modules as well."""

from typing import ClassVar

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Rewrite `import` and `import()` too: a page never mixes modules of two releases.

    Only in our own modules: other packages' scripts name modules that they do not ship.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns: ClassVar = (
        "reader/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )
