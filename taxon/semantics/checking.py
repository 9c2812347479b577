"""What the rest of taxon needs: what row is this spec, what are the cells of this study, and what is wrong
in this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from taxon.diagnostics.model import Diagnostic, Label, Severity
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.suggest import nearest
from taxon.semantics import codes, elsewhere, tuning
from taxon.semantics.allowing import silence
from taxon.semantics.bodies import Body
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Settings, Target
from taxon.semantics.loading import Library, load, shipped_names, shipped_path
from taxon.semantics.meant import in_row
from taxon.semantics.overrides import Child, read_overrides
from taxon.semantics.resolve import Resolution, Rules, drafted, resolve
from taxon.semantics.scope import Scope, Symbol, instead, wrong_kind
from taxon.semantics.studies import Expanded, Space, Study, expand
from taxon.semantics.values import SMALL, quoted, shortened
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.syntax.parser import capped
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.rules import check_row
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
    children: Sequence[Child] = (),
) -> Resolution:
    """Resolve one algorithm, or the child of it that `sets` and `unsets` are the entries of.

    Args:
        name_or_path: a path, `path:name` where the file holds several algorithms, or the name of a shipped spec.
        sets: `path=value` texts, blocks or `when` blocks.
        env: the environment's id, for `when env = ...`; without one no such block applies.
        actions: `discrete` or `continuous`, where known, for `when actions = ...`.
        schema: the slots.
        rules: what is checked of a row that resolves.
        unsets: paths that return to their defaults.
        texts: what is read instead of the files at these real paths.
        children: further ones, each the child of the one before; `sets` and `unsets` are the last.

    Returns:
        the row, or None where there is an error. Nothing is raised for anything that a user can write.
    """
    text = str(name_or_path)
    path, name, shown = place(text)
    entries, wrong = read_overrides(sets, unsets)
    last = [Child(tuple(entries), diagnostics=tuple(wrong))] if entries or wrong else []
    heirs = [*children, *last]
    library = load(path, shown, texts, [mixin for child in heirs for mixin in child.mixins])
    scope = Scope(library)
    vocabulary = Vocabulary(schema)
    composer = Composer(scope, vocabulary, Target(env, actions))
    found = [*library.diagnostics, *scope.diagnostics, *(each for child in heirs for each in child.diagnostics)]
    symbol = _chosen(text, name, shown, library, scope, found, tree.Algorithm)
    if symbol is None:
        return Resolution(None, _tidy(found))
    for child in heirs:
        symbol = scope.extend(symbol, child)
    found += scope.diagnostics
    composed = composer.compose(symbol)
    for each in composer.line(symbol):
        found += _layers(each, composer)
    if composed.settings is None:
        return Resolution(None, _tidy(found))
    resolution = resolve(symbol, composed.settings, vocabulary, rules, faulty=_has_error(found))
    whole = symbol.of is None and not composer.conditional(symbol)
    found += silence(symbol, composer.allowed(symbol), resolution, whole)
    return Resolution(None if _has_error(found) else resolution.row, _tidy(found))


@dataclass(frozen=True)
class Examined:
    """All that is wrong in a file, and its studies and tunes that mean something."""

    diagnostics: list[Diagnostic]
    studies: tuple[Study, ...]
    tunes: tuple[tuning.Tune, ...] = ()


def check_file(
    path: str | Path,
    schema: Mapping[str, Slot] = SCHEMA,
    rules: Rules = check_row,
    texts: Mapping[Path, str] | None = None,
) -> list[Diagnostic]:
    """Everything wrong in a file, as `examine` finds it."""
    return examine(path, schema, rules, texts).diagnostics


def examine(
    path: str | Path,
    schema: Mapping[str, Slot] = SCHEMA,
    rules: Rules = check_row,
    texts: Mapping[Path, str] | None = None,
    space: Space | None = None,
) -> Examined:
    """Everything wrong in a file: its algorithms resolved and held against the rules, its architectures and `when`
    blocks typed, its studies and tunes expanded. What an algorithm merely inherits from another one of the file is
    reported there.

    Args:
        path: the file.
        schema: the slots.
        rules: what is checked of a row that resolves.
        texts: read instead of the files at these real paths.
        space: what an environment takes as its action, for the cells of studies and the values of tunes.
    """
    library = load(Path(path), str(path), texts)
    scope = Scope(library)
    vocabulary = Vocabulary(schema)
    composer = Composer(scope, vocabulary, Target())
    found = [*library.diagnostics, *scope.diagnostics]
    faulty: dict[Symbol, bool] = {}
    reported: dict[Symbol, frozenset[tuple[str, str]]] = {}  # what is said about the rows of a line already
    own = scope.own(library.root)
    studies: dict[Symbol, Study] = {}
    tunes: dict[Symbol, tuning.Tune] = {}
    for symbol in own:
        if isinstance(symbol.declaration, tree.Study):
            expanded = expand(symbol, composer, rules, space)
            found += [*expanded.diagnostics, *_texts(expanded.faulty, composer)]
            studies |= {} if expanded.study is None else {symbol: expanded.study}
            continue
        if isinstance(symbol.declaration, tree.Tune):
            searched = tuning.expand(symbol, composer, rules, space)
            found += [*searched.diagnostics, *_texts(searched.faulty, composer)]
            tunes |= {} if searched.tune is None else {symbol: searched.tune}
            continue
        if not isinstance(symbol.declaration, tree.Algorithm):
            found += composer.body(symbol).diagnostics
            continue
        for each in composer.line(symbol, faulty):
            if each in faulty:
                continue
            composed = composer.compose(each)
            layers = _layers(each, composer)
            found += layers
            parent = scope.parent(each)
            inherited = reported.get(parent, frozenset()) if parent is not None else frozenset()
            faulty[each] = _has_error(layers) or (parent is not None and faulty[parent])
            reported[each] = inherited
            if composed.settings is not None and each.unit is symbol.unit:
                resolution = resolve(each, composed.settings, vocabulary, rules, faulty[each])
                about = silence(each, composer.allowed(each), resolution, whole=not composer.conditional(each))
                fresh = [d for d in about if (d.code.id, d.message) not in inherited]
                found += fresh
                reported[each] = inherited | {(d.code.id, d.message) for d in fresh} if fresh else inherited
    for tuned, tune in tunes.items():
        for compared, study in studies.items():
            found += tuning.meetings(tuned, tune, compared, study, composer)
    return Examined(_tidy(found), tuple(studies.values()), tuple(tunes.values()))


def _texts(symbols: Iterable[Symbol], composer: Composer) -> list[Diagnostic]:
    """What is wrong with the text of what a study or a tune is about, wherever it stands."""
    found: list[Diagnostic] = []
    for each in symbols:
        is_algorithm = isinstance(each.declaration, tree.Algorithm)
        found += _layers(each, composer) if is_algorithm else composer.body(each).diagnostics
    return found


def _layers(symbol: Symbol, composer: Composer) -> list[Diagnostic]:
    """What is wrong with the layers of an algorithm itself: its mixins' and its own."""
    composed = composer.compose(symbol)
    found = [each for mixin in composer.scope.mixins(symbol) for each in composer.body(mixin).diagnostics]
    found += _said(composer.body(symbol), symbol, composed.settings, composer.vocabulary)
    return found + composed.diagnostics


