"""From declarations to settings: the layers of an algorithm in their order, each body read and applied once."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from taxon.diagnostics.model import Diagnostic
from taxon.semantics.allowing import allowed_lints, check_allows
from taxon.semantics.bodies import Body, read_body
from taxon.semantics.layers import Layer, Settings, Target, apply, apply_conditional, apply_mixins
from taxon.semantics.scope import Scope, Symbol
from taxon.semantics.vocabulary import Vocabulary
from taxon.syntax import tree


@dataclass(frozen=True)
class Composed:
    """An algorithm's settings (None where part of it is unknown), and what was found in its own layers."""

    settings: Settings | None
    diagnostics: list[Diagnostic]


class Composer:
    """Composes the algorithms of a library for one target. Parents are composed once, however many children."""

    def __init__(self, scope: Scope, vocabulary: Vocabulary, target: Target) -> None:
        self.scope = scope
        self.vocabulary = vocabulary
        self.target = target
        self._bodies: dict[Symbol, Body] = {}
        self._composed: dict[Symbol, Composed] = {}
        self._conditional: dict[Symbol, bool] = {}
        self._allowed: dict[Symbol, frozenset[str]] = {}

    def at(self, target: Target) -> Composer:
        """A composer of the same library for another target, which reads no body again."""
        other = Composer(self.scope, self.vocabulary, target)
        other._bodies, other._conditional, other._allowed = self._bodies, self._conditional, self._allowed
        return other

    def body(self, symbol: Symbol) -> Body:
        """The body of an algorithm or an architecture, read."""
        if symbol not in self._bodies:
            declaration = symbol.declaration
            entries = () if isinstance(declaration, tree.Study | tree.Tune) else declaration.entries
            self._bodies[symbol] = read_body(entries, self.vocabulary)
            self._bodies[symbol].diagnostics += check_allows(symbol)
        return self._bodies[symbol]

    def line(self, symbol: Symbol, known: Container[Symbol] = ()) -> list[Symbol]:
        """An algorithm after its ancestors, oldest first: all there are, or those after the last known one."""
        line = [symbol]
        while (parent := self.scope.parent(line[-1])) is not None and parent not in known:
            line.append(parent)
        return line[::-1]

    def compose(self, symbol: Symbol) -> Composed:
        """The settings after the layers of an algorithm: its ancestors', its mixins, its body, its `when` blocks."""
        for each in self.line(symbol, self._composed):
            if each not in self._composed:
                self._composed[each] = self._compose(each)
        return self._composed[symbol]

    def before(self, symbol: Symbol) -> Settings | None:
        """The settings that the body of an algorithm meets: its ancestors' and its mixins'; None where part of the
        algorithm is unknown."""
        mixins = self.scope.mixins(symbol)
        named = symbol.declaration.mixins if isinstance(symbol.declaration, tree.Algorithm) else ()
        # Where an entry or a mixin is lost, what it would have set is unknown, and so is all that follows from it.
        known = all(part.unit.complete for part in (symbol, *mixins)) and len(mixins) == len(named)
        parent = self.scope.parent(symbol)
        inherited = self.compose(parent).settings if parent is not None else Settings()
        if inherited is None or not known or not self.scope.rooted(symbol):
            return None
        settings = inherited.copy()
        bodies = [(mixin.name, self.body(mixin)) for mixin in mixins]
        apply_mixins(settings, bodies, self.body(symbol), self.target, symbol)
        return settings

    def conditional(self, symbol: Symbol) -> bool:
        """Whether a `when` block may change what an algorithm says."""
        for each in self.line(symbol, self._conditional):
            parent = self.scope.parent(each)
            own = any(self.body(part).whens for part in self.parts(each))
            self._conditional[each] = own or (parent is not None and self._conditional[parent])
        return self._conditional[symbol]

    def allowed(self, symbol: Symbol) -> frozenset[str]:
        """The lints that an algorithm or one of its ancestors allows."""
        for each in self.line(symbol, self._allowed):
            parent = self.scope.parent(each)
            above = frozenset[str]() if parent is None else self._allowed[parent]
            self._allowed[each] = above | allowed_lints(each)
        return self._allowed[symbol]

    def parts(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """The declarations whose bodies are layers of an algorithm itself: its mixins and its own."""
        return (*self.scope.mixins(symbol), symbol)

    def _compose(self, symbol: Symbol) -> Composed:
        settings = self.before(symbol)
        if settings is None:
            return Composed(None, [])
        own, outside = self.body(symbol), symbol.of is not None
        apply(settings, own, Layer("set", "", symbol) if outside else Layer("spec", symbol.name, symbol))
        apply_conditional(settings, own, self.target, symbol, "set" if outside else "when")
        return Composed(settings, settings.diagnostics)
