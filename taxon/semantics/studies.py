"""A study: a grid of runs around one algorithm. Checked here; running it is another package's business."""

from __future__ import annotations

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes
from taxon.semantics.bodies import read_value, unknown_path
from taxon.semantics.loading import study_base
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.typing_ import whole
from taxon.semantics.values import quoted, shortened
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.syntax.printing import expression
from taxon.taxonomy.schema import COUNT, Range

KEYS = ("base", "on", "seeds", "steps")

# More seeds than any machine stacks.
_SEEDS = Range(1, 100_000, integer=True)
_RANGES = {"seeds": _SEEDS, "steps": COUNT}
_EXAMPLES = {"base": "base = std.sac", "on": 'on = ["Hopper-v5"]', "seeds": "seeds = 10", "steps": "steps = 1M"}


def check_study(symbol: Symbol, study: tree.Study, scope: Scope, vocabulary: Vocabulary) -> list[Diagnostic]:
    """What is wrong with a study: its base, its keys and their values, and the values that its paths vary over."""
    found: list[Diagnostic] = []
    given: dict[str, Span] = {}
    for entry in study.entries:
        path = entry.path.text
        first = given.get(path)
        if first is not None:
            message = f"`{shortened(path)}` stands twice in one study"
            found.append(_finding(codes.SET_TWICE, message, entry.path.span, "again", "keep one of them", first))
            continue
        given[path] = entry.path.span
        if isinstance(entry, tree.Vary):
            found += _vary(entry, vocabulary)
        elif path not in KEYS:
            found.append(_unknown_key(entry, vocabulary))
        elif path == "base":
            base = study_base(entry)
            if base is None:
                found.append(_finding(codes.BAD_STUDY, "`base` names an algorithm", entry.value.span, "no name"))
                continue
            before = len(scope.diagnostics)
            scope.find(base, symbol.unit, tree.Algorithm)
            found += scope.diagnostics[before:]
            del scope.diagnostics[before:]
        elif path == "on":
            found += _environments(entry)
        else:
            found += _count(entry, _RANGES[path])
    if symbol.unit.complete:
        for key in KEYS:
            if key not in given and not any(nearest(name, KEYS) == key for name in given if name not in KEYS):
                message, hint = f"the study does not say `{key}`", f"add `{_EXAMPLES[key]}`"
                found.append(_finding(codes.BAD_STUDY, message, symbol.span, f"has no `{key}`", hint))
    return found


def _finding(
    code: Code,
    message: str,
    span: Span,
    label: str,
    hint: str = "",
    first: Span | None = None,
    edit: Edit | None = None,
) -> Diagnostic:
    labels = [Label(span, label, primary=True)]
    if first is not None:
        labels.append(Label(first, "first here"))
    return Diagnostic(code, message, tuple(labels), help=hint, edit=edit)


def _unknown_key(entry: tree.Assignment, vocabulary: Vocabulary) -> Diagnostic:
    name = entry.path.text
    span = entry.path.span
    if vocabulary.places(name):
        hint = f"a study varies a path: `vary {name} in [...]`; what never varies belongs to its base"
        return _finding(codes.BAD_STUDY, f"`{name}` is a path, not a key of a study", span, "set in a study", hint)
    meant = nearest(name, KEYS)
    return _finding(
        codes.BAD_STUDY,
        f"a study has no `{shortened(name)}`",
        span,
        "unknown",
        f"did you mean `{meant}`?" if meant else f"a study has {quoted(KEYS)} and any number of `vary`",
        edit=correction(span, name, KEYS),
    )


def _vary(entry: tree.Vary, vocabulary: Vocabulary) -> list[Diagnostic]:
    path = entry.path.text
    places = vocabulary.places(path)
    if not places:
        return [unknown_path(entry.path, vocabulary)]
    found: list[Diagnostic] = []
    if not entry.values.items:
        hint = "name at least one value: `[a, b]`"
        found.append(_finding(codes.BAD_STUDY, f"`{path}` varies over nothing", entry.values.span, "empty", hint))
    seen: dict[object, Span] = {}
    for item in entry.values.items:
        readings = read_value(item, places, path)
        if all(reading.typed is None for reading in readings):
            found += readings[0].diagnostics
            continue
        text = expression(item)
        if text in seen:
            message = f"`{path}` varies over `{shortened(text)}` twice"
            found.append(_finding(codes.BAD_STUDY, message, item.span, "again", "keep one of them", seen[text]))
        seen.setdefault(text, item.span)
    return found


def _environments(entry: tree.Assignment) -> list[Diagnostic]:
    value = entry.value
    if not isinstance(value, tree.List) or not value.items:
        hint = f"write `{_EXAMPLES['on']}`"
        return [_finding(codes.BAD_STUDY, "`on` is a list of environments", value.span, "no such list", hint)]
    found: list[Diagnostic] = []
    seen: dict[str, Span] = {}
    for item in value.items:
        if not isinstance(item, tree.String) or not item.value:
            hint = f"write `{_EXAMPLES['on']}`"
            found.append(_finding(codes.BAD_STUDY, "an environment is named by a string", item.span, "no name", hint))
        elif item.value in seen:
            message = f"`{shortened(item.value)}` stands twice in `on`"
            found.append(_finding(codes.BAD_STUDY, message, item.span, "again", "keep one", seen[item.value]))
        else:
            seen[item.value] = item.span
    return found


def _count(entry: tree.Assignment, numbers: Range) -> list[Diagnostic]:
    value, key = entry.value, entry.path.text
    number = whole(value)
    if number is None:
        hint = f"write `{_EXAMPLES[key]}`"
        return [_finding(codes.BAD_STUDY, f"`{key}` is {numbers}", value.span, "not an integer", hint)]
    if abs(number) < 2**63 and number in numbers:
        return []
    return [_finding(codes.OUT_OF_RANGE, f"`{key}` takes {numbers}", value.span, "out of range")]
