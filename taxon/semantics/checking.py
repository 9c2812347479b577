"""The two questions that the rest of taxon asks: what row is this spec, and what is wrong in this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from taxon.diagnostics.model import Diagnostic, Label, Severity
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.suggest import nearest
from taxon.semantics import codes, elsewhere
from taxon.semantics.allowing import silence
from taxon.semantics.bodies import read_body
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Layer, Target, apply, apply_conditional
from taxon.semantics.loading import Library, load, shipped_names, shipped_path, study_base
from taxon.semantics.overrides import read_overrides
from taxon.semantics.resolve import Resolution, Rules, resolve
from taxon.semantics.scope import Scope, Symbol, instead, wrong_kind
from taxon.semantics.studies import check_study
from taxon.semantics.typing_ import whole
from taxon.semantics.values import SMALL, quoted, shortened
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.syntax.parser import capped
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.rules import check_duration, check_row
from taxon.taxonomy.schema import Slot


def load_spec(
    name_or_path: str | Path,
    sets: Sequence[str] = (),
    env: str | None = None,
    actions: str | None = None,
    schema: Mapping[str, Slot] = SCHEMA,
    rules: Rules = check_row,
    unsets: Sequence[str] = (),
    texts: Mapping[Path, str] | None = None,
) -> Resolution:
    """Resolve one algorithm, or the child of it that `sets` and `unsets` are the entries of.

    Args:
        name_or_path: a path, `path:name` where the file holds several algorithms, or the name of a shipped spec.
        sets: `path=value` texts, blocks or `when` blocks.
        env: the environment's id, for `when env = ...`; without one no such block applies.
        actions: `discrete` or `continuous`, where known, for `when actions = ...`.
        schema: the slots.
        rules: what is asked of a row that resolves.
        unsets: paths that return to their defaults.
        texts: what is read instead of the files at these real paths.

    Returns:
        the row, or None where there is an error. Nothing is raised for anything that a user can write.
    """
    text = str(name_or_path)
    path, name, shown = place(text)
    library = load(path, shown, texts)
    scope = Scope(library)
    vocabulary = Vocabulary(schema)
    composer = Composer(scope, vocabulary, Target(env, actions))
    found = [*library.diagnostics, *scope.diagnostics]
    entries, diagnostics = read_overrides(sets, unsets)
    overrides = read_body(entries, vocabulary)
    found += [*diagnostics, *overrides.diagnostics]
    symbol = _chosen(text, name, shown, library, scope, found)
    if symbol is None:
        return Resolution(None, _tidy(found))
    composed = composer.compose(symbol)
    for each in composer.line(symbol):
        for part in composer.parts(each):
            found += composer.body(part).diagnostics
        found += composer.compose(each).diagnostics
    if composed.settings is None:
        return Resolution(None, _tidy(found))
    settings = composed.settings.copy()
    if entries:
        apply(settings, overrides, Layer("set", "", symbol))
        apply_conditional(settings, overrides, composer.target, symbol, kind="set")
    found += settings.diagnostics
    resolution = resolve(symbol, settings, vocabulary, rules, faulty=_has_error(found))
    whole = not entries and not composer.conditional(symbol)
    found += silence(symbol, composer.allowed(symbol), resolution, whole)
    return Resolution(None if _has_error(found) else resolution.row, _tidy(found))


def check_file(
    path: str | Path,
    schema: Mapping[str, Slot] = SCHEMA,
    rules: Rules = check_row,
    texts: Mapping[Path, str] | None = None,
) -> list[Diagnostic]:
    """Everything wrong in a file: its algorithms resolved and held against the rules, its architectures and `when`
    blocks typed, its studies checked. What an algorithm merely inherits from another one of the file is reported there.

    Args:
        path: the file.
        schema: the slots.
        rules: what is asked of a row that resolves.
        texts: read instead of the files at these real paths.
    """
    library = load(Path(path), str(path), texts)
    scope = Scope(library)
    vocabulary = Vocabulary(schema)
    composer = Composer(scope, vocabulary, Target())
    found = [*library.diagnostics, *scope.diagnostics]
    faulty: dict[Symbol, bool] = {}
    told: dict[Symbol, frozenset[tuple[str, str]]] = {}  # what is said about the rows of a line already
    own = scope.own(library.root)
    for symbol in own:
        declaration = symbol.declaration
        if isinstance(declaration, tree.Study):
            about = check_study(symbol, declaration, scope, vocabulary)
            found += about or _short_study(symbol, declaration, composer, rules)
        if not isinstance(declaration, tree.Algorithm):
            found += composer.body(symbol).diagnostics
            continue
        for each in composer.line(symbol, faulty):
            if each in faulty:
                continue
            composed = composer.compose(each)
            layers = [d for part in composer.parts(each) for d in composer.body(part).diagnostics]
            layers += composed.diagnostics
            found += layers
            parent = scope.parent(each)
            inherited = told.get(parent, frozenset()) if parent is not None else frozenset()
            faulty[each] = _has_error(layers) or (parent is not None and faulty[parent])
            told[each] = inherited
            if composed.settings is not None and each.unit is symbol.unit:
                resolution = resolve(each, composed.settings, vocabulary, rules, faulty[each])
                about = silence(each, composer.allowed(each), resolution, whole=not composer.conditional(each))
                fresh = [d for d in about if (d.code.id, d.message) not in inherited]
                found += fresh
                told[each] = inherited | {(d.code.id, d.message) for d in fresh} if fresh else inherited
    return _tidy(found)


def _short_study(symbol: Symbol, study: tree.Study, composer: Composer, rules: Rules) -> list[Diagnostic]:
    """What keeps the runs of a study that is right by itself from learning. Where it varies the data, each of its rows
    has a first update of its own."""
    given = {entry.path.text: entry for entry in study.entries}
    base, steps = given.get("base"), given.get("steps")
    if not isinstance(base, tree.Assignment) or not isinstance(steps, tree.Assignment):
        return []  # lost in what could not be parsed
    path, count = study_base(base), whole(steps.value)
    algorithm = None if path is None else composer.scope.find(path, symbol.unit, tree.Algorithm)
    settings = None if algorithm is None else composer.compose(algorithm).settings
    if algorithm is None or settings is None or count is None or any(path.split(".")[0] == "data" for path in given):
        return []
    row = resolve(algorithm, settings, composer.vocabulary, rules).row
    found = check_duration(row, count, option="steps = ") if row is not None and "data" in row else []
    blamed = Label(steps.value.span, "ends before it", primary=True)
    return [replace(each, labels=(blamed, *(replace(label, primary=False) for label in each.labels))) for each in found]


def find_study(name_or_path: str | Path) -> tree.Study | None:
    """The study that `path:name` names, or the only declaration of a file, if that is a study; unchecked."""
    path, name, shown = place(str(name_or_path))
    library = load(path, shown)
    unit = library.units.get(library.root)
    own = () if unit is None else unit.file.declarations
    named = [declaration for declaration in own if name in (None, declaration.name.text)]
    return named[0] if len(named) == 1 and isinstance(named[0], tree.Study) else None


def _algorithms(library: Library, scope: Scope) -> list[Symbol]:
    return [symbol for symbol in scope.own(library.root) if isinstance(symbol.declaration, tree.Algorithm)]


def place(text: str) -> tuple[Path, str | None, str]:
    """What a spec's name on the command line means: the file, the algorithm in it if named, and the name to show."""
    shipped = text.removeprefix("std.")
    if shipped.isidentifier() and shipped in shipped_names():
        return shipped_path(shipped), None, f"std.{shipped}"
    file, colon, name = text.rpartition(":")
    if colon and name.isidentifier() and not _exists(text):
        return Path(file), name, file
    return Path(text), None, text


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long, or with a character that no path has
        return False


