"""What a spec extends, by the name under which it can be loaded itself."""

from collections.abc import Mapping
from pathlib import Path

from taxon.semantics.checking import place
from taxon.semantics.loading import load
from taxon.semantics.scope import Scope
from taxon.syntax import tree


def parent_of(name_or_path: str | Path, texts: Mapping[Path, str] | None = None) -> str | None:
    """The parent of the algorithm that a spec's name means, as `load_spec` takes it; None where there is none.

    texts: what is read instead of the files at these real paths.
    """
    path, name, shown = place(str(name_or_path))
    library = load(path, shown, texts)
    scope = Scope(library)
    own = [symbol for symbol in scope.own(library.root) if isinstance(symbol.declaration, tree.Algorithm)]
    name = name or (shown.removeprefix("std.") if shown.startswith("std.") else None)
    chosen = [symbol for symbol in own if name in (None, symbol.name)]
    parent = scope.parent(chosen[0]) if len(chosen) == 1 else None
    return None if parent is None else f"{parent.unit.path}:{parent.name}"
