"""What completion offers where a value or a parameter stands: written there, it leaves no error of type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from server.editor import Editor, applied, cursor

from taxon.data import specs_dir
from taxon.diagnostics.model import Diagnostic
from taxon.diagnostics.source import Source
from taxon.semantics.bodies import read_body
from taxon.server.completion import completions
from taxon.server.item import Completion
from taxon.server.view import VOCABULARY, entries_in
from taxon.syntax import parse, tree

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted([*specs_dir().glob("*.tx"), *EXAMPLES.glob("*.tx")])
HEAD = "taxon 1\nalgorithm a {\n  "
TAIL = "\n}\n"


def wrong(text: str) -> list[Diagnostic]:
    """What is wrong in the syntax and the types of a text's first declaration."""
    file, found = parse(Source("here", text))
    return [*found, *read_body(file.declarations[0].entries, VOCABULARY).diagnostics]


def offered(text: str, offset: int) -> list[Completion]:
    return completions(Path("/nowhere/here.tx"), text, offset, {})


def accepted(text: str, item: Completion) -> str:
    return text[: item.start] + item.text + item.hole + text[item.end :]


def places(value: tree.Expression) -> Iterator[int]:
    """Where a value, or a part of it, begins and where a name in it ends."""
    yield value.span.start
    match value:
        case tree.Reference():
            yield value.span.end
        case tree.Sum(terms=parts) | tree.List(items=parts):
            for part in parts:
                yield from places(part)
        case tree.Call(function=function, arguments=arguments):
            yield function.span.end
            for argument in arguments:
                yield argument.span.start
                yield from places(argument.value)


def written() -> list[str]:
    """Every entry of every shipped spec and example, each text once."""
    found: dict[str, None] = {}
    for path in FILES:
        for declaration in parse(Source(str(path), path.read_text("utf-8")))[0].declarations:
            if not isinstance(declaration, tree.Study):
                for entry in entries_in(declaration.entries):
                    if entry.value is not None:
                        found[f"{entry.text} = {entry.value.span.text}"] = None
    return list(found)


def test_every_value_of_every_spec() -> None:
    """At every place of it, and after a `+` at its end."""
    tried = 0
    for line in written():
        text = HEAD + line + TAIL
        (entry,) = parse(Source("here", text))[0].declarations[0].entries
        assert isinstance(entry, tree.Assignment)
        added = f"{HEAD}{line} + {TAIL}"
        begun = [(text, place) for place in {entry.value.span.start - 1, *places(entry.value)}]
        for before, place in [*begun, (added, len(added) - len(TAIL))]:
            for item in offered(before, place):
                tried += 1
                after = accepted(before, item)
                assert wrong(after) == [], (before[:place] + "|" + before[place:], item, after)
    assert tried > 2_000


def test_every_path() -> None:
    """Where nothing stands yet, after each choice and `+`, and after that and a modifier."""
    for path in sorted(VOCABULARY.paths):
        empty = f"{HEAD}{path} = {TAIL}"
        slots = VOCABULARY.places(path)[0].slots
        items = offered(empty, len(empty) - len(TAIL))
        assert {item.label for item in items} >= {choice.key for slot in slots for choice in slot.bases}
        for item in items:
            one = accepted(empty, item)
            assert wrong(one) == []
            more = one.removesuffix(TAIL) + " + " + TAIL
            added = offered(more, len(more) - len(TAIL))
            if item.kind == "choice" and len(slots) == 1 and slots[0].choice(item.label) is not None:
                assert [each.label for each in added] == [choice.key for choice in slots[0].modifiers]
            for modifier in added:
                two = accepted(more, modifier)
                assert wrong(two) == []
                again = two.removesuffix(TAIL) + " + " + TAIL
                assert modifier.label not in {each.label for each in offered(again, len(again) - len(TAIL))}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("data = |", {"replay", "rollouts"}),
        ("data = | + sequences(length = 2)", {"replay", "rollouts"}),
        ("data = replay(capacity = 1k, batch = 2, warmup = 1) + |", {"sequences", "episodes"}),
        ("data = | + replay(capacity = 1k, batch = 2, warmup = 1)", {"sequences", "episodes"}),
        ("data = replay(capacity = 1k, batch = 2, warmup = 1) + episodes + |", {"sequences"}),
        ("G.estimate = td(0) + clipped_double + |", {"smoothing"}),
        ("G.estimate = clipped_double + |", {"td", "retrace"}),
        ("vary G.estimate in [td(0) + |]", {"clipped_double"}),
        ("pi_p.update = 3 + |", set()),
        ("pi_p.update = nobody + |", set()),
    ],
)
def test_bases_and_modifiers(line: str, wanted: set[str]) -> None:
    text = (HEAD.replace("algorithm", "study") if line.startswith("vary") else HEAD) + line + TAIL
    place = text.index("|")
    labels = {item.label for item in offered(text.replace("|", ""), place)}
    slot = VOCABULARY.places("data" if line.startswith("data") else "G.estimate")[0].slots[0]
    assert wanted <= labels
    assert bool(labels) is bool(wanted)
    assert not (labels & {choice.key for choice in slot.bases} and labels & {choice.key for choice in slot.modifiers})