def _chosen(
    text: str, name: str | None, shown: str, library: Library, scope: Scope, found: list[Diagnostic]
) -> Symbol | None:
    """The algorithm that is meant; None, with a diagnostic, where that is not clear."""
    if library.root not in library.units:
        if "/" not in text and not text.endswith(".tx") and not _exists(text):
            found[:] = [_no_such(text, shipped_names(), "there is no file and no shipped spec `{}`")]
        return None
    own = _algorithms(library, scope)
    if name is None and shown.startswith("std."):
        name = next((symbol.name for symbol in own if symbol.name == shown.removeprefix("std.")), None)
    if name is not None:
        symbol = next((symbol for symbol in own if symbol.name == name), None)
        other = next((symbol for symbol in scope.own(library.root) if symbol.name == name), None)
        if symbol is None and other is not None:
            found.append(wrong_kind(name, other, tree.Algorithm, other.span))
        elif symbol is None:
            message = f"`{shortened(shown)}` has no algorithm `{{}}`"
            found.append(_no_such(name, [symbol.name for symbol in own], message))
        return symbol
    if len(own) == 1:
        return own[0]
    unit = library.units[library.root]
    if own:
        labels = [Label(symbol.span, "one", primary=symbol is own[0]) for symbol in own[:SMALL]]
        hint = "say which: " + quoted(f"{text}:{symbol.name}" for symbol in own[:SMALL])
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, "the file has several algorithms", tuple(labels), help=hint))
    elif scope.own(library.root):
        others = scope.own(library.root)[:SMALL]
        labels = [Label(symbol.span, f"{symbol.kind}", primary=symbol is others[0]) for symbol in others]
        hint = instead(others[0])
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, "the file has no algorithm", tuple(labels), help=hint))
    elif unit.complete:
        label = Label(Span(unit.file.source, 0, 0), "declares none", primary=True)
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, "the file has no algorithm", (label,)))
    return None


def _no_such(name: str, known: Sequence[str], message: str) -> Diagnostic:
    other = elsewhere.algorithm(name)
    meant = nearest(name, known)
    hint = other.help("", name) if other else ""
    hint = hint or (f"did you mean `{meant}`?" if meant else f"known are {quoted(known)}" if known else "")
    source = Source("command line", name)
    label = Label(Span(source, 0, len(name)), "unknown", primary=True)
    return Diagnostic(codes.NO_SUCH_SPEC, message.format(shortened(name)), (label,), help=hint)


def _has_error(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)


def _tidy(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each finding once, by file and position, and not more than anyone reads."""
    return capped(sorted(dict.fromkeys(diagnostics), key=_position))


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.primary
    return ("", 0) if span is None else (span.source.name, span.start)
