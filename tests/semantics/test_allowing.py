"""`allow`: what it silences, for whom, and what it may name."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxon.semantics import canonical, check_file, load_spec, row_hash
from taxon.taxonomy.schema import Row

WHY = '"the point of the ablation"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *declarations: str, imports: str = "import std.sac") -> None:
    Path(name).write_text("\n".join(["taxon 1", imports, *declarations, ""]), encoding="utf-8")


def found(name: str) -> list[str]:
    return [finding.code.id for finding in check_file(name)]


def row(name: str) -> Row:
    resolution = load_spec(name)
    assert resolution.row is not None
    return resolution.row


def test_a_lint_is_silent_wherever_the_spec_is_read(folder: Path) -> None:
    write("loud.tx", "algorithm ours extends sac { G.estimate = td(0) }")
    write("ours.tx", f"algorithm ours extends sac {{ G.estimate = td(0), allow TX501 {WHY} }}")
    assert found("loud.tx") == ["TX501"]
    assert found("ours.tx") == []
    assert load_spec("ours.tx").diagnostics == []


def test_it_is_no_part_of_the_row(folder: Path) -> None:
    write("loud.tx", "algorithm ours extends sac { G.estimate = td(0) }")
    write("ours.tx", f"algorithm ours extends sac {{ G.estimate = td(0), allow TX501 {WHY} }}")
    assert row_hash(row("loud.tx")) == row_hash(row("ours.tx"))
    assert canonical(row("loud.tx")) == canonical(row("ours.tx"))


def test_it_holds_for_heirs_and_for_nobody_else(folder: Path) -> None:
    write(
        "family.tx",
        f"algorithm parent extends sac {{ G.estimate = td(0), allow TX501 {WHY} }}",
        "algorithm child extends parent { gamma = 0.9 }",
        "algorithm stranger extends sac { G.estimate = td(0), gamma = 0.9 }",
    )
    (finding,) = check_file("family.tx")
    assert finding.code.id == "TX501"
    assert finding.primary is not None
    assert finding.primary.source.position(finding.primary.start)[0] == 5
    write("heir.tx", "algorithm heir extends child {}", imports='import "family.tx"')
    assert found("heir.tx") == []
    assert load_spec("heir.tx").diagnostics == []


def test_a_child_may_allow_what_its_parent_is_warned_of(folder: Path) -> None:
    write(
        "family.tx",
        "algorithm parent extends sac { G.estimate = td(0) }",
        f"algorithm child extends parent {{ allow TX501 {WHY} }}",
    )
    assert found("family.tx") == ["TX501"]
    assert load_spec("family.tx:child").diagnostics == []


def test_only_its_own_lint_is_silent(folder: Path) -> None:
    body = f"G.estimate = td(0), pi_theta = normal(mean(s), cov(s)), allow TX501 {WHY}"
    write("ours.tx", f"algorithm ours extends sac {{ {body} }}")
    assert found("ours.tx") == ["TX503"]


def test_an_error_stays(folder: Path) -> None:
    write("ours.tx", f"algorithm ours extends sac {{ G.estimate = retrace(1) + clipped_double, allow TX501 {WHY} }}")
    assert found("ours.tx") == ["TX312"]


@pytest.mark.parametrize(
    ("entry", "message", "help"),
    [
        ('allow TX312 "why"', "`TX312` is no lint", "mend what it reports"),
        ('allow TX017 "why"', "`TX017` is no lint", "mend what it reports"),
        ('allow TX220 "why"', "`TX220` is no lint", "mend what it reports"),
        ('allow TX51 "why"', "there is no lint `TX51`", "did you mean `TX501`?"),
        ('allow nonsense "why"', "there is no lint `nonsense`", "runs from `TX501`"),
        ('allow tx501 "why"', "there is no lint `tx501`", "write `TX501`"),
        ('allow TX501 " "', "an `allow` gives its reason", "say why"),
        ('allow TX501 "a", allow TX501 "b"', "`TX501` is allowed twice", "keep one"),
    ],
)
def test_what_cannot_be_allowed(entry: str, message: str, help: str, folder: Path) -> None:
    write("ours.tx", f"algorithm ours extends sac {{ G.estimate = td(0), {entry} }}")
    (finding,) = [each for each in check_file("ours.tx") if each.code.id != "TX501"]
    assert finding.code.id == "TX219"
    assert finding.message.startswith(message)
    assert help in finding.help
    assert load_spec("ours.tx").row is None


@pytest.mark.parametrize("around", ["network {{ {} }}", 'when env = "Ant-*" {{ {} }}'])
def test_it_speaks_of_a_whole_row(around: str, folder: Path) -> None:
    write("ours.tx", f"algorithm ours extends sac {{ {around.format(f'allow TX501 {WHY}')} }}")
    assert found("ours.tx") == ["TX016"]
    write("ours.tx", f"architecture ours {{ allow TX501 {WHY} }}")
    assert found("ours.tx") == ["TX016"]


def test_the_reason_is_not_optional(folder: Path) -> None:
    write("ours.tx", "algorithm ours extends sac {", "  allow TX501", "}")
    (finding,) = check_file("ours.tx")
    assert finding.message == "expected the reason in double quotes, found the end of the line"


def test_what_silences_nothing_is_reported(folder: Path) -> None:
    write("ours.tx", f"algorithm ours extends sac {{ allow TX501 {WHY} }}")
    assert found("ours.tx") == ["TX220"]
    assert [finding.code.id for finding in load_spec("ours.tx").diagnostics] == ["TX220"]
    assert load_spec("ours.tx").row is not None


def test_what_may_silence_something_elsewhere_is_not(folder: Path) -> None:
    when = 'when env = "Ant-*" { G.estimate = td(0) }'
    write("ours.tx", f"algorithm ours extends sac {{ allow TX501 {WHY}, {when} }}")
    assert found("ours.tx") == []
    assert load_spec("ours.tx", env="Ant-v5").diagnostics == []
    write("ours.tx", f"algorithm ours extends sac {{ G.estimate = td(0), allow TX501 {WHY} }}")
    assert load_spec("ours.tx", ["G.estimate=td(0) + clipped_double"]).diagnostics == []


def test_an_heir_that_no_longer_needs_it_is_not_told(folder: Path) -> None:
    write(
        "family.tx",
        f"algorithm parent extends sac {{ G.estimate = td(0), allow TX501 {WHY} }}",
        "algorithm child extends parent { G.estimate = td(0) + clipped_double }",
    )
    assert found("family.tx") == []
    assert load_spec("family.tx:child").diagnostics == []


def test_it_is_no_setting(folder: Path) -> None:
    assert [finding.code.id for finding in load_spec("sac", [f"allow TX501 {WHY}"]).diagnostics] == ["TX115"]
