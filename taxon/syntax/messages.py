"""What to say about a token that the parser cannot take: a table keyed on what is being read and what was found."""

from __future__ import annotations

import re
from collections.abc import Set

from lark import Token

from taxon.diagnostics.model import Code, Diagnostic, Edit, Label, safe_edit
from taxon.diagnostics.source import Source, Span
from taxon.diagnostics.suggest import certain, nearest
from taxon.syntax import codes, literals
from taxon.syntax.language import KEYWORDS

# What is being read, by terminals that the parser would take; the first row that fits.
_READING: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"ALGORITHM"}), "file"),
    (frozenset({"NUMBER", "RPAR"}), "argument"),
    (frozenset({"NUMBER", "RSQB"}), "item"),
    (frozenset({"TRUE", "NUMBER"}), "value"),
    (frozenset({"NUMBER"}), "edition"),
    (frozenset({"UNSET"}), "entry"),
    (frozenset({"STRING", "NAME"}), "import"),
    (frozenset({"EQUAL", "LBRACE"}), "path"),
    (frozenset({"EQUAL", "RPAR"}), "after argument"),
    (frozenset({"RPAR"}), "after argument"),
    (frozenset({"RSQB", "COMMA"}), "after item"),
    (frozenset({"LBRACE", "WITH"}), "header"),
    (frozenset({"LBRACE"}), "body"),
    (frozenset({"IN"}), "axis"),
    (frozenset({"EQUAL"}), "condition"),
    (frozenset({"LSQB", "NAME"}), "space"),
    (frozenset({"LSQB"}), "values"),
    (frozenset({"NEWLINE", "RBRACE"}), "end"),
    (frozenset({"RSQB"}), "after index"),
    (frozenset({"NAME"}), "name"),
    (frozenset({"STRING"}), "reason"),
)

_EXPECTED = {
    "file": "`import`, `algorithm`, `architecture`, `study` or `tune`",
    "argument": "an argument or `)`",
    "item": "an item or `]`",
    "value": "a value",
    "edition": "the number of an edition",
    "import": "a file in double quotes or a name such as `std.sac`",
    "entry": "an entry such as `path = value`",
    "path": "`=` and a value, or a block in braces",
    "after argument": "`,` or `)`",
    "after item": "`,` or `]`",
    "header": "`{`",
    "body": "`{`",
    "condition": "`=`",
    "axis": "`in` and the values",
    "space": "a range such as `uniform(0, 1)`, or a list of values in square brackets",
    "values": "a list of values in square brackets",
    "end": "the end of the entry",
    "after index": "`]`",
    "name": "a name",
    "reason": "the reason in double quotes",
    "nothing": "nothing more",
}

_HELP = {
    ("file", "NAME"): "entries stand inside the braces of a declaration: `algorithm name { ... }`",
    ("file", "NUMBER"): "the edition stands once, in the first line: `taxon 1`",
    ("value", "EQUAL"): "write one `=`",
    ("value", "NEWLINE"): "write the value on the line of its path",
    ("end", "NAME"): "end the entry before it with a comma or a newline",
    ("end", "LPAR"): "only a name takes arguments",
    ("end", "STAR"): "a product has two factors",
    ("end", "EQUAL"): "one entry sets one path",
    ("path", "NUMBER"): "write `=` between a path and its value",
    ("path", "STRING"): "write `=` between a path and its value",
    ("path", "NAME"): "write `=` between a path and its value",
    ("path", "LPAR"): "write `=` between a path and its value",
    ("import", "NEWLINE"): 'write `import "file.tx"` or `import std.sac`',
    ("edition", "NAME"): "write `taxon 1`",
    ("edition", "NEWLINE"): "write `taxon 1`",
    ("after argument", "NUMBER"): "write a comma between arguments",
    ("after argument", "NAME"): "write a comma between arguments",
    ("after argument", "EQUAL"): "an argument's name is a single name",
    ("after item", "NUMBER"): "write a comma between items",
    ("after item", "NAME"): "write a comma between items",
    ("after item", "EQUAL"): "a list holds values without names",
    ("header", "EQUAL"): "a declaration holds its entries in braces",
    ("reason", "NEWLINE"): 'say why: `allow TX501 "the point of the ablation"`',
    ("values", "NAME"): "write `vary path in [first, second]`",
    ("axis", "EQUAL"): "write `vary path in [first, second]` or, in a tune, `search path in uniform(0, 1)`",
    ("name", "LSQB"): "write `vary path in [first, second]`",
}

