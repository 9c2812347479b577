"""From settings to a row: defaults filled in, leaves without a part in the row dropped, the row's rules applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from taxon.diagnostics.model import Diagnostic, Label, Severity
from taxon.semantics import codes
from taxon.semantics.defaults import default_of
from taxon.semantics.layers import Held, Layer, Settings, Taken, children
from taxon.semantics.overrides import SET, UNSET
from taxon.semantics.scope import Symbol
from taxon.semantics.typing_ import Typed
from taxon.semantics.values import example, takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.semantics.watched import Watched, closed
from taxon.syntax import tree
from taxon.taxonomy.schema import Leaf, Origin, Row, Slot

Rules = Callable[[Row], list[Diagnostic]]


@dataclass(frozen=True)
class Resolution:
    """A row, or None where there is an error; and all that was found."""

    row: Row | None
    diagnostics: list[Diagnostic]


@dataclass(frozen=True)
class _Missing:
    """A slot that has no default and that nothing sets."""

    path: str
    slot: Slot
    holder: Leaf | None  # the constructor that needs it


@dataclass(frozen=True)
class _Idle:
    """What is set at a path, and why it has no effect: the slot at `dropped`, at or above it, does not apply."""

    path: str
    reason: str
    held: Held
    dropped: str


class _Expansion:
    """The leaves of a row under way."""

    def __init__(self, symbol: Symbol, settings: Settings, vocabulary: Vocabulary) -> None:
        self.symbol = symbol
        self.settings = settings
        self.held = settings.held
        self.leaves = Watched()
        self.because: dict[str, set[str]] = {}  # what decided whether a path has a part in the row
        self.defaults: dict[str, Typed | None] = {}  # what would stand at a path if nothing set it
        self.missing: list[tuple[_Missing, bool]] = []  # and whether it hangs on a slot that may not apply
        self.poisoned = False
        for path, slot in vocabulary.schema.items():
            if not slot.spread:
                self._expand(path, slot, default_of(slot), None, False)

    def _expand(self, path: str, slot: Slot, default: Typed | None, holder: Leaf | None, conditional: bool) -> None:
        conditional = conditional or slot.applies is not None
        held = self.held.get(path)
        self.defaults[path] = default
        if held is not None:
            default = None
            if held.value is None:
                self.poisoned = True
                return
            leaf = Leaf(path, held.value, self._origin(held), slot)
        elif default is not None:
            leaf = Leaf(path, default.value, Origin("default"), slot)
        else:
            self.missing.append((_Missing(path, slot, holder), conditional))
            return
        self.leaves[path] = leaf
        for parameter, key in children(leaf.value, slot):
            given = default.below.get(key) if default is not None else None
            self._expand(f"{path}.{key}", parameter, given or default_of(parameter), leaf, conditional)

    def _origin(self, held: Held) -> Origin:
        layer = held.layer
        if layer.kind == "spec" and layer.holder is not self.symbol.written:
            return Origin("parent", layer.holder.name, held.span)
        return Origin(layer.kind, "" if layer.kind == "set" else layer.name, held.span)

    def says_default(self, path: str, slot: Slot) -> bool:
        """Whether what is set at a path, and below it, would stand there anyway."""
        held, default = self.held.get(path), self.defaults[path]
        if held is not None and (default is None or held.value != default.value):
            return False
        below = children(default.value, slot) if default is not None else ()
        return all(self.says_default(f"{path}.{key}", parameter) for parameter, key in below)

    def row(self) -> Row:
        return Row(self.symbol.name, self.symbol.declaration.doc, self.leaves)

    def drop(self) -> list[_Idle]:
        """Drop what has no part in the row, and return what was set of it."""
        refused: list[_Idle] = []
        changed = True
        while changed:
            changed = False
            for path in list(self.leaves):
                leaf = self.leaves.get(path)
                if leaf is None or leaf.slot.applies is None:
                    continue
                self.leaves.read = set()
                reason = leaf.slot.applies(self.row())
                self.because.setdefault(path, set()).update(self.leaves.read)
                if reason is not None:
                    changed = True
                    refused += [_Idle(*idle, path) for idle in self._drop(path, reason)]
            for entry in [entry for entry in self.missing if self._excused(entry[0])]:
                changed = True
                self.missing.remove(entry)
        return refused

    def own(self, layer: Layer) -> bool:
        """Whether a layer is the last declaration's: that of `--set` where there is one, else the algorithm's body."""
        return layer.holder is self.symbol and layer.kind != "mixin"

    def cause(self, dropped: str, held: Held) -> Held | Taken | None:
        """The entry of a later layer that leaves what is set without a part in the row, if there is one; of an earlier
        one, where it holds in some environments only.

        dropped: the path whose slot does not apply, at or above what is set.
        """
        found: Held | Taken | None = None
        for path in closed(self.because[dropped], self.because):
            cause = self.held.get(path) or self.settings.taken.get(path)
            if cause is None:
                continue
            sometimes = cause.layer.conditional and not held.layer.conditional
            if (sometimes or cause.rank > held.rank) and (found is None or cause.rank > found.rank):
                found = cause
        return found

    def _excused(self, missing: _Missing) -> bool:
        if missing.holder is not None and missing.holder.path not in self.leaves:
            return True
        return missing.slot.applies is not None and missing.slot.applies(self.row()) is not None

    def _drop(self, path: str, reason: str) -> list[tuple[str, str, Held]]:
        """Drop a leaf and its parameters. A modifier may share its name with a parameter, so paths are not enough."""
        leaf = self.leaves.pop(path)
        held = self.held.get(path)
        refused = [] if held is None else [(path, reason, held)]
        below = [f"{path}.{key}" for _, key in children(leaf.value, leaf.slot)]
        for found in [found for p in below if p in self.leaves for found in self._drop(p, reason)]:
            if not any(known.operation is found[2].operation for _, _, known in refused):
                refused.append(found)
        return refused


def resolve(
    symbol: Symbol, settings: Settings, vocabulary: Vocabulary, rules: Rules, faulty: bool = False
) -> Resolution:
    """Resolve the settings of an algorithm to a row.

    Args:
        faulty: an error in the algorithm's layers is reported already: look no further than the open factors.
    """
    expansion = _Expansion(symbol, settings, vocabulary)
    unconditional = [missing for missing, conditional in expansion.missing if not conditional]
    if unconditional or faulty or expansion.poisoned:
        return Resolution(None, [_missing(missing, symbol) for missing in unconditional])
    refused = expansion.drop()
    found = [_missing(missing, symbol) for missing, _ in expansion.missing]
    found += _without_effect(refused, expansion, symbol)
    if found:
        return Resolution(None, found)
    row = replace(expansion.row(), leaves=dict(expansion.leaves))  # it is no longer watched
    found = rules(row)
    fine = all(diagnostic.severity is not Severity.ERROR for diagnostic in found)
    return Resolution(row if fine else None, found)


def drafted(symbol: Symbol, settings: Settings, vocabulary: Vocabulary) -> Row | None:
    """The row that settings make, whatever its rules say of it; None where a factor is open or a value is wrong."""
    expansion = _Expansion(symbol, settings, vocabulary)
    if expansion.poisoned or any(not conditional for _, conditional in expansion.missing):
        return None
    expansion.drop()
    return replace(expansion.row(), leaves=dict(expansion.leaves))


def _missing(missing: _Missing, symbol: Symbol) -> Diagnostic:
    slot, path = missing.slot, missing.path
    name = Label(symbol.span, "", primary=True)
    if missing.holder is None:
        return Diagnostic(
            codes.MISSING_VALUE,
            f"the row does not say `{path}`: {slot.doc}",
            (Label(symbol.span, f"has no `{path}`", primary=True),),
            help=f"it takes {takes(slot)}: `{path} = {example(slot)}`",
        )
    origin = missing.holder.origin.span
    label = name if origin is None else Label(origin, f"needs `{slot.name}`", primary=True)
    return Diagnostic(
        codes.MISSING_PARAMETER,
        f"`{path}` is not given: {slot.doc}",
        (label,),
        help=f"it takes {takes(slot)}: `{slot.name} = {example(slot)}`",
    )


def _without_effect(refused: list[_Idle], expansion: _Expansion, symbol: Symbol) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    living = {
        id(held.operation)
        for path, held in expansion.held.items()
        if held.operation.shared and path in expansion.leaves
    }
    # What a mixin says of a network that the row lacks is no mistake, as long as it says something else.
    mixed = {held.layer for path, held in expansion.held.items() if path in expansion.leaves}
    reported: set[int] = set()
    for idle in refused:
        path, held = idle.path, idle.held
        if held.layer.kind == "mixin" and held.layer in mixed:
            continue
        own = expansion.own(held.layer)
        # A parent may spell out a default or leave it: its row is the same, and so is what extends it.
        if not own and expansion.says_default(path, held.slot):
            continue
        if held.operation.shared:
            # A shared path sets what there is to set: it is at fault only where nothing it set has a part, or had one
            # before a later entry replaced it.
            if id(held.operation) in living or id(held.operation) in reported or _replaced(held, expansion):
                continue
            path = held.operation.path
        reported.add(id(held.operation))
        found.append(_idle(path, idle.reason, held, own, expansion.cause(idle.dropped, held), expansion, symbol))
    return found


def _replaced(held: Held, expansion: _Expansion) -> bool:
    """Whether another entry stands where a shared path set something that has a part in the row."""
    places = (place.path for place in held.operation.places)
    standing = (
        expansion.held[path].operation for path in places if path in expansion.held and path in expansion.leaves
    )
    return any(operation is not held.operation for operation in standing)


def _idle(
    path: str, reason: str, held: Held, own: bool, cause: Held | Taken | None, expansion: _Expansion, symbol: Symbol
) -> Diagnostic:
    message = f"`{path}` has no effect: {reason}"
    if cause is None and own:
        label = Label(held.span, "has no effect here", primary=True)
        return Diagnostic(codes.NO_EFFECT, message, (label,), help="remove it")
    labels = [Label(held.span, "set here")]
    if cause is not None:
        blamed = expansion.own(cause.layer) or (cause.layer.kind == "when" and cause.layer.holder is symbol.written)
        labels.append(Label(cause.span, "leaves it without effect", primary=blamed))
    if not any(label.primary for label in labels):
        labels.append(Label(symbol.span, "has no effect in this row", primary=True))
    source = held.layer.holder.name if held.layer.kind == "spec" else held.layer.name
    elsewhere = bool(source) and (held.layer.kind != "spec" or held.layer.holder is not symbol.written)
    notes = (f"`{path}` comes from `{source}`",) if elsewhere else ()
    return Diagnostic(codes.NO_EFFECT, message, tuple(labels), notes, _take_back(path, cause, expansion, symbol))


def _take_back(path: str, cause: Held | Taken | None, expansion: _Expansion, symbol: Symbol) -> str:
    """Where the `unset` belongs: beside the entry that leaves the path without effect, and nowhere before it."""
    layer = None if cause is None else cause.layer
    if layer is not None and layer.conditional:
        return f"take it back there: `unset {path}` inside `when {layer.name}`"
    if symbol.of is not None:
        return f"take it back: `{_unset(symbol)} {path}`"
    return f"take it back in `{symbol.name}`: `unset {path}`"


def _unset(symbol: Symbol) -> str:
    """How a further entry of a declaration takes a path back: on the command line, where its others stand there."""
    entries = symbol.declaration.entries if isinstance(symbol.declaration, tree.Algorithm) else ()
    typed = any(entry.span.source.name in (SET, UNSET) for entry in entries)
    return UNSET if typed else "unset"
