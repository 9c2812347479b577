"""Layers of settings, applied in order: parents, mixins, the spec's body, its matching `when` blocks, `--set`.

What is held afterwards is what was set, with the place that set it; defaults are filled in by `resolve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from taxon.diagnostics.model import Code, Diagnostic, Label
from taxon.diagnostics.source import Span
from taxon.semantics import codes
from taxon.semantics.bodies import Body, Condition, Operation
from taxon.semantics.defaults import default_of
from taxon.semantics.environments import matches
from taxon.semantics.scope import Symbol
from taxon.semantics.typing_ import Typed
from taxon.semantics.values import quoted
from taxon.semantics.vocabulary import Place
from taxon.taxonomy.schema import Composition, Slot, Value


@dataclass(frozen=True, eq=False)
class Layer:
    """One body and what it is to the algorithm that is put together."""

    kind: str  # "mixin", "spec", "when" or "set"
    name: str  # the mixin's, or the condition (of a `when`, and of one in `--set`)
    holder: Symbol  # the algorithm that this layer belongs to

    @property
    def conditional(self) -> bool:
        """Whether it is a `when` block."""
        return self.kind == "when" or (self.kind == "set" and self.name != "")


@dataclass(frozen=True)
class Held:
    """What was set at a path. `value` is None where it was wrong: that is reported, and nothing else is about it."""

    owner: str
    slot: Slot
    value: Value | None
    span: Span
    layer: Layer
    operation: Operation
    rank: int  # of the layer among those that were applied


@dataclass(frozen=True)
class Taken:
    """A path that was taken back, and by what."""

    span: Span
    layer: Layer
    rank: int  # of the layer among those that were applied


@dataclass(frozen=True)
class Target:
    """Where an algorithm is to run, as far as that is known."""

    env: str | None = None
    actions: str | None = None

    def meets(self, conditions: Sequence[Condition]) -> bool:
        """Whether all conditions are known to hold."""
        return all(self._meets(condition) for condition in conditions)

    def _meets(self, condition: Condition) -> bool:
        if condition.subject == "env":
            return self.env is not None and matches(self.env, condition.value)
        return self.actions == condition.value


@dataclass
class Settings:
    """Everything set so far, by path, what was taken back and by whom, and what is wrong with it."""

    held: dict[str, Held] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    rank: int = 0  # how many layers were applied

    def copy(self) -> Settings:
        return Settings(dict(self.held), [], dict(self.taken), self.rank)


@dataclass(frozen=True)
class _Here:
    """The slot that a path leads to, and what stands there where nothing is set."""

    slot: Slot
    default: Typed | None


@dataclass(frozen=True)
class _Stop:
    """Why a path below a choice leads nowhere: another choice stands at `path`, or nothing does, or an error."""

    path: str
    value: Value | None
    held: Held | None
    poisoned: bool = False


def child(value: Value, slot: Slot, names: tuple[str, ...]) -> tuple[Slot, str] | None:
    """The parameter that `names` starts with below a value of a slot, and the name or two names that lead there."""
    if not isinstance(value, Composition):
        return None
    base = slot.choice(value.base)
    if base is not None:
        for parameter in base.parameters:
            if parameter.name == names[0]:
                return parameter, names[0]
    if names[0] in value.modifiers and len(names) > 1:
        modifier = slot.choice(names[0])
        for parameter in modifier.parameters if modifier is not None else ():
            if parameter.name == names[1]:
                return parameter, f"{names[0]}.{names[1]}"
    return None


def children(value: Value, slot: Slot) -> Iterator[tuple[Slot, str]]:
    """The parameters of the choices in a value, in the order of the schema, and the names that lead to them."""
    if not isinstance(value, Composition):
        return
    base = slot.choice(value.base)
    for parameter in base.parameters if base is not None else ():
        yield parameter, parameter.name
    for key in value.modifiers:
        modifier = slot.choice(key)
        for parameter in modifier.parameters if modifier is not None else ():
            yield parameter, f"{key}.{parameter.name}"


def apply(settings: Settings, body: Body, layer: Layer) -> None:
    """Apply the operations of a body (without its `when` blocks)."""
    settings.rank += 1
    for operation in body.operations:
        if operation.modifications:
            _change(settings, operation, layer)
        else:
            (_set if operation.value_span is not None else _unset)(settings, operation, layer)


def apply_conditional(settings: Settings, body: Body, target: Target, holder: Symbol, kind: str = "when") -> set[Layer]:
    """Apply the `when` blocks of a body that hold, and return their layers; those that disagree are an error."""
    claims: _Claims = {}
    layers: set[Layer] = set()
    for when in body.whens:
        if target.meets(when.conditions):
            layer = Layer(kind, " and ".join(str(condition) for condition in when.conditions), holder)
            apply(settings, when.body, layer)
            _claim(claims, settings, layer, {layer}, when.body)
            layers.add(layer)
    _report(claims, settings, codes.CONDITIONS_DISAGREE, "make the conditions exclude each other", set())
    return layers


def apply_mixins(
    settings: Settings, mixins: Sequence[tuple[str, Body]], own: Body, target: Target, holder: Symbol
) -> None:
    """Apply mixins in order. Where two set a leaf to different values, the spec's own body must decide."""
    claims: _Claims = {}
    for name, body in mixins:
        layer = Layer("mixin", name, holder)
        apply(settings, body, layer)
        layers = apply_conditional(settings, body, target, holder)
        holding = [when.body for when in body.whens if target.meets(when.conditions)]
        _claim(claims, settings, layer, {layer, *layers}, body, *holding)
    decided = {(place.owner, place.path) for operation in own.operations for place in operation.places}
    _report(claims, settings, codes.MIXINS_DISAGREE, "set the path in the spec itself", decided)