_LONGEST_LINE = 1000  # what is looked through for a better message

_CLOSING = {"(": ")", "[": "]"}


def reading(accepted: Set[str]) -> str:
    """What the parser is in the middle of, from the terminals it would take."""
    return next((name for needed, name in _READING if needed <= accepted), "nothing")


def unexpected(source: Source, token: Token, accepted: Set[str], unclosed: Token | None) -> Diagnostic:
    """The finding for a token that cannot be taken where `accepted` terminals can."""
    start = token.start_pos or 0
    kind = token.type
    span = Span(source, start, start if kind in ("NEWLINE", "$END") else start + len(token))
    environment = _bare_environment(source, start)
    if environment is not None:
        right = f'"{environment.text}"'
        label = Label(environment, "without quotes", primary=True)
        message = "an environment is a string, in double quotes"
        help = f"write `when env = {right}`"
        return Diagnostic(codes.BAD_STRING, message, (label,), help=help, edit=safe_edit(environment, right))
    if kind in _LEXICAL:
        return _lexical(span, token)
    if unclosed is not None:
        opening = Span(source, unclosed.start_pos or 0, (unclosed.start_pos or 0) + 1)
        labels = (Label(opening, "is never closed", primary=True), Label(span, "before this"))
        return Diagnostic(
            codes.UNCLOSED, f"`{unclosed}` is never closed", labels, help=f"write `{_CLOSING[unclosed]}` where it ends"
        )
    what = reading(accepted)
    if kind in KEYWORDS and what in ("name", "path", "entry", "value", "argument", "item"):
        label = Label(span, "a keyword", primary=True)
        return Diagnostic(codes.KEYWORD, f"the keyword `{token}` cannot be a name", (label,), help=_KEYWORD_HELP[what])
    if kind == "LPAR" and what in ("value", "argument", "item"):
        return _parenthesis(span)
    label = Label(span, primary=True)
    message = f"expected {_EXPECTED[what]}, found {_found(token)}"
    words = [name.lower() for name in KEYWORDS & accepted]
    meant = nearest(token, words) if kind == "NAME" else None
    if meant is not None:
        edit = safe_edit(span, meant) if certain(token, words) else None
        return Diagnostic(codes.UNEXPECTED, message, (label,), help=f"did you mean `{meant}`?", edit=edit)
    return Diagnostic(codes.UNEXPECTED, message, (label,), help=_HELP.get((what, kind), ""))


_KEYWORD_HELP = {
    "name": "choose another name",
    "path": "write `=` between a path and its value, and the next entry on its own line",
    "entry": "an entry begins with a path, `unset`, `allow` or `when`, in a study also with `vary` or `claim`, and "
    "in a tune with `search`",
    "value": "choose another name",
    "argument": "choose another name",
    "item": "choose another name",
}


_ENVIRONMENT = re.compile(r"\bwhen[ \t]+env[ \t]*=[ \t]*([^\s\"'{}#,;]+)")
_TUPLE = re.compile(r"\(([^()\[\]{}#\"\r\n]*)\)")


def _bare_environment(source: Source, at: int) -> Span | None:
    """The environment without quotes that a place is in, or behind, such as `Ant-v4` of `when env = Ant-v4 {`."""
    line, column = source.position(at)
    first = at - column + 1
    text = source.line(line)[:_LONGEST_LINE]
    for match in _ENVIRONMENT.finditer(text):
        begin, end = first + match.start(1), first + match.end(1)
        if "#" not in text[: match.start()] and begin <= at and not source.text[end:at].strip(" \t"):
            return Span(source, begin, end)
    return None


