"""taxon table --space: what it prints, and that docs/space.md is what it prints now."""

import json
from pathlib import Path

import pytest
from program import taxon

import taxon.cli.commands.space as page
from taxon.semantics.space.entries import every_entry
from taxon.semantics.space.space import blame, coherent

ROOT = Path(__file__).parents[2]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> page.Survey:
    """A survey of rows whose policy is deterministic, and of two refusals."""
    entries = {f"{entry.setting}": entry for factor in every_entry().values() for entry in factor}
    points = list(coherent({**every_entry(), "pi_theta": (entries["pi_theta=mean(s)"],)}))
    pairs = (("pi_q=nonparametric", "pi_q.update=sg"), ("pi_p=pi_q", "pi_theta=mean(s)"))
    blames = [blame(entries["pi_q.update=analytic + penalty"])]
    blames += [blame(*(entries[setting] for setting in pair)) for pair in pairs]
    found = page.Survey(points, blames)
    monkeypatch.setattr(page, "survey", lambda: found)
    return found


def test_text(small: page.Survey) -> None:
    lines = taxon("table", "--space").stdout.splitlines()
    assert lines[0].startswith(f"Of {2 * 6 * 24 * 32 * 8 * 28 * 15} rows {len(small.points)} are coherent.")
    assert ["pi_theta", "fixed", str(len(small.points))] in [line.split() for line in lines]
    assert "pi_q.update=analytic + penalty  TX334" in lines
    assert "pi_q=nonparametric              pi_q.update=sg    TX302" in lines
    assert "pi_p=pi_q                       pi_theta=mean(s)  nonparametric: TX330; pi_theta: TX331 + TX348" in lines
    assert "TX302 a nonparametric posterior has no gradient 1" in [" ".join(line.split()) for line in lines]


def test_json(small: page.Survey) -> None:
    document = json.loads(taxon("table", "--space", "--json").stdout)
    assert (document["format_version"], document["coherent"]) == (1, len(small.points))
    assert sum(part["coherent"] for part in document["by_control"]) == len(small.points)
    assert document["refused"][1]["entries"] == {"pi_q": "nonparametric", "pi_q.update": "sg"}
    assert [found["rules"] for found in document["refused"]] == [["TX334"], ["TX302"], ["TX330", "TX331", "TX348"]]
    assert document["refused"][2]["by_pi_q"] == {"nonparametric": ["TX330"], "pi_theta": ["TX331", "TX348"]}
    assert set(document["rules"]) == {"TX302", "TX330", "TX331", "TX334", "TX348"}


def test_markdown_groups_what_shares_a_verdict(small: page.Survey) -> None:
    entries = every_entry()
    pairs = [blame(entries["pi_q"][0], entry) for entry in entries["G"][2:5]]
    lines = page.as_markdown(page.Survey(small.points, pairs)).splitlines()
    assert "| `pi_q = nonparametric` | `G` | `Q_soft[pi_q]`, `Q[pi_q]`, `A[pi_q]` | TX310 |" in lines


@pytest.mark.parametrize(
    "arguments",
    [("sac", "--space"), ("--markdown",), ("sac", "--markdown"), ("--space", "--markdown", "--json")],
)
def test_usage(arguments: tuple[str, ...]) -> None:
    result = taxon("table", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.slow
def test_the_page_is_what_is_counted_now() -> None:
    result = taxon("table", "--space", "--markdown")
    assert result.stdout == (ROOT / "docs" / "space.md").read_text("utf-8")