def _forget(settings: Settings, place: Place) -> None:
    path = place.path
    prefix = f"{path}."
    for known in [
        known for known, held in settings.held.items() if held.owner == place.owner and (known + ".").startswith(prefix)
    ]:
        del settings.held[known]


def _reach(settings: Settings, place: Place) -> _Here | _Stop:
    """The slot that a place is, given the choices that stand above it now."""
    slot = place.top
    path, names = place.owner, place.below
    default = default_of(slot)
    while True:
        if not names:
            return _Here(slot, default)
        held = settings.held.get(path)
        value = held.value if held is not None else default.value if default is not None else None
        if value is None:
            return _Stop(path, None, held, poisoned=held is not None)
        found = child(value, slot, names)
        if found is None:
            return _Stop(path, value, held)
        slot, key = found
        given = default.below.get(key) if held is None and default is not None else None
        default = given or default_of(slot)
        path = f"{path}.{key}"
        names = names[key.count(".") + 1 :]


def _set(settings: Settings, operation: Operation, layer: Layer) -> None:
    stops: list[_Stop] = []
    reached = False
    for place in operation.places:
        here = _reach(settings, place)
        if isinstance(here, _Stop):
            stops.append(here)
            continue
        reached, slot = True, here.slot
        settings.taken.pop(place.path, None)
        known = settings.held.get(place.path)
        if operation.shared and known is not None and known.layer is layer and not known.operation.shared:
            continue  # the specific path decides, whatever the order
        _forget(settings, place)
        reading = operation.reading(slot)
        if reading is None or reading.typed is None:
            if reading is not None and not operation.faulty:
                settings.diagnostics += reading.diagnostics
            assert operation.value_span is not None
            span, rank = operation.value_span, settings.rank
            settings.held[place.path] = Held(place.owner, slot, None, span, layer, operation, rank)
        else:
            _hold(settings, place.path, place.owner, slot, reading.typed, layer, operation)
    if stops and not reached and not operation.faulty and not any(stop.poisoned for stop in stops):
        settings.diagnostics.append(_no_constructor(operation, stops[0]))