def _parenthesis(span: Span) -> Diagnostic:
    """A parenthesis where a value begins: a tuple of Python's is a list here."""
    source = span.source
    match = _TUPLE.match(source.text, span.start, span.start + _LONGEST_LINE)
    label = Label(span, "is no list", primary=True)
    help = "a list stands in square brackets, and nothing else is grouped"
    if match is None or "," not in match[1]:
        return Diagnostic(codes.FOREIGN, "`(` begins no value", (label,), help=help)
    items = match[1].strip().removesuffix(",").strip()
    whole = re.fullmatch(r"[0-9kM,\s]+", items) is not None  # other values stand in no list, so more may be wrong
    edit = (safe_edit if whole else Edit)(Span(source, match.start(), match.end()), f"[{items}]")
    help = f"a list stands in square brackets: `[{_short(items)}]`"
    return Diagnostic(codes.FOREIGN, "`(` begins no value", (label,), help=help, edit=edit)


def _found(token: Token) -> str:
    if token.type == "NEWLINE":
        return "the end of the line"
    if token.type == "$END":
        return "the end of the file"
    if token.type == "RBRACE" and not token:
        return "the end of the block"
    if token.type in KEYWORDS:
        return f"the keyword `{token}`"
    return f"`{_short(token)}`"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


_LEXICAL = frozenset(
    {"STRAY", "OPEN_STRING", "BAD_ESCAPE", "BAD_NUMBER", "HUGE_NUMBER", "BAD_NAME", "MINUS", "JUNK", "SEMICOLON"}
)


def _lexical(span: Span, token: Token) -> Diagnostic:
    """The finding for a token that is wrong wherever it stands."""
    text = _short(token)

    def finding(code: Code, message: str, label: str, help: str = "", replacement: str | None = None) -> Diagnostic:
        # A space is a space, however it is encoded; what a number or a name was meant as is a guess.
        edit = None if replacement is None else (safe_edit if token.isspace() else Edit)(span, replacement)
        return Diagnostic(code, message, (Label(span, label, primary=True),), help=help, edit=edit)

    match token.type:
        case "STRAY":
            return finding(codes.STRAY, f"`{text}` closes nothing", "was never opened", "take it out")
        case "OPEN_STRING":
            return finding(
                codes.BAD_STRING, "a string is never closed", "begins here", 'end it with `"` on the same line'
            )
        case "BAD_ESCAPE":
            first, last = literals.bad_escape(token) or (0, 1)
            place = Span(span.source, span.start + first, span.start + last)
            label = Label(place, "is no escape", primary=True)
            return Diagnostic(
                codes.BAD_STRING,
                f"`{place.text}` means nothing in a string",
                (label,),
                help="write `\\\\` for a backslash",
                edit=Edit(place, "\\" + place.text),
            )
        case "BAD_NUMBER":
            guess = _likely_number(token)
            help = f"write `{guess}`" if guess else "write digits, perhaps `.` and digits, an exponent, and `k` or `M`"
            return finding(codes.BAD_NUMBER, f"`{text}` is not a number", "cannot be read", help, guess)
        case "HUGE_NUMBER":
            return finding(
                codes.NUMBER_RANGE, f"`{text}` cannot be held", "would become infinite, zero or rounded",
                f"numbers have at most {literals.LONGEST_NUMBER} characters and are of a size between 5e-324 and 1e308",
            )  # fmt: skip
        case "BAD_NAME":
            guess = literals.suggested_name(token) or None
            help = f"write `{guess}`" if guess else "write it in ASCII"
            return finding(codes.BAD_CHARACTER, f"`{text}` is not a name", "names are ASCII", help, guess)
        case "SEMICOLON":
            return finding(codes.FOREIGN, "`;` ends nothing", "a newline or a comma ends an entry", "take it out")
        case _:
            shown = f"`{text}`" if token.isprintable() else f"U+{ord(token):04X}"
            space = token.isspace() and token not in "\v\f"
            return finding(
                codes.BAD_CHARACTER, f"the character {shown} means nothing here", "has no meaning",
                "write a plain space" if space else "", " " if space else None,
            )  # fmt: skip


def _likely_number(text: str) -> str | None:
    """A number that a malformed one may have been meant as."""
    guess = text.replace("_", "").rstrip(".")
    sign, digits = ("-", guess[1:]) if guess.startswith("-") else ("", guess)
    if digits.startswith("."):
        digits = "0" + digits
    digits = digits[:-1] + {"K": "k", "m": "M"}.get(digits[-1:], digits[-1:])
    return sign + digits if literals.number(sign + digits) is not None else None