@pytest.mark.parametrize(
    ("line", "label", "after"),
    [
        ("optimizer.policy = s|gd(lr = 1e-3)", "adam", "optimizer.policy = adam(lr = 1e-3)"),  # it takes that, too
        ("optimizer.policy = a|dam(lr = 1e-3, beta1 = 0.5)", "sgd", "optimizer.policy = sgd"),  # and not that
        ("G = Q|[pi_p]", "A[pi_p]", "G = A[pi_p]"),
        ("eta = | 0.2", "dual", "eta = dual"),
        ("optimizer.policy = adam(l|r = 1e-3)", "lr", "optimizer.policy = adam(lr = 1e-3)"),
        ("optimizer.policy = adam(|1e-3)", "lr", "optimizer.policy = adam(lr = 1e-3)"),
        ("optimizer.pol|icy.lr = 1e-3", "optimizer.policy.lr", "optimizer.policy.lr = 1e-3"),
        ("opti|mizer.policy.lr = 1e-3", "gamma", "gamma = 1e-3"),
    ],
)
def test_what_stands_there_is_replaced(line: str, label: str, after: str) -> None:
    text = HEAD + line + TAIL
    items = {item.label: item for item in offered(text.replace("|", ""), text.index("|"))}
    assert accepted(text.replace("|", ""), items[label]) == HEAD + after + TAIL


def test_a_value_of_several_lines_is_replaced_whole(editor: Editor) -> None:
    """An edit of completion is one line long; the rest goes with an edit beside it."""
    text, place = cursor("taxon 1\nalgorithm a {\n  pi_theta = n|ormal(\n    mean(s),\n    cov(s),\n  )\n}\n")
    editor.open("lines.tx", text)
    items = {item["label"]: item for item in editor.at("textDocument/completion", "lines.tx", place)["items"]}
    item = items["softmax"]
    (more,) = item["additionalTextEdits"]
    assert item["textEdit"]["range"]["start"]["line"] == item["textEdit"]["range"]["end"]["line"] == place[0]
    assert more["range"]["start"] == item["textEdit"]["range"]["end"]
    after = applied(applied(text, [more]), [item["textEdit"]])
    assert after == "taxon 1\nalgorithm a {\n  pi_theta = softmax\n}\n"


@pytest.mark.parametrize("snippets", [True, False])
def test_a_parameter_has_a_value_to_write_over_where_the_editor_can(tmp_path: Path, snippets: bool) -> None:
    able = {"textDocument": {"completion": {"completionItem": {"snippetSupport": snippets}}}}
    editor = Editor(tmp_path, able=able)
    item = editor.complete("hole.tx", f"{HEAD}optimizer.policy = adam(|){TAIL}")["beta1"]
    assert item["textEdit"]["newText"] == ("beta1 = ${1:0.9}" if snippets else "beta1 = ")
    assert item.get("insertTextFormat") == (2 if snippets else None)
    assert editor.close() == 0