def _hold(
    settings: Settings, path: str, owner: str, slot: Slot, typed: Typed, layer: Layer, operation: Operation
) -> None:
    settings.held[path] = Held(owner, slot, typed.value, typed.span, layer, operation, settings.rank)
    for parameter, key in children(typed.value, slot):
        given = typed.below.get(key)
        if given is not None:
            _hold(settings, f"{path}.{key}", owner, parameter, given, layer, operation)


def _change(settings: Settings, operation: Operation, layer: Layer) -> None:
    """Add modifiers to the choice at a path, or take them away; what else is said of that choice stays."""
    assert operation.value_span is not None
    for place in operation.places:
        here, path = _reach(settings, place), place.path
        if isinstance(here, _Stop):
            if not here.poisoned:
                settings.diagnostics.append(_no_constructor(operation, here))
            continue
        if path not in settings.held and here.default is not None:
            _hold(settings, path, place.owner, here.slot, here.default, layer, operation)
        held = settings.held.get(path)
        if held is None or held.value is None:
            continue  # the row leaves it open, or it is wrong: said elsewhere
        if not isinstance(held.value, Composition):
            labels = [Label(operation.value_span, "no choice to change", primary=True), Label(held.span, "set here")]
            settings.diagnostics.append(
                Diagnostic(codes.NO_BASE, f"`{path}` is a number, which takes no modifier", tuple(labels))
            )
            continue
        added = set(held.value.modifiers)
        for each in operation.modifications:
            if each.added and each.key in added and not each.below:
                continue  # it is there already, with parameters of its own
            prefix = f"{path}.{each.key}."
            said = [at for at, known in settings.held.items() if known.owner == place.owner and at.startswith(prefix)]
            for at in said:
                del settings.held[at]
            added = added | {each.key} if each.added else added - {each.key}
        modifiers = tuple(modifier.key for modifier in here.slot.modifiers if modifier.key in added)
        below = {name: typed for each in operation.modifications for name, typed in each.below.items()}
        value = Typed(Composition(held.value.base, modifiers), operation.value_span, below)
        _hold(settings, path, place.owner, here.slot, value, layer, operation)


def _unset(settings: Settings, operation: Operation, layer: Layer) -> None:
    stops: list[_Stop] = []
    there = False
    for place in operation.places:
        here = _reach(settings, place)
        if isinstance(here, _Stop):
            stops.append(here)
            continue
        prefix = f"{place.path}."
        there |= any(
            held.owner == place.owner and f"{path}.".startswith(prefix) for path, held in settings.held.items()
        )
        _forget(settings, place)
        settings.taken[place.path] = Taken(operation.span, layer, settings.rank)
    if there or any(stop.poisoned for stop in stops):
        return
    if stops and len(stops) == len(operation.places):
        settings.diagnostics.append(_no_constructor(operation, stops[0]))
        return
    settings.diagnostics.append(
        Diagnostic(
            codes.NOTHING_TO_UNSET,
            f"nothing sets `{operation.path}`",
            (Label(operation.path_span, "holds its default already", primary=True),),
            help="remove the `unset`",
        )
    )


def _no_constructor(operation: Operation, stop: _Stop) -> Diagnostic:
    name = operation.path.rpartition(".")[2]
    holders = _holders(operation)
    labels = [Label(operation.path_span, f"a parameter of {holders}", primary=True)]
    if stop.value is None:
        return Diagnostic(
            codes.NO_CONSTRUCTOR,
            f"`{name}` has nothing to belong to: `{stop.path}` is not set",
            tuple(labels),
            help=f"set `{stop.path}` first, to {holders}",
        )
    if isinstance(stop.value, Composition):
        stands = " + ".join((stop.value.base, *stop.value.modifiers))
        stands = f"`{stands}`"
        message = f"`{name}` is no parameter of {stands}"
    else:
        stands = "a number"
        message = f"`{stop.path}` is a number, which has no `{name}`"
    notes: tuple[str, ...] = ()
    if stop.held is not None:
        labels.append(Label(stop.held.span, f"`{stop.path}` is set here"))
    else:
        notes = (f"`{stop.path}` is {stands} by default",)
    return Diagnostic(
        codes.NO_CONSTRUCTOR,
        message,
        tuple(labels),
        notes=notes,
        help=f"set `{stop.path}` to a value with {holders}, or remove this",
    )


