"""From every token to those that the parser reads.

White space and comments go; so do the newlines that end nothing. Brackets are matched here, before parsing, for the
sake of recovery: a newline counts inside a bracket that is never closed, so that such a bracket costs one entry and not
the rest of the file, and a brace that is never closed is closed where the next declaration begins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lark import Token

from taxon.diagnostics.model import Diagnostic, Label, safe_edit
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.visible import hidden
from taxon.syntax import codes, literals
from taxon.syntax.tokens import tokens

DEEPEST = 64
DECLARATIONS = frozenset({"ALGORITHM", "ARCHITECTURE", "STUDY", "TUNE", "IMPORT"})
_OPENING = {"RPAR": "LPAR", "RSQB": "LSQB"}


class TooDeep(Exception):  # noqa: N818 (a reason to stop reading, not a failure)
    """Brackets are nested deeper than DEEPEST; holds the token that goes too far."""


@dataclass
class Layout:
    """The tokens to parse, each with what recovery needs of it."""

    tokens: list[Token] = field(default_factory=list)
    inside: list[bool] = field(default_factory=list)
    """Whether the token is within brackets, where a comma ends no entry."""
    unclosed: list[Token | None] = field(default_factory=list)
    """The bracket before the token, in the same entry, that is never closed."""
    docs: dict[int, str] = field(default_factory=dict)
    """The doc comment before the token that starts at an offset."""
    findings: list[Diagnostic] = field(default_factory=list)

    def put(self, token: Token, inside: bool, unclosed: Token | None) -> None:
        self.tokens.append(token)
        self.inside.append(inside)
        self.unclosed.append(unclosed)

    @property
    def last(self) -> str:
        return self.tokens[-1].type if self.tokens else "NEWLINE"

    def drop_newline(self, unclosed: Token | None) -> Token | None:
        """Take back a newline that turned out to end nothing, and with it what it forgot."""
        if self.tokens and self.last == "NEWLINE":
            self.tokens.pop()
            self.inside.pop()
            unclosed = self.unclosed.pop()
        return unclosed


def span_of(source: Source, token: Token) -> Span:
    start = token.start_pos or 0
    return Span(source, start, start + len(token))


def layout(source: Source) -> Layout:
    """What the parser reads of a source, ending in `$END`.

    Raises TooDeep at the first bracket beyond DEEPEST.
    """
    result = Layout()
    significant = _significant(source, result)
    matched = _match_brackets(significant)
    depth = 0
    braces: list[Token] = []
    pairs: list[tuple[Token, Token]] = []
    unclosed: Token | None = None
    for index, token in enumerate(significant):
        kind = token.type
        if kind == "NEWLINE":
            if depth == 0 and result.last not in ("NEWLINE", "LBRACE") and (unclosed or result.last != "COMMA"):
                result.put(token, False, unclosed)
                unclosed = None
            continue
        if kind in DECLARATIONS and braces and _declares(significant, index):
            _close(source, result, braces, pairs, token.start_pos or 0)
        if kind in ("COMMA", "LBRACE", "EXTENDS", "WITH"):
            unclosed = result.drop_newline(unclosed)
        if kind in ("LPAR", "LSQB"):
            if index in matched:
                depth += 1
            else:
                unclosed = token
        elif kind in ("RPAR", "RSQB"):
            if index not in matched:
                token.type = "STRAY"
        elif kind == "LBRACE":
            braces.append(token)
        elif kind == "RBRACE":
            if braces:
                pairs.append((braces.pop(), token))
            else:
                token.type = "STRAY"
        if depth + len(braces) > DEEPEST:
            raise TooDeep(token)
        result.put(token, depth > 0 or (unclosed is not None and kind != "RBRACE"), unclosed)
        if kind in ("RPAR", "RSQB") and token.type != "STRAY":
            depth -= 1
        elif kind in ("LBRACE", "RBRACE"):
            unclosed = None
    _close(source, result, braces, pairs, len(source.text))
    result.put(Token("$END", "", len(source.text)), False, unclosed)
    return result


def _significant(source: Source, result: Layout) -> list[Token]:
    """The tokens that are not trivia; doc comments and comments of another language go to the result."""
    significant: list[Token] = []
    doc: list[Token] = []
    for token in tokens(source.text):
        kind = token.type
        if kind in ("DOC", "COMMENT", "STRING") and (at := hidden(token)) is not None:
            result.findings.append(_hidden(source, token, at))
        elif token == "\r":
            result.findings.append(_lone_return(source, token))
        if kind == "SPACE" or kind == "COMMENT" or (kind == "BOM" and token.start_pos == 0):
            continue
        if kind == "DOC":
            doc.append(token)
            continue
        if kind == "SLASHES":
            span = span_of(source, token)
            edit = safe_edit(span, "#" + token[2:])
            label = Label(span, "starts no comment", primary=True)
            result.findings.append(
                Diagnostic(codes.FOREIGN, "comments begin with `#`", (label,), help="write `#`", edit=edit)
            )
            continue
        if kind == "NAME" and literals.canonical_name(token) is None:
            token.type = "BAD_NAME"
        elif kind == "NUMBER" and literals.number(token) is None:
            token.type = "HUGE_NUMBER"
        elif kind == "STRING" and literals.bad_escape(token) is not None:
            token.type = "BAD_ESCAPE"
        elif kind == "BOM":
            token.type = "JUNK"
        if doc and kind != "NEWLINE":
            if kind == "RBRACE":
                result.findings.append(_dangling(source, doc))
            else:
                result.docs[token.start_pos or 0] = "\n".join(line[3:].removeprefix(" ").rstrip() for line in doc)
            doc = []
        significant.append(token)
    if doc:
        result.findings.append(_dangling(source, doc))
    return significant


def _hidden(source: Source, token: Token, at: int) -> Diagnostic:
    start = (token.start_pos or 0) + at
    label = Label(Span(source, start, start + 1), f"U+{ord(token[at]):04X}", primary=True)
    where = "a string" if token.type == "STRING" else "a comment"
    message = f"{where} holds a character that is not seen, or that moves what is seen"
    return Diagnostic(codes.HIDDEN, message, (label,), help="take it out")


def _lone_return(source: Source, token: Token) -> Diagnostic:
    span = span_of(source, token)
    label = Label(span, "U+000D", primary=True)
    message = "a carriage return alone ends this line, which many programs show as none"
    return Diagnostic(codes.HIDDEN, message, (label,), help="end the line with a line feed", edit=safe_edit(span, "\n"))


def _dangling(source: Source, doc: list[Token]) -> Diagnostic:
    span = span_of(source, doc[0])
    label = Label(span, "nothing follows that it could document", primary=True)
    return Diagnostic(
        codes.DANGLING_DOC, "this doc comment documents nothing", (label,), help="write a plain comment: `#`"
    )


def _match_brackets(significant: list[Token]) -> set[int]:
    """The indices of brackets that have their partner. No pair reaches over a brace or a declaration."""
    matched: set[int] = set()
    stack: list[int] = []
    count: Counter[str] = Counter()
    for index, token in enumerate(significant):
        kind = token.type
        if kind in ("LBRACE", "RBRACE") or kind in DECLARATIONS:
            stack.clear()
            count.clear()
        elif kind in ("LPAR", "LSQB"):
            stack.append(index)
            count[kind] += 1
        elif kind in _OPENING and count[_OPENING[kind]]:
            while True:
                opening = stack.pop()
                opened = significant[opening].type
                count[opened] -= 1
                if opened == _OPENING[kind]:
                    break
            matched |= {opening, index}
    return matched


def _declares(significant: list[Token], index: int) -> bool:
    """Whether a declaration begins at a keyword, by what stands on both sides of it."""
    before = significant[index - 1].type if index else "NEWLINE"
    after = significant[index + 1].type if index + 1 < len(significant) else "NEWLINE"
    return before in ("NEWLINE", "LBRACE", "RBRACE") and after in ("NAME", "STRING")


def _close(source: Source, result: Layout, braces: list[Token], pairs: list[tuple[Token, Token]], at: int) -> None:
    """Close every open brace, with one report for all of them."""
    if not braces:
        return
    opening = braces[-1]
    labels = [Label(span_of(source, opening), "is never closed", primary=True)]
    suspect = next(
        (pair for pair in pairs if (pair[0].start_pos or 0) > (opening.start_pos or 0) and _disagree(source, *pair)),
        None,
    )
    if suspect is not None:
        labels.append(Label(span_of(source, suspect[0]), "perhaps it is this one that lacks its `}`"))
        labels.append(Label(span_of(source, suspect[1]), "closes it, with another indentation"))
    count = len(braces)
    result.findings.append(
        Diagnostic(
            codes.UNCLOSED,
            "`{` is never closed" if count == 1 else f"{count} braces are never closed",
            tuple(labels),
            help="write `}` after the last entry of the block",
        )
    )
    for _ in range(count):
        result.put(Token("RBRACE", "", at), False, None)
    braces.clear()


def _disagree(source: Source, opening: Token, closing: Token) -> bool:
    """Whether a brace begins a line that is indented otherwise than the line of its partner."""
    first, last = (source.position(token.start_pos or 0) for token in (opening, closing))
    line = source.line(first[0])
    indent = len(line) - len(line.lstrip())
    return first[0] != last[0] and not source.line(last[0])[: last[1] - 1].strip() and indent != last[1] - 1