def _said(body: Body, symbol: Symbol, settings: Settings | None, vocabulary: Vocabulary) -> list[Diagnostic]:
    """What is wrong with a body; of names from elsewhere, what they mean in the algorithm's row."""
    if not body.foreign or settings is None:
        return body.diagnostics
    given = {operation.path for operation in body.operations}
    better = in_row(body.foreign, drafted(symbol, settings, vocabulary), given, vocabulary)
    return [better.get(id(found), found) for found in body.diagnostics]


def load_tune(
    name_or_path: str | Path, space: Space | None = None, schema: Mapping[str, Slot] = SCHEMA, rules: Rules = check_row
) -> tuning.Expanded:
    """Expand one tune, as `load_study` does a study, with the warnings about the studies of its file."""
    text = str(name_or_path)
    path, name, shown = place(text)
    library = load(path, shown)
    scope = Scope(library)
    found = [*library.diagnostics, *scope.diagnostics]
    symbol = _chosen(text, name, shown, library, scope, found, tree.Tune)
    if symbol is None:
        return tuning.Expanded(None, _tidy(found))
    composer = Composer(scope, Vocabulary(schema), Target())
    expanded = tuning.expand(symbol, composer, rules, space)
    found += [*expanded.diagnostics, *_texts(expanded.faulty, composer)]
    if expanded.tune is not None:
        for compared in _own(library, scope, tree.Study):
            study = expand(compared, composer, rules, space).study
            found += [] if study is None else tuning.meetings(symbol, expanded.tune, compared, study, composer)
    return tuning.Expanded(None if _has_error(found) else expanded.tune, _tidy(found))