def _holders(operation: Operation) -> str:
    """The choices that have the parameter that an operation is about."""
    place = operation.places[0]
    name = place.below[-1]
    names = {
        choice.key
        for slot in _every((place.top,))
        for choice in slot.choices
        if any(parameter in place.slots and parameter.name == name for parameter in choice.parameters)
    }
    return quoted(sorted(names))


def _every(slots: Sequence[Slot]) -> Iterator[Slot]:
    for slot in slots:
        yield slot
        for choice in slot.choices:
            yield from _every(choice.parameters)


@dataclass(frozen=True)
class _Claim:
    """A value that one layer of several without an order gives to a path, said or implied by its constructor."""

    value: object
    span: Span
    by: Layer
    said: str  # the path as the layer spells it: a shared one, where it sets several leaves


# The claims on each leaf, by the slot that owns it and its path.
_Claims = dict[tuple[str, str], list[_Claim]]


def _claim(claims: _Claims, settings: Settings, by: Layer, layers: set[Layer], *bodies: Body) -> None:
    """Note what the layers just applied say. Assigning a constructor also says the defaults of its parameters."""
    for body in bodies:
        for operation in body.operations:
            for place in operation.places if operation.value_span is None else ():
                if place.path not in settings.held:
                    claim = _Claim(None, operation.path_span, by, operation.path)
                    claims.setdefault((place.owner, place.path), []).append(claim)
    for path, held in settings.held.items():
        if held.layer not in layers or held.value is None:
            continue
        claims.setdefault((held.owner, path), []).append(_Claim(held.value, held.span, by, _said(held, path)))
        for parameter, key in children(held.value, held.slot):
            if f"{path}.{key}" not in settings.held:
                _imply(claims, f"{path}.{key}", parameter, default_of(parameter), held, by)


def _said(held: Held, path: str) -> str:
    """A path at or below what an operation sets, as the operation spells it."""
    operation = held.operation
    place = next(place.path for place in operation.places if place.owner == held.owner)
    return operation.path + path.removeprefix(place)


def _imply(claims: _Claims, path: str, slot: Slot, typed: Typed | None, held: Held, by: Layer) -> None:
    claim = _Claim(typed.value if typed is not None else None, held.span, by, _said(held, path))
    claims.setdefault((held.owner, path), []).append(claim)
    if typed is not None:
        for parameter, key in children(typed.value, slot):
            _imply(claims, f"{path}.{key}", parameter, typed.below.get(key) or default_of(parameter), held, by)


def _report(claims: _Claims, settings: Settings, code: Code, way_out: str, settled: set[tuple[str, str]]) -> None:
    """Report paths for which two layers claim different values, but for those that are settled, or lie below such.

    What two shared paths claim of several leaves is said once.
    """
    reported: set[tuple[Span, Span]] = set()
    for owner, path in sorted(claims):
        first, *others = claims[owner, path]
        other = next((claim for claim in others if claim.value != first.value), None)
        if other is None or any(owner == known and f"{path}.".startswith(f"{above}.") for known, above in settled):
            continue
        settled.add((owner, path))
        if (first.span, other.span) in reported:
            continue
        reported.add((first.span, other.span))
        path = other.said if other.said == first.said else path
        labels = (
            Label(other.span, f"by `{other.by.name}`", primary=True),
            Label(first.span, f"by `{first.by.name}`"),
            Label(first.by.holder.span, "both hold here"),
        )
        settings.diagnostics.append(Diagnostic(code, f"`{path}` is set to different values", labels, help=way_out))
