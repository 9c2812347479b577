"""docs/reference: it is what docs/generate.py writes now, and the reasons it lists are those that rows meet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import generate
import pytest
from shipped import shipped_rows
from writers import choices
from writers.markdown import anchor, block, prose, sentence
from writers.needs import DISTRIBUTION, reasons

from taxon.cli.main import COMMANDS
from taxon.cli.specs.codes import CODES
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.axes import facts
from taxon.taxonomy.catalogue import places
from taxon.taxonomy.schema import Row, Slot

DOCS = Path(generate.__file__).parent
ROOT = DOCS.parent


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generate.pages()


def test_the_pages_are_current(pages: dict[str, str]) -> None:
    committed = {path.relative_to(generate.FOLDER).as_posix(): path for path in generate.FOLDER.rglob("*.md")}
    stale = {name for name in pages.keys() & committed.keys() if pages[name] != committed[name].read_text("utf-8")}
    assert stale | (pages.keys() ^ committed.keys()) == set(), "run: python docs/generate.py"


def test_nothing_is_left_out(pages: dict[str, str]) -> None:
    def lines(folder: str) -> set[str]:
        return {line for name, text in pages.items() if name.startswith(folder) for line in text.splitlines()}

    assert all(f"codes/{code.lower()}.md" in pages for code in CODES)
    assert all(pages[f"command-line/{command}.md"].startswith(f"# taxon {command}\n") for command in COMMANDS)
    assert all(f"specs/{name}.md" in pages for name in shipped_rows())
    headings = {line.lstrip("# ") for line in lines("choices/") if line.startswith("#")}
    assert {f"`{path}`" for path, slot in SCHEMA.items() if not slot.spread} <= headings
    for path in Vocabulary(SCHEMA).paths:
        assert f"`{path}`" in pages["paths.md"], path
    described = "\n".join(lines("choices/"))
    for _, slot in places():
        for choice in slot.choices:
            assert sentence(choice.doc) in described, choice.key


def test_a_path_is_described_on_the_page_of_its_factor_or_group() -> None:
    assert [choices.place(path) for path in ("pi_q", "pi_q.update", "pi_q.update.f", "G.critic", "gamma")] == [
        "pi_q.md",
        "pi_q.update.md",
        "pi_q.update.md#pi_qupdatef",
        "G.md#gcritic",
        "gamma.md",
    ]
    assert choices.place("network.policy.std.low") == "network.policy.md#networkpolicystdlow"
    assert choices.place("network.input") == "network.md#networkinput"
    assert choices.place("optimizer.policy.lr") == "optimizer.md#optimizerpolicylr"


def test_no_page_is_long(pages: dict[str, str]) -> None:
    assert {name for name, text in pages.items() if len(text) > 40_000} == set()


def test_it_needs_no_torch() -> None:
    code = "import sys; import generate; generate.pages(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=DOCS, env={"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert (done.stdout, done.returncode) == (b"False\n", 0), done.stderr


ROWS = list(shipped_rows().values())
CONDITIONAL = {path: slot for path, slot in places() if slot.applies is not None}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_meets_only_the_reasons_that_are_listed(row: Row) -> None:
    met = 0
    for path, slot in CONDITIONAL.items():
        assert slot.applies is not None
        if SCHEMA.get(path) is slot and (reason := slot.applies(row)) is not None:
            named = reason.replace(f"`{facts.distribution(row)}`", DISTRIBUTION)
            assert {reason, named} & set(reasons(slot)), path
            met += 1
    assert met


@pytest.mark.parametrize("path", CONDITIONAL)
def test_a_condition_has_a_reason(path: str) -> None:
    # The policy's network stands in every row, so the conditions that it shares with the critic's never hold for it.
    assert reasons(CONDITIONAL[path]) or path.startswith("network.policy.")


def test_what_is_no_reason_is_refused() -> None:
    def applies(row: Row) -> str | None:
        return f"of {row.name}"

    with pytest.raises(TypeError, match="not read here"):
        reasons(Slot("x", "x", applies=applies))


def test_marks_in_prose() -> None:
    assert prose("a < b * c, `x < y`, pi_q, $5") == r"a \< b \* c, `x < y`, pi_q, \$5"
    assert prose("w[i](s) and _x_") == r"w[i\]\(s) and \_x\_"
    assert sentence("the prior") == "The prior"
    assert sentence("p(O = 1) as a function of G") == "p(O = 1) as a function of G"
    assert block("a\n```\nb").startswith("````\n")
    assert anchor("pi_q.update.trust_region") == "pi_qupdatetrust_region"
