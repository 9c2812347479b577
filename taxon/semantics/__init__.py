"""From files to rows: imports, names, inheritance, overrides, types and ranges, with the origin of every leaf."""

from taxon.semantics.canonical import canonical, leaf_text, row_hash, value_text
from taxon.semantics.checking import check_file, find_study, load_spec, load_study, load_tune
from taxon.semantics.resolve import Resolution

__all__ = [
    "Resolution",
    "canonical",
    "check_file",
    "find_study",
    "leaf_text",
    "load_spec",
    "load_study",
    "load_tune",
    "row_hash",
    "value_text",
]
