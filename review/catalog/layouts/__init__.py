"""One module per layout of image files: a tree in, source images out. No Django."""

from review.catalog.layouts.folder import read_folder
from review.catalog.layouts.labels_csv import read_labels_csv
from review.catalog.layouts.source import Skip, SourceImage

__all__ = ["Skip", "SourceImage", "read_folder", "read_labels_csv"]
