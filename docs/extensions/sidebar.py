"""The side bar shows the pages beside the one that is read: all pages on every page would be most of its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx


def collapse(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Have the theme's tree of pages leave out what lies below other pages."""
    whole: Callable[..., str] = context["toctree"]
    context["toctree"] = lambda **options: whole(**{**options, "collapse": True})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it before the theme, which draws the tree at the priority of 500."""
    app.connect("html-page-context", collapse, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