def load_study(
    name_or_path: str | Path,
    space: Space | None = None,
    schema: Mapping[str, Slot] = SCHEMA,
    rules: Rules = check_row,
    texts: Mapping[Path, str] | None = None,
    edited: Mapping[str, str] = MappingProxyType({}),
) -> Expanded:
    """Expand one study.

    Args:
        name_or_path: a path, or `path:name` where the file declares several.
        space: the actions of an environment and how many numbers or choices they are, or None where it cannot be made.
            Without it `when actions = ...` does not apply, and no row is held against its environment.
        schema: the slots.
        rules: what is checked of a row that resolves.
        texts: what is read instead of the files at these real paths.
        edited: by the name of a base the SHA-256 of the module that is trained in its place.

    Returns:
        the study, or None where there is an error, with the warnings about the tunes of its file. Nothing is raised for
        anything that a user can write.
    """
    text = str(name_or_path)
    path, name, shown = place(text)
    library = load(path, shown, texts)
    scope = Scope(library)
    found = [*library.diagnostics, *scope.diagnostics]
    symbol = _chosen(text, name, shown, library, scope, found, tree.Study)
    if symbol is None:
        return Expanded(None, _tidy(found))
    composer = Composer(scope, Vocabulary(schema), Target())
    expanded = expand(symbol, composer, rules, space, edited)
    found += [*expanded.diagnostics, *_texts(expanded.faulty, composer)]
    if expanded.study is not None:
        for tuned in _own(library, scope, tree.Tune):
            tune = tuning.expand(tuned, composer, rules, space).tune
            found += [] if tune is None else tuning.meetings(tuned, tune, symbol, expanded.study, composer)
    return Expanded(None if _has_error(found) else expanded.study, _tidy(found))


def _own(library: Library, scope: Scope, kind: type[tree.Declaration]) -> list[Symbol]:
    """The declarations of a kind in the file that was given."""
    return [each for each in scope.own(library.root) if isinstance(each.declaration, kind)]


def find_study(name_or_path: str | Path) -> tree.Study | tree.Tune | None:
    """The study or the tune that `path:name` names, or the only declaration of a file, if that is one; unchecked."""
    path, name, shown = place(str(name_or_path))
    library = load(path, shown)
    unit = library.units.get(library.root)
    own = () if unit is None else unit.file.declarations
    named = [declaration for declaration in own if name in (None, declaration.name.text)]
    return named[0] if len(named) == 1 and isinstance(named[0], tree.Study | tree.Tune) else None


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


_NOUNS: Mapping[type[tree.Declaration], tuple[str, str]] = {
    tree.Algorithm: ("algorithm", "algorithms"),
    tree.Study: ("study", "studies"),
    tree.Tune: ("tune", "tunes"),
}
_COMMANDS: Mapping[type[tree.Declaration], str] = {tree.Study: "study", tree.Tune: "tune"}


def _chosen(
    text: str,
    name: str | None,
    shown: str,
    library: Library,
    scope: Scope,
    found: list[Diagnostic],
    kind: type[tree.Algorithm | tree.Study | tree.Tune],
) -> Symbol | None:
    """The declaration of a kind that is meant; None, with a diagnostic, where that is not clear."""
    noun, several = _NOUNS[kind]
    if library.root not in library.units:
        if "/" not in text and not text.endswith(".tx") and not _exists(text):
            found[:] = [_no_such(text, shipped_names(), "there is no file and no shipped spec `{}`")]
        return None
    own = [symbol for symbol in scope.own(library.root) if isinstance(symbol.declaration, kind)]
    if name is None and shown.startswith("std."):
        name = next((symbol.name for symbol in own if symbol.name == shown.removeprefix("std.")), None)
    if name is not None:
        symbol = next((symbol for symbol in own if symbol.name == name), None)
        other = next((symbol for symbol in scope.own(library.root) if symbol.name == name), None)
        if symbol is None and other is not None:
            found.append(replace(wrong_kind(name, other, kind, other.span), help=_instead(other, kind, text)))
        elif symbol is None:
            message = f"`{shortened(shown)}` has no {noun} `{{}}`"
            found.append(_no_such(name, [symbol.name for symbol in own], message))
        return symbol
    if len(own) == 1:
        return own[0]
    unit = library.units[library.root]
    if own:
        labels = [Label(symbol.span, "one", primary=symbol is own[0]) for symbol in own[:SMALL]]
        hint = "say which: " + quoted(f"{text}:{symbol.name}" for symbol in own[:SMALL])
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, f"the file has several {several}", tuple(labels), help=hint))
    elif scope.own(library.root):
        runnable_first = sorted(
            scope.own(library.root), key=lambda symbol: not isinstance(symbol.declaration, tree.Study | tree.Tune)
        )
        others = runnable_first[:SMALL]
        labels = [Label(symbol.span, f"{symbol.kind}", primary=symbol is others[0]) for symbol in others]
        hint = _instead(others[0], kind, text)
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, f"the file has no {noun}", tuple(labels), help=hint))
    elif unit.complete:
        label = Label(Span(unit.file.source, 0, 0), "declares none", primary=True)
        found.append(Diagnostic(codes.CHOOSE_ALGORITHM, f"the file has no {noun}", (label,)))
    return None


def _instead(symbol: Symbol, kind: type[tree.Declaration], text: str) -> str:
    """What to do with a declaration that a command line names by `text`, where one of another kind is meant."""
    command = _COMMANDS.get(type(symbol.declaration))
    if command is not None and kind is not type(symbol.declaration):
        return f"`taxon {command} {shortened(text)}` runs {symbol.kind}; {instead(symbol)}"
    return instead(symbol)


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
