"""From Lark's tree to ours, by plain functions. What could not be parsed is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lark import Token
from lark import Tree as Branch

from taxon.diagnostics.model import Diagnostic, Label, safe_edit
from taxon.diagnostics.source import Source, Span
from taxon.syntax import codes, literals
from taxon.syntax.layout import span_of
from taxon.syntax.tree import (
    Algorithm,
    Allow,
    Architecture,
    Argument,
    Assignment,
    Block,
    Boolean,
    Call,
    Change,
    Claim,
    Declaration,
    Entry,
    Expression,
    File,
    Import,
    Index,
    List,
    Map,
    Mixed,
    Name,
    Number,
    Offered,
    Pair,
    Path,
    Product,
    Reference,
    Search,
    Signed,
    String,
    Study,
    StudyEntry,
    Sum,
    Tune,
    TuneEntry,
    Unset,
    Vary,
    When,
)

Node = Branch[Token] | Token
_PYTHON = {"True": True, "False": False}
_OF_STUDIES = {Vary: "`vary`", Mixed: "`vary`", Claim: "a claim"}
_ELSEWHERE = {Block: "a block", Unset: "`unset`", Allow: "`allow`", When: "such a `when`", **_OF_STUDIES}
_EXCLUDE = "exclude"

# What may stand between braces: an entry of an algorithm, of a study or of a tune, or one of a map.
_Member = Entry | StudyEntry | TuneEntry | Pair


class Builder:
    """Builds the tree of one source and notes what the grammar allows but the language does not."""

    def __init__(self, source: Source, docs: dict[int, str]) -> None:
        self.source = source
        self.docs = docs
        self.findings: list[Diagnostic] = []

    # Declarations

    def file(self, branch: Branch[Token]) -> File:
        editions: list[Number] = []
        imports: list[Import] = []
        declarations: list[Declaration] = []
        for node in branch.children:
            if isinstance(node, Token):
                continue
            kind = _kind(node)
            if kind == "edition":
                editions.append(self._edition(node, first=not (editions or imports or declarations)))
            elif kind == "imported":
                imports.append(self._import(node))
            elif not _broken(node):
                declarations.append(self._declaration(node))
        return File(self.source, editions[0] if editions else None, tuple(imports), tuple(declarations))

    def loose(self, branch: Branch[Token]) -> tuple[Entry, ...]:
        return self._plain(self._entries(branch), body=True)

    def _edition(self, branch: Branch[Token], first: bool) -> Number:
        keyword, token = _token(branch, 0), _token(branch, 1)
        edition = Number(literals.number(token) or 0, self._span(token))
        whole = self._span(keyword).to(edition.span)
        if not first:
            label = Label(whole, "stands too late", primary=True)
            self._report(
                Diagnostic(codes.NO_EDITION, "the edition is the first line of a file, and stands once", (label,))
            )
        elif edition.value != 1:
            label = Label(edition.span, "this taxon reads edition 1", primary=True)
            self._report(
                Diagnostic(
                    codes.UNKNOWN_EDITION,
                    f"edition {token} is not known",
                    (label,),
                    help="write `taxon 1`",
                )
            )
        return edition

    def _import(self, branch: Branch[Token]) -> Import:
        node = branch.children[1]
        target = self._string(node) if isinstance(node, Token) else self.path(node)
        return Import(target, self._span(_token(branch, 0)).to(target.span))

    def _declaration(self, branch: Branch[Token]) -> Declaration:
        keyword, name = _token(branch, 0), self.name(_token(branch, 1))
        entries, end = self._block(_branch(branch, -1))
        span = self._span(keyword).to(end)
        doc = self.docs.get(span.start, "")
        match _kind(branch):
            case "algorithm":
                parent: Path | None = None
                mixins: tuple[Path, ...] = ()
                for clause in branch.children[2:-1]:
                    paths = tuple(self.path(node) for node in _branches(clause))
                    if _kind(clause) == "parent":
                        parent = paths[0]
                    else:
                        mixins = paths
                return Algorithm(name, parent, mixins, self._plain(entries, body=True), doc, span)
            case "architecture":
                return Architecture(name, self._plain(entries), doc, span)
            case "study":
                return Study(name, self._of_study(entries), doc, span)
            case _:
                return Tune(name, self._of_tune(entries), doc, span)

    # Entries

    def _block(self, branch: Branch[Token]) -> tuple[list[_Member], Span]:
        return self._entries(branch), self._span(_token(branch, -1))

    def _entries(self, branch: Branch[Token]) -> list[_Member]:
        return [self._entry(node) for node in _branches(branch) if not _broken(node)]

    def _entry(self, branch: Branch[Token]) -> _Member:
        match _kind(branch):
            case "assignment":
                path, right = self.path(_branch(branch, 0)), _branch(branch, 2)
                return self._braced(path, right) if _kind(right) == "block" else self._assignment(path, right)
            case "group":
                path = self.path(_branch(branch, 0))
                entries, end = self._block(_branch(branch, 1))
                return Block(path, self._plain(entries), path.span.to(end))
            case "unset":
                path = self.path(_branch(branch, 1))
                return Unset(path, self._span(_token(branch, 0)).to(path.span))
            case "allow":
                code, reason = self.name(_token(branch, 1)), self._string(_token(branch, 2))
                return Allow(code, reason, self._span(_token(branch, 0)).to(reason.span))
            case "when":
                subject, expected = self.name(_token(branch, 1)), self.expression(_branch(branch, 3))
                entries, end = self._block(_branch(branch, 4))
                span = self._span(_token(branch, 0)).to(end)
                return When(subject, expected, self._plain(entries), span)
            case "mixed":
                name, mixins = self.name(_token(branch, 1)), self._list(_branch(branch, 3))
                return Mixed(name, mixins, self._span(_token(branch, 0)).to(mixins.span))
            case "claim":
                name, said = self.name(_token(branch, 1)), self.expression(_branch(branch, 3))
                span = self._span(_token(branch, 0)).to(said.span)
                return Claim(name, said, self.docs.get(span.start, ""), span)
            case "search":
                path, space = self.path(_branch(branch, 1)), self.expression(_branch(branch, 3))
                assert isinstance(space, List | Call)  # the grammar takes nothing else
                return Search(path, space, self._span(_token(branch, 0)).to(space.span))
            case "offered":
                name, mixins = self.name(_token(branch, 1)), self._list(_branch(branch, 3))
                return Offered(name, mixins, self._span(_token(branch, 0)).to(mixins.span))
            case "pair":
                key, value = self._string(_token(branch, 0)), self.expression(_branch(branch, 2))
                return Pair(key, value, key.span.to(value.span))
            case _:
                first, second = self._span(_token(branch, 0)), branch.children[1]
                called = self.name(second) if isinstance(second, Token) else None
                path, values = self.path(_branch(branch, -3)), self._list(_branch(branch, -1))
                return Vary(called, path, values, first.to(values.span))

    def _assignment(self, path: Path, value: Branch[Token]) -> Assignment:
        said = self.expression(value)
        return Assignment(path, said, self.docs.get(path.span.start, ""), path.span.to(said.span))

    def _braced(self, path: Path, branch: Branch[Token]) -> Assignment | Block:
        """`path = { ... }`: a map, or a block behind a sign that it does not take."""
        members, end = self._block(branch)
        pairs = tuple(member for member in members if isinstance(member, Pair))
        opening = self._span(_token(branch, 0))
        if len(pairs) == len(members):
            return Assignment(path, Map(pairs, opening.to(end)), self.docs.get(path.span.start, ""), path.span.to(end))
        labels = (Label(opening, primary=True),)
        help = "leave the `=` out: a block follows its path directly"
        self._report(Diagnostic(codes.UNEXPECTED, "expected a value, found `{`", labels, help=help))
        return Block(path, self._plain(members), path.span.to(end))

    def _plain(self, entries: list[_Member], body: bool = False) -> tuple[Entry, ...]:
        """The entries of an algorithm's own body, or of a block, a `when` or an architecture, which speak of no row."""
        kept: list[Entry] = []
        for entry in entries:
            if isinstance(entry, Vary | Mixed | Claim):
                what = f"{_OF_STUDIES[type(entry)]} belongs in a study"
                self._misplaced(entry.span, what, "write `study name { base = ..., vary ... }`")
            elif isinstance(entry, Search | Offered):
                self._misplaced_search(entry)
            elif isinstance(entry, Pair):
                self._no_pair(entry)
            elif isinstance(entry, Allow) and not body:
                self._misplaced(entry.span, "`allow` belongs in an algorithm's own body", "write it outside its blocks")
            else:
                kept.append(entry)
        return tuple(kept)

    def _of_study(self, entries: list[_Member]) -> tuple[StudyEntry, ...]:
        kept: list[StudyEntry] = []
        for entry in entries:
            if isinstance(entry, Assignment | Vary | Mixed | Claim):
                kept.append(entry)
            elif isinstance(entry, When) and entry.subject.text == "env":
                kept.append(replace(entry, entries=self._assignments(entry.entries, "a `when` of a study")))
            elif isinstance(entry, Block) and entry.path.text == _EXCLUDE:
                kept.append(replace(entry, entries=self._assignments(entry.entries, "`exclude`")))
            elif isinstance(entry, Pair):
                self._no_pair(entry)
            elif isinstance(entry, Search | Offered):
                self._misplaced_search(entry)
            else:
                help = "set it in an algorithm that the study takes as its base"
                what = f"{_ELSEWHERE[type(entry)]} belongs in an algorithm, not in a study"
                self._misplaced(entry.span, what, help)
        return tuple(kept)

    def _of_tune(self, entries: list[_Member]) -> tuple[TuneEntry, ...]:
        kept: list[TuneEntry] = []
        for entry in entries:
            if isinstance(entry, Assignment | Search | Offered):
                kept.append(entry)
            elif isinstance(entry, Pair):
                self._no_pair(entry)
            elif isinstance(entry, Vary | Mixed | Claim):
                what = f"{_OF_STUDIES[type(entry)]} belongs in a study, not in a tune"
                self._misplaced(entry.span, what, "what a tune tries is said by `search path in ...`")
            else:
                what = f"{_ELSEWHERE[type(entry)]} belongs in an algorithm, not in a tune"
                self._misplaced(entry.span, what, "set it in the algorithm that the tune takes as its base")
        return tuple(kept)

    def _misplaced_search(self, entry: Search | Offered) -> None:
        self._misplaced(entry.span, "`search` belongs in a tune", "write `tune name { base = ..., search ... }`")

    def _assignments(self, entries: tuple[Entry, ...], where: str) -> tuple[Entry, ...]:
        for entry in entries:
            if not isinstance(entry, Assignment):
                self._misplaced(entry.span, f"{where} holds entries such as `name = value` alone", "take it out")
        return tuple(entry for entry in entries if isinstance(entry, Assignment))

    def _no_pair(self, pair: Pair) -> None:
        self._misplaced(
            pair.span, "a string names no path", 'in a study, `scale = { "Hopper-v4" = [18, 3013] }` has such'
        )

    def _misplaced(self, span: Span, message: str, help: str) -> None:
        self._report(Diagnostic(codes.MISPLACED, message, (Label(span, "", primary=True),), help=help))

    # Expressions

    def expression(self, branch: Branch[Token]) -> Expression:
        return self._expressions[_kind(branch)](self, branch)

    def _number(self, branch: Branch[Token]) -> Number:
        token = _token(branch, 0)
        return Number(literals.number(token) or 0, self._span(token))

    def _boolean(self, branch: Branch[Token]) -> Boolean:
        token = _token(branch, 0)
        return Boolean(token.type == "TRUE", self._span(token))

    def _quoted(self, branch: Branch[Token]) -> String:
        return self._string(_token(branch, 0))

    def _reference(self, branch: Branch[Token]) -> Reference | Boolean:
        path = self.path(_branch(branch, 0))
        if path.text not in _PYTHON:
            return Reference(path.text, path.span)
        lower = path.text.lower()
        label = Label(path.span, "a boolean is lower case", primary=True)
        self._report(
            Diagnostic(
                codes.FOREIGN,
                f"`{path.text}` is Python's",
                (label,),
                help=f"write `{lower}`",
                edit=safe_edit(path.span, lower),
            )
        )
        return Boolean(_PYTHON[path.text], path.span)

    def _list(self, branch: Branch[Token]) -> List:
        items = tuple(self.expression(node) for node in _branches(branch))
        return List(items, self._span(_token(branch, 0)).to(self._span(_token(branch, -1))))

    def _call(self, branch: Branch[Token]) -> Call:
        function = self.name(_token(branch, 0))
        arguments = tuple(self._argument(node) for node in _branches(branch))
        return Call(function, arguments, function.span.to(self._span(_token(branch, -1))))

    def _argument(self, branch: Branch[Token]) -> Argument:
        value = self.expression(_branch(branch, -1))
        if len(branch.children) == 1:
            return Argument(None, value, value.span)
        name = self.name(_token(branch, 0))
        return Argument(name, value, name.span.to(value.span))

    def _index(self, branch: Branch[Token]) -> Index:
        base, index = self.name(_token(branch, 0)), self.name(_token(branch, 2))
        return Index(base, index, base.span.to(self._span(_token(branch, 3))))

    def _product(self, branch: Branch[Token]) -> Product:
        left, right = (self.expression(node) for node in _branches(branch))
        return Product(left, right, left.span.to(right.span))

    def _sum(self, branch: Branch[Token]) -> Sum:
        terms = tuple(self.expression(node) for node in _branches(branch))
        return Sum(terms, terms[0].span.to(terms[-1].span))

    def _change(self, branch: Branch[Token]) -> Change:
        signs = [node for node in branch.children if isinstance(node, Token)]
        terms = [self.expression(node) for node in _branches(branch)]
        signed = tuple(
            Signed(sign.type == "PLUS", term, self._span(sign).to(term.span))
            for sign, term in zip(signs, terms, strict=True)
        )
        return Change(signed, signed[0].span.to(signed[-1].span))

    _expressions: dict[str, Callable[[Builder, Branch[Token]], Expression]] = {  # noqa: RUF012
        "number": _number,
        "boolean": _boolean,
        "string": _quoted,
        "reference": _reference,
        "list": _list,
        "call": _call,
        "index": _index,
        "product": _product,
        "sum": _sum,
        "change": _change,
    }

    # Leaves

    def path(self, branch: Branch[Token]) -> Path:
        names = tuple(
            self.name(token) for token in branch.children if isinstance(token, Token) and token.type == "NAME"
        )
        return Path(names, names[0].span.to(names[-1].span))

    def name(self, token: Token) -> Name:
        return Name(literals.canonical_name(token) or token, self._span(token))

    def _string(self, token: Token) -> String:
        return String(literals.string(token), self._span(token))

    def _span(self, token: Token) -> Span:
        return span_of(self.source, token)

    def _report(self, finding: Diagnostic) -> None:
        self.findings.append(finding)


def _kind(branch: Node) -> str:
    assert not isinstance(branch, Token)
    return str(branch.data)


def _broken(branch: Branch[Token]) -> bool:
    """Whether the head of a declaration or a `when` could not be parsed."""
    return any(isinstance(node, Token) and node.type == "ERROR" for node in branch.children)


def _branches(branch: Node) -> list[Branch[Token]]:
    assert not isinstance(branch, Token)
    return [node for node in branch.children if not isinstance(node, Token)]


def _branch(branch: Branch[Token], index: int) -> Branch[Token]:
    node = branch.children[index]
    assert not isinstance(node, Token)
    return node


def _token(branch: Branch[Token], index: int) -> Token:
    node = branch.children[index]
    assert isinstance(node, Token)
    return node
