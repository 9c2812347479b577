"""Parsing with recovery: each independent mistake is reported once, and there is always a File.

The one module that touches Lark's parser from inside (the stacks of its interactive parser, lark 1.3). On a token that
cannot be taken, the stacks are popped to a state that can shift ERROR, the text is skipped to where an entry or a
declaration ends, and parsing goes on from there. Every recovery is followed by a token that is taken: it always ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lark import Token, Tree
from lark.exceptions import UnexpectedToken

from taxon.diagnostics.model import Code, Diagnostic, Label, safe_edit
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.suggest import nearest
from taxon.syntax import codes
from taxon.syntax.build import Builder
from taxon.syntax.language import language
from taxon.syntax.layout import DECLARATIONS, DEEPEST, Layout, TooDeep, layout, span_of
from taxon.syntax.messages import unexpected
from taxon.syntax.tree import Entry, File

T = TypeVar("T")

LARGEST = 64 * 1024
MOST_FINDINGS = 100

_ENDS = frozenset({"NEWLINE", "COMMA", "RBRACE", "$END", "SEMICOLON"})
_SHIFT_ENTRY, _SHIFT_HEAD, _SHIFT_ITEM = "entry", "head", "item"


def parse(source: Source) -> tuple[File, list[Diagnostic]]:
    """The tree of a source and what is wrong with it, in the order of the text. Never raises.

    What could not be parsed is not in the tree. A text longer than LARGEST characters or nested deeper than
    layout.DEEPEST is not parsed at all.
    """
    file, findings = _parse(source, "file", Builder.file)
    return file or File(source, None, (), ()), findings


def parse_entries(source: Source) -> tuple[tuple[Entry, ...], list[Diagnostic]]:
    """The entries of a text that stands for the inside of an algorithm, such as `--set`. Otherwise as `parse`."""
    entries, findings = _parse(source, "loose", Builder.loose)
    return entries or (), findings


def _parse(source: Source, start: str, build: Callable[[Builder, Tree[Token]], T]) -> tuple[T | None, list[Diagnostic]]:
    if len(source.text) > LARGEST:
        return None, [_too_large(source)]
    try:
        laid = layout(source)
    except TooDeep as reason:
        label = Label(span_of(source, reason.args[0]), "goes too deep", primary=True)
        message = f"brackets are nested more than {DEEPEST} deep"
        return None, [Diagnostic(codes.TOO_DEEP, message, (label,))]
    parser = _Parser(source, laid, start)
    branch = parser.run()
    builder = Builder(source, laid.docs)
    built = None if branch is None else build(builder, branch)
    edition = _missing_edition(source, laid) if start == "file" else []
    # A brace that nothing here takes is one mistake: that it is never closed besides says nothing more.
    refused = {finding.primary for finding in parser.findings}
    brackets = [found for found in laid.findings if found.code is not codes.UNCLOSED or found.primary not in refused]
    findings = [*edition, *brackets, *parser.findings, *builder.findings]
    findings.sort(key=lambda finding: finding.primary.start if finding.primary else 0)
    return built, capped(findings)


def capped(findings: list[Diagnostic]) -> list[Diagnostic]:
    """As many findings as anyone reads, and that there are more."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    place = findings[MOST_FINDINGS].primary
    labels = () if place is None else (Label(place, "the next one, not reported", primary=True),)
    return [*findings[:MOST_FINDINGS], Diagnostic(codes.TOO_MANY, f"more than {MOST_FINDINGS} mistakes", labels)]


def _too_large(source: Source) -> Diagnostic:
    label = Label(Span(source, 0, 0), f"{len(source.text):,} characters", primary=True)
    return Diagnostic(codes.TOO_LARGE, f"a spec has at most {LARGEST:,} characters", (label,))


def _missing_edition(source: Source, laid: Layout) -> list[Diagnostic]:
    first = laid.tokens[0]
    if first.type == "TAXON" or (first.type == "NAME" and nearest(first, ["taxon"])):
        return []
    start = 1 if source.text.startswith("\ufeff") else 0
    label = Label(
        Span(source, first.start_pos or 0, (first.start_pos or 0) + len(first)), "comes before it", primary=True
    )
    edit = safe_edit(Span(source, start, start), "taxon 1\n")
    help = "begin the file with `taxon 1`"
    return [Diagnostic(codes.NO_EDITION, "the edition line is missing", (label,), help=help, edit=edit)]


