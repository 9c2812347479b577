"""The rows of a study's cells: each resolved once, for all environments in which it is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from taxon.diagnostics.model import Diagnostic, Severity
from taxon.semantics.bodies import Body, Conditional, in_order
from taxon.semantics.canonical import row_hash
from taxon.semantics.compose import Composer
from taxon.semantics.layers import Layer, Target, apply, apply_mixins
from taxon.semantics.resolve import Rules, resolve
from taxon.semantics.scope import Symbol
from taxon.semantics.studies.factors import Level
from taxon.syntax import tree
from taxon.taxonomy.rules import check_environment
from taxon.taxonomy.rules.environment import Spaces
from taxon.taxonomy.schema import Row

# What an environment takes as its action and how much it shows; None where that is not known.
Space = Callable[[str], Spaces | None]


@dataclass(frozen=True)
class Found:
    """A row and its hash, or what refuses it; and the codes of the warnings about it."""

    row: Row | None
    hash: str
    refusal: Diagnostic | None
    lints: tuple[str, ...]


class Rows:
    """Resolves the cells of one study.

    Args:
        study: the study.
        composer: composes its algorithms where no environment is known.
        rules: what is checked of a row that resolves.
        used: the algorithms and architectures that the study names.
        space: the actions of an environment, where it may be made.
    """

    def __init__(
        self, study: Symbol, composer: Composer, rules: Rules, used: Sequence[Symbol], space: Space | None
    ) -> None:
        self.study = study
        self.rules = rules
        self._composer = composer
        self._space = space
        self._whens = _whens(used, composer)
        self._spaces: dict[str, Spaces | None] = {}
        self._composers: dict[tuple[bool, ...], Composer] = {}
        self._rows: dict[tuple[int, tuple[bool, ...]], Found] = {}

    def where(self, environment: str) -> tuple[bool, ...]:
        """Which `when` blocks hold in an environment: where they are the same ones, so are the rows."""
        target = self.target(environment)
        return tuple(target.meets(when.conditions) for when in self._whens)

    def composer(self, environment: str) -> Composer:
        """Composes the study's algorithms for an environment."""
        where = self.where(environment)
        if where not in self._composers:
            self._composers[where] = self._composer.at(self.target(environment))
        return self._composers[where]

    def cell(self, number: int, name: str, base: Symbol, levels: Sequence[Level], environment: str) -> Found:
        """The row of a cell: of a child of the base that mixes in and says what the levels do.

        Args:
            number: which combination of levels it is.
            name: of the combination, for people.
        """
        key = (number, self.where(environment))
        if key not in self._rows:
            self._rows[key] = self._resolve(self._child(number, name), base, levels, self.composer(environment))
        return self.held(self._rows[key], environment)

    def algorithm(self, symbol: Symbol, environment: str) -> Found:
        """The row of an algorithm as it is."""
        composer = self.composer(environment)
        composed = composer.compose(symbol)
        if composed.settings is None:
            return self._found(None, composed.diagnostics)
        faulty = any(each.severity is Severity.ERROR for each in composed.diagnostics)
        resolution = resolve(symbol, composed.settings.copy(), composer.vocabulary, self.rules, faulty)
        return self.held(self._found(resolution.row, [*composed.diagnostics, *resolution.diagnostics]), environment)

    def held(self, found: Found, environment: str) -> Found:
        """A row held against the actions of an environment, where they are known."""
        space = self._space_of(environment)
        if found.row is None or space is None:
            return found
        unfit = check_environment(found.row, environment, *space)
        return Found(None, "", unfit[0], ()) if unfit else found

    def judged(self, row: Row) -> Found:
        """What the rules say of a row."""
        return self._found(row, self.rules(row))

    def _found(self, row: Row | None, diagnostics: Iterable[Diagnostic]) -> Found:
        said = list(diagnostics)
        refusal = next((each for each in said if each.severity is Severity.ERROR), None)
        if row is None or refusal is not None:
            return Found(None, "", refusal, ())
        return Found(row, row_hash(row, self._composer.vocabulary.schema), None, tuple(each.code.id for each in said))

    def _resolve(self, child: Symbol, base: Symbol, levels: Sequence[Level], composer: Composer) -> Found:
        composed = composer.compose(base)
        if composed.settings is None or any(each.severity is Severity.ERROR for each in composed.diagnostics):
            return self._found(None, composed.diagnostics)
        settings = composed.settings.copy()
        operations = [level.operation for level in levels if level.operation is not None]
        own = Body(operations=in_order(operations))
        mixins = [level.mixin for level in levels if level.mixin is not None]
        apply_mixins(settings, [(each.name, composer.body(each)) for each in mixins], own, composer.target, child)
        apply(settings, own, Layer("spec", child.name, child))
        faulty = any(each.severity is Severity.ERROR for each in settings.diagnostics)
        resolution = resolve(child, settings, composer.vocabulary, self.rules, faulty)
        return self._found(resolution.row, [*settings.diagnostics, *resolution.diagnostics])

    def _child(self, number: int, name: str) -> Symbol:
        """The algorithm that a cell is, named as the study and numbered from 1."""
        span = self.study.span
        called = tree.Name(f"{self.study.name}_{number + 1}", span)
        return Symbol(tree.Algorithm(called, None, (), (), name, span), self.study.unit)

    def target(self, environment: str) -> Target:
        """An environment, and what it takes as its action, where that is known."""
        space = self._space_of(environment)
        return Target(environment, None if space is None else space[0])

    def _space_of(self, environment: str) -> Spaces | None:
        if self._space is None:
            return None
        if environment not in self._spaces:
            self._spaces[environment] = self._space(environment)
        return self._spaces[environment]


def _whens(used: Sequence[Symbol], composer: Composer) -> list[Conditional]:
    parts = dict.fromkeys(part for symbol in used for each in composer.line(symbol) for part in composer.parts(each))
    return [when for part in parts for when in composer.body(part).whens]
