"""The keys of a study: where, how long and how often it runs, and how a run is scored.

A tune reads its own keys with the same functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from taxon.diagnostics.model import Diagnostic, Label
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import correction, nearest
from taxon.semantics import codes
from taxon.semantics.defaults import default_of
from taxon.semantics.environments import matches
from taxon.semantics.studies.findings import finding, unknown
from taxon.semantics.studies.model import Score, Seeds
from taxon.semantics.studies.vocabulary import BY_ENVIRONMENT, EXAMPLES, REQUIRED, STUDY
from taxon.semantics.typing_ import Typed, check
from taxon.semantics.values import example, quoted, shortened, takes
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree
from taxon.taxonomy.schema import Composition, Slot


@dataclass(frozen=True)
class Amounts:
    """How long and how often an environment is run."""

    steps: int
    seeds: Seeds
    span: Span  # of the number of steps


@dataclass
class Keys:
    """The values of the keys that are right; `amounts` is empty where one of them is not.

    noun: what has the keys. slots: the keys that it may have.
    """

    noun: str = "study"
    slots: Mapping[str, Slot] = field(default_factory=lambda: STUDY)
    found: list[Diagnostic] = field(default_factory=list)
    given: dict[str, tree.Assignment] = field(default_factory=dict)
    environments: dict[str, Span] = field(default_factory=dict)
    amounts: dict[str, Amounts] = field(default_factory=dict)
    score: Score = field(default_factory=lambda: scored(default_value("score")))
    failure: str = "floor"
    leave_out: bool = False
    scale: dict[str, tuple[float, float]] = field(default_factory=dict)


def read_keys(study: tree.Study, span: Span, whole: bool, vocabulary: Vocabulary) -> Keys:
    """What the keys of a study say, and what is wrong with them.

    Args:
        span: of the study's name.
        whole: no part of the text was lost: what is missing is missing.
    """
    keys = Keys()
    typed: dict[str, Typed] = {}
    for entry in study.entries:
        if isinstance(entry, tree.Assignment):
            take(entry, keys, typed, vocabulary)
    if whole:
        keys.found += missing(keys, study, span, REQUIRED, EXAMPLES)
    if "on" in keys.given:
        keys.environments = read_environments(keys.given["on"].value, keys.found)
    if "scale" in keys.given:
        keys.scale = read_scale(keys.given["scale"].value, keys)
    keys.score = scored(typed.get("score") or default_value("score"))
    keys.failure = chosen(typed.get("failure") or default_value("failure"))
    keys.leave_out = chosen(typed.get("refused") or default_value("refused")) == "leave_out"
    special = [_when(entry, keys) for entry in study.entries if isinstance(entry, tree.When)]
    if "seeds" in typed and "steps" in typed:
        for environment in keys.environments:
            said = typed | _specially(environment, special, keys.found)
            keys.amounts[environment] = Amounts(whole_number(said["steps"]), _seeds(said["seeds"]), said["steps"].span)
    return keys


def take(entry: tree.Assignment, keys: Keys, typed: dict[str, Typed], vocabulary: Vocabulary) -> None:
    """Take a key, and its value where it is right and no name of something else."""
    name = entry.path.text
    first = keys.given.get(name)
    if first is not None:
        message = f"`{shortened(name)}` stands twice in one {keys.noun}"
        where = first.path.span
        keys.found.append(finding(codes.SET_TWICE, message, entry.path.span, "again", "keep one of them", where))
    elif name not in keys.slots:
        keys.found.append(_unknown_key(entry, keys, vocabulary))
    else:
        keys.given[name] = entry
        slot = keys.slots[name]
        value = typed_value(entry.value, slot, keys.found) if takes(slot) and name != "ladder" else None
        if value is not None:
            typed[name] = value


def typed_value(value: tree.Expression, slot: Slot, found: list[Diagnostic]) -> Typed | None:
    """A value that a key takes, with every parameter that it cannot do without."""
    typed, wrong = check(value, slot, slot.name)
    found += wrong
    if typed is None or not isinstance(typed.value, Composition):
        return typed
    choice = slot.choice(typed.value.base)
    for parameter in choice.parameters if choice is not None else ():
        if parameter.default is None and parameter.name not in typed.below:
            message = f"`{parameter.name}` of `{typed.value.base}` is not given: {parameter.doc}"
            hint = f"it takes {takes(parameter)}: `{parameter.name} = {example(parameter)}`"
            found.append(finding(codes.MISSING_PARAMETER, message, value.span, f"needs `{parameter.name}`", hint))
            return None
    if "most" in typed.below and whole_number(typed.below["first"]) >= whole_number(typed.below["most"]):
        message = "`adaptive` begins with as many seeds as it ends with"
        hint = "the last look has more seeds than the first; without looks write `seeds = 10`"
        found.append(finding(codes.BAD_STUDY, message, typed.below["most"].span, "no more than the first", hint))
        return None
    return typed


def default_value(name: str, slots: Mapping[str, Slot] = STUDY) -> Typed:
    """What a key is that has a default."""
    typed = default_of(slots[name])
    assert typed is not None
    return typed


def whole_number(typed: Typed) -> int:
    """The integer that a key takes."""
    assert isinstance(typed.value, int)
    return typed.value


def chosen(typed: Typed) -> str:
    """The choice that a key takes."""
    assert isinstance(typed.value, Composition)
    return typed.value.base


def _seeds(typed: Typed) -> Seeds:
    if isinstance(typed.value, Composition):
        first, most, step = (whole_number(typed.below[name]) for name in ("first", "most", "step"))
        return Seeds(first, most, step)
    return Seeds(whole_number(typed), whole_number(typed))


def scored(typed: Typed) -> Score:
    """What `score` says."""
    kind = chosen(typed)
    choice = STUDY["score"].choice(kind)
    for parameter in choice.parameters if choice is not None else ():
        fraction = (typed.below.get(parameter.name) or default_of(parameter) or typed).value
        assert isinstance(fraction, int | float)
        return Score(kind, float(fraction))
    return Score(kind)


_BESIDE = {
    "study": ("varies", "vary", "what never varies", "any number of `vary` and `claim`"),
    "tune": ("searches", "search", "what is not searched", "any number of `search`"),
}


def _unknown_key(entry: tree.Assignment, keys: Keys, vocabulary: Vocabulary) -> Diagnostic:
    name, noun = entry.path.text, keys.noun
    span = entry.path.span
    does, word, rest, beside = _BESIDE[noun]
    if vocabulary.places(name):
        hint = f"a {noun} {does} a path: `{word} {name} in [...]`; {rest} belongs to its base"
        return finding(codes.BAD_STUDY, f"`{name}` is a path, not a key of a {noun}", span, f"set in a {noun}", hint)
    meant = nearest(name, keys.slots)
    return finding(
        codes.BAD_STUDY,
        f"a {noun} has no `{shortened(name)}`",
        span,
        "unknown",
        f"did you mean `{meant}`?" if meant else f"a {noun} has {quoted(keys.slots)}, and {beside}",
        edit=correction(span, name, keys.slots),
    )


def missing(
    keys: Keys, node: tree.Study | tree.Tune, span: Span, required: Iterable[str], examples: Mapping[str, str]
) -> Iterable[Diagnostic]:
    """The keys that are not said and would have to be."""
    written = [entry.path.text for entry in node.entries if isinstance(entry, tree.Assignment)]
    for key in required:
        typo = any(nearest(name, keys.slots) == key for name in written if name not in keys.slots)
        if key not in keys.given and not typo and not (key == "base" and "ladder" in keys.given):
            message, hint = f"the {keys.noun} does not say `{key}`", f"add `{examples[key]}`"
            yield finding(codes.BAD_STUDY, message, span, f"has no `{key}`", hint)


def read_environments(value: tree.Expression, found: list[Diagnostic]) -> dict[str, Span]:
    """The environments that `on` names, and where."""
    hint = f"write `{EXAMPLES['on']}`"
    if not isinstance(value, tree.List) or not value.items:
        found.append(finding(codes.BAD_STUDY, "`on` is a list of environments", value.span, "no such list", hint))
        return {}
    seen: dict[str, Span] = {}
    for item in value.items:
        if not isinstance(item, tree.String) or not item.value:
            found.append(finding(codes.BAD_STUDY, "an environment is named by a string", item.span, "no name", hint))
        elif item.value in seen:
            message = f"`{shortened(item.value)}` stands twice in `on`"
            found.append(finding(codes.BAD_STUDY, message, item.span, "again", "keep one", seen[item.value]))
        else:
            seen[item.value] = item.span
    return seen


def read_scale(value: tree.Expression, keys: Keys) -> dict[str, tuple[float, float]]:
    """By environment the returns that are 0 and 1."""
    hint = f"write `scale = {{ {_quoted_first(keys.environments)} = [0, 3000] }}`: the returns that are 0 and 1"
    if not isinstance(value, tree.Map) or not value.pairs:
        keys.found.append(
            finding(codes.BAD_STUDY, "`scale` gives environments two returns", value.span, "no map", hint)
        )
        return {}
    scale: dict[str, tuple[float, float]] = {}
    where: dict[str, Span] = {}
    for pair in value.pairs:
        name = pair.key.value
        if name in where:
            message = f"`{shortened(name)}` stands twice in `scale`"
            keys.found.append(finding(codes.BAD_STUDY, message, pair.key.span, "again", "keep one", where[name]))
            continue
        where[name] = pair.key.span
        if keys.environments and name not in keys.environments:
            keys.found.append(_no_environment(name, pair.key.span, keys))
        ends = [item.value for item in _items(pair.value) if isinstance(item, tree.Number)]
        if len(ends) != 2 or len(ends) != len(_items(pair.value)):
            keys.found.append(finding(codes.BAD_STUDY, "a scale is two returns", pair.value.span, "not two", hint))
        elif ends[0] >= ends[1]:
            message = "the return that is 0 lies below the one that is 1"
            keys.found.append(
                finding(codes.BAD_STUDY, message, pair.value.span, "does not", "write the lower one first")
            )
        else:
            scale[name] = (float(ends[0]), float(ends[1]))
    unscaled = [name for name in keys.environments if name not in where]
    if unscaled:
        message = f"`scale` lacks {quoted(map(shortened, unscaled))}, which could not be averaged with the others"
        keys.found.append(finding(codes.BAD_STUDY, message, value.span, "not all of `on`", "give each its two returns"))
    return scale


def _items(value: tree.Expression) -> tuple[tree.Expression, ...]:
    return value.items if isinstance(value, tree.List) else ()


def _quoted_first(environments: Iterable[str]) -> str:
    return f'"{next(iter(environments), "Hopper-v5")}"'


def _no_environment(name: str, span: Span, keys: Keys) -> Diagnostic:
    return unknown("environment", name, span, keys.environments, f"the {keys.noun}")


@dataclass(frozen=True)
class _When:
    """A `when env` of a study: what is otherwise where the pattern matches."""

    pattern: str
    said: Mapping[str, tuple[Typed, Span]]


def _when(when: tree.When, keys: Keys) -> _When:
    pattern = when.value.value if isinstance(when.value, tree.String) else None
    if pattern is None:
        hint = 'an environment is a string, in which `*` stands for anything: `when env = "Ant-*"`'
        message = "`env` is compared with a string"
        keys.found.append(finding(codes.BAD_CONDITION, message, when.value.span, "no string", hint))
    elif keys.environments and not any(matches(name, pattern) for name in keys.environments):
        keys.found.append(_no_environment(pattern, when.value.span, keys))
    said: dict[str, tuple[Typed, Span]] = {}
    for entry in when.entries:
        assert isinstance(entry, tree.Assignment)  # the parser leaves nothing else
        name = entry.path.text
        if name in said:
            message = f"`{shortened(name)}` stands twice in one `when`"
            first = said[name][1]
            keys.found.append(finding(codes.SET_TWICE, message, entry.path.span, "again", "keep one of them", first))
        elif name not in BY_ENVIRONMENT:
            hint = f"by environment a study says {quoted(BY_ENVIRONMENT)}; other values belong to its base"
            message = f"`{shortened(name)}` does not depend on the environment in a study"
            keys.found.append(finding(codes.BAD_STUDY, message, entry.path.span, "in a `when`", hint))
        else:
            typed = typed_value(entry.value, STUDY[name], keys.found)
            if typed is not None:
                said[name] = (typed, entry.path.span)
    return _When(pattern or "", said)


def _specially(environment: str, whens: list[_When], found: list[Diagnostic]) -> dict[str, Typed]:
    """What the `when` blocks that match an environment say of it; those that disagree are an error."""
    said: dict[str, tuple[Typed, Span]] = {}
    for when in whens:
        if not matches(environment, when.pattern):
            continue
        for name, (typed, span) in when.said.items():
            known = said.setdefault(name, (typed, span))
            if (known[0].value, _below(known[0])) != (typed.value, _below(typed)):
                labels = (Label(span, "again", primary=True), Label(known[1], "first here"))
                message = f"`{name}` is set to different values for `{shortened(environment)}`"
                hint = "make the conditions exclude each other"
                found.append(Diagnostic(codes.CONDITIONS_DISAGREE, message, labels, help=hint))
    return {name: typed for name, (typed, _) in said.items()}


def _below(typed: Typed) -> dict[str, object]:
    return {name: below.value for name, below in typed.below.items()}
