"""Where a value comes from, in words."""

from __future__ import annotations

from taxon.diagnostics.visible import visible
from taxon.taxonomy.schema import Origin


def origin_text(origin: Origin) -> str:
    """In a few words: `specs/mpo.tx:13`, `parent sac std.sac:22`, `default`."""
    if origin.layer == "set":
        return "set" if origin.span is None else visible(origin.span.source.name)
    words = f"{origin.layer} {origin.name}".rstrip()
    return visible(f"{words} {origin_place(origin)}".rstrip() if origin.layer != "spec" else origin_place(origin))


def origin_place(origin: Origin) -> str:
    """The file and line that set a value; empty where no file did."""
    if origin.span is None or origin.layer == "set":
        return ""
    line, _ = origin.span.source.position(origin.span.start)
    return visible(f"{origin.span.source.name}:{line}")
