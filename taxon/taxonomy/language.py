"""The language as it is here: its own slots, with the choices of the packages that are installed beside it.

Packages are looked for once, when the schema is first read. One that cannot be used is left out, whole, and so noted:
specs that do not need it are read as ever.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from taxon.taxonomy.extension import Extension, ExtensionError, Fault, Package
from taxon.taxonomy.installed import EntryPoint, entry_points, normal
from taxon.taxonomy.properties import CAPABILITIES, PROPERTIES
from taxon.taxonomy.schema import Choice, Composition, Row, Slot
from taxon.taxonomy.slots import SLOTS

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEAVY = ("torch", "numpy", "gymnasium")  # what no command of the front end imports


@dataclass(frozen=True)
class Language:
    """All slots, the packages that added to them, and those that are left out."""

    slots: Mapping[str, Slot]
    packages: tuple[Package, ...]
    faults: tuple[Fault, ...]


class Schema(Mapping[str, Slot]):
    """The slots by path, put together when they are first read."""

    def __getitem__(self, path: str) -> Slot:
        return language().slots[path]

    def __iter__(self) -> Iterator[str]:
        return iter(language().slots)

    def __len__(self) -> int:
        return len(language().slots)


@cache
def language() -> Language:
    """The language with what is installed."""
    slots: Mapping[str, Slot] = SLOTS
    packages: list[Package] = []
    faults: list[Fault] = []
    for point in entry_points():
        try:
            package = Package(point.package, point.version, _imported(point))
            slots = extended(slots, package)
        except ExtensionError as error:
            faults.append(Fault(point.package, point.version, str(error)))
        else:
            packages.append(package)
    return Language(slots, tuple(packages), tuple(faults))


def lacking(packages: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Why packages that something has choices of cannot be used here, each with the way out."""
    known = {package.name for package in language().packages}
    left_out = {fault.name: fault for fault in language().faults}
    for name, version in packages.items():
        if name in left_out:
            yield f"choices of the package {name}: {left_out[name]}", "mend the package"
        elif name not in known:
            yield (
                f"choices of the package {name} {version}, which is not installed",
                "install it, if you trust where it comes from",
            )


def packages_of(row: Row) -> tuple[Package, ...]:
    """The packages that a row has choices of."""
    names = {choice.package for _, choice in choices_from_outside(row)}
    return tuple(package for package in language().packages if package.name in names)


def choices_from_outside(row: Row) -> Iterator[tuple[str, Choice]]:
    """Those of a row that a package added, each with its path."""
    for path, leaf in row.leaves.items():
        if isinstance(leaf.value, Composition):
            for key in (leaf.value.base, *leaf.value.modifiers):
                choice = leaf.slot.choice(key)
                if choice is not None and choice.package:
                    yield path, choice


def _imported(point: EntryPoint) -> Extension:
    """What an entry point names."""
    module, _, name = point.target.partition(":")
    before = set(sys.modules)
    try:
        found = getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever a stranger's module does
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ExtensionError(f"{point.target} cannot be imported ({reason})") from error
    if not isinstance(found, Extension):
        raise ExtensionError(f"{point.target} is no Extension")
    heavy = [name for name in _HEAVY if name in sys.modules and name not in before]
    if heavy:
        raise ExtensionError(f"{module} imports {heavy[0]}, which only its operators may")
    return found


def extended(slots: Mapping[str, Slot], package: Package) -> Mapping[str, Slot]:
    """Slots with a package's choices.

    Raises:
        ExtensionError: the package says something that cannot be.
    """
    for path, choices in package.extension.choices.items():
        for choice in choices:
            _check(path, choice)
            slots = _added(slots, path, replace(choice, package=package.name))
    prefix = f"{normal(package.name)}_"
    for rule in package.extension.rules:
        if not rule.code.id.startswith(prefix) or not _KEY.fullmatch(rule.code.id):
            raise ExtensionError(f"the code {rule.code.id} does not begin with {prefix}")
    return slots


def _check(path: str, choice: Choice) -> None:
    if not _KEY.fullmatch(choice.key):
        raise ExtensionError(f"{path} = {choice.key} is no name")
    for kind, said, known in (
        ("property", choice.properties, PROPERTIES),
        ("capability", choice.capabilities | choice.keeps, CAPABILITIES),
    ):
        unknown = sorted(said - known.keys())
        if unknown:
            raise ExtensionError(f"{path} = {choice.key} has the {kind} {unknown[0]}, which there is not")


def _added(slots: Mapping[str, Slot], path: str, choice: Choice) -> Mapping[str, Slot]:
    """Slots with a choice more at a path."""
    added = dict(slots)
    for target in targets(slots, path):
        owner, names = _owner(slots, target)
        slot = _below(slots[owner], names, path, choice) if owner else None
        if slot is None:
            raise ExtensionError(f"it adds {choice.key} to {path}, and there is no such path")
        added[owner] = slot
    return added


def targets(slots: Mapping[str, Slot], path: str) -> tuple[str, ...]:
    """The paths that a path stands for: itself, or all that a shared one sets."""
    owner, names = _owner(slots, path)
    shared = slots[owner].spread if owner else ()
    return tuple(".".join([each, *names]) for each in shared) or (path,)


def _owner(slots: Mapping[str, Slot], path: str) -> tuple[str, list[str]]:
    """The longest beginning of a path that is a slot, and the names below it; empty where there is none."""
    names = path.split(".")
    for length in range(len(names), 0, -1):
        if (owner := ".".join(names[:length])) in slots:
            return owner, names[length:]
    return "", names


def _below(slot: Slot, names: list[str], path: str, choice: Choice) -> Slot | None:
    """The slot with a choice more where the names below it lead; None where they lead nowhere."""
    if not names:
        known = slot.choice(choice.key)
        if known is not None:
            raise ExtensionError(f"{path} = {choice.key} is there already, of {known.package or 'taxon'}")
        if not slot.choices:
            raise ExtensionError(f"it adds {choice.key} to {path}, which takes no choices")
        return replace(slot, choices=(*slot.choices, choice))
    found = False
    choices: list[Choice] = []
    for each in slot.choices:
        rest = names[1:] if each.modifier and names[0] == each.key else [] if each.modifier else names
        parameters = list(each.parameters)
        for at, parameter in enumerate(parameters):
            if rest and parameter.name == rest[0]:
                deeper = _below(parameter, rest[1:], path, choice)
                if deeper is not None:
                    parameters[at], found = deeper, True
        choices.append(replace(each, parameters=tuple(parameters)))
    return replace(slot, choices=tuple(choices)) if found else None