class _Parser:
    def __init__(self, source: Source, laid: Layout, start: str) -> None:
        self.source = source
        self.laid = laid
        self.findings: list[Diagnostic] = []
        self.interactive: Any = language().parse_interactive("", start)
        self.state: Any = self.interactive.parser_state

    def run(self) -> Tree[Token] | None:
        """Lark's tree, or None if there were too many mistakes to go on."""
        tokens = self.laid.tokens
        index, failed = 0, -1
        while True:
            try:
                result = self.interactive.feed_token(tokens[index])
            except UnexpectedToken:
                assert index > failed, "recovery stands still"
                failed = index
                if len(self.findings) > MOST_FINDINGS:
                    return None
                index = self._repair(index) or self._recover(index)
                continue
            if tokens[index].type == "$END":
                return result  # type: ignore[no-any-return]
            index += 1

    # What is certain: report it, and go on as if it had been written right.

    def _repair(self, index: int) -> int | None:
        """The next index to read if this token can be taken for another; None if not."""
        token = self.laid.tokens[index]
        kind = token.type
        if kind not in ("EQUALITY", "QUOTED", "SEMICOLON"):
            return None
        accepted = self.interactive.accepts()
        if kind == "EQUALITY" and "LBRACE" in accepted and self.laid.tokens[index + 1].type == "LBRACE":
            self._foreign(token, f"`{token}` begins no block", "a brace follows the path directly", "")
            return index + 1
        if kind == "EQUALITY" and "EQUAL" in accepted:
            self._foreign(token, f"`{token}` sets nothing", "a value is set with `=`", "=")
            self._feed("EQUAL", "=", token)
            return index + 1
        if kind == "QUOTED" and "STRING" in accepted:
            text = '"' + token[1:-1].replace('"', '\\"') + '"'
            self._foreign(token, "a string stands in double quotes", "in single quotes", text, codes.BAD_STRING)
            self._feed("STRING", text, token)
            return index + 1
        if kind == "SEMICOLON" and ("NEWLINE" in accepted or "ALGORITHM" in accepted):
            goes_on = "COMMA" in accepted and self.laid.tokens[index + 1].type not in _ENDS
            self._foreign(token, "`;` ends nothing", "a newline or a comma ends an entry", "," if goes_on else "")
            if goes_on:
                self._feed("COMMA", ",", token)
            return index + 1
        return None

    def _foreign(self, token: Token, message: str, label: str, right: str, code: Code = codes.FOREIGN) -> None:
        span = span_of(self.source, token)
        help = f"write `{right}`" if right else "take it out"
        labels = (Label(span, label, primary=True),)
        self.findings.append(Diagnostic(code, message, labels, help=help, edit=safe_edit(span, right)))

    def _feed(self, kind: str, text: str, like: Token) -> None:
        self.interactive.feed_token(Token(kind, text, like.start_pos))

    # What is not: report it, drop the entry or declaration, and go on behind it.

    def _recover(self, index: int) -> int:
        """Report the token at `index`, drop what it is part of, and return the index of the next token to read."""
        laid = self.laid
        accepted = self.interactive.accepts()
        self.findings.append(unexpected(self.source, laid.tokens[index], accepted, laid.unclosed[index]))
        if self.state.value_stack and getattr(self.state.value_stack[-1], "type", "") == "RBRACE":
            self._feed("NEWLINE", "", laid.tokens[index])  # the block is whole: popping must not open it again
        opening = laid.unclosed[index]
        margin = None if opening is None else self._indent(opening)
        while True:
            place = self._place()
            after = None if place is None else self._skip(index, place, margin)
            if after is not None:
                break
            self.state.state_stack.pop()
            self.state.value_stack.pop()
        self._feed("ERROR", "", laid.tokens[index])
        return after

    def _place(self) -> str | None:
        """What an ERROR stands for in the present state: an entry, the head of a declaration or `when`, or an item of
        the file; None if it cannot be shifted."""
        actions = self.state.parse_conf.states
        action, target = actions[self.state.position].get("ERROR", (None, None))
        if action is None or action.name != "Shift":
            return None
        if "LBRACE" in actions[target]:
            return _SHIFT_HEAD
        return _SHIFT_ITEM if "ALGORITHM" in actions[self.state.position] else _SHIFT_ENTRY

    def _skip(self, index: int, place: str, margin: int | None) -> int | None:
        """Where to go on after an ERROR: at the end of the entry, the brace of the head, or the next declaration.

        With a margin, lines indented deeper are still those of a bracket that was never closed.
        """
        depth = 0
        for at in range(index, len(self.laid.tokens)):
            kind = self.laid.tokens[at].type
            if kind == "$END":
                return None if place == _SHIFT_HEAD else at
            if place == _SHIFT_HEAD:
                if kind == "LBRACE":
                    return at
                if kind in ("NEWLINE", "RBRACE"):
                    return None
            elif depth == 0 and (kind in DECLARATIONS if place == _SHIFT_ITEM else self._ends_entry(at, margin)):
                return at
            depth += (kind == "LBRACE") - (kind == "RBRACE")
        raise AssertionError("a layout ends in $END")

    def _ends_entry(self, at: int, margin: int | None) -> bool:
        kind = self.laid.tokens[at].type
        if kind == "NEWLINE" and margin is not None:
            return self._indent(self.laid.tokens[at + 1]) <= margin
        return kind in ("NEWLINE", "RBRACE") or (kind == "COMMA" and margin is None and not self.laid.inside[at])

    def _indent(self, token: Token) -> int:
        line = self.source.line(self.source.position(token.start_pos or 0)[0])
        return len(line) - len(line.lstrip(" \t"))
