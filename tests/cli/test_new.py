"""taxon new: what it writes is a spec."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Called, taxon

from taxon.semantics import load_spec
from taxon.taxonomy import FACTORS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def accepted(path: str) -> bool:
    return taxon("check", path).exit_code == 0 and taxon("fmt", "--check", path).exit_code == 0


def refused(called: Called, code: int, folder: Path) -> str:
    """What it says when nothing is written."""
    assert called.exit_code == code
    assert not list(folder.iterdir())
    return called.stderr


def test_a_template_names_the_seven_factors_and_is_accepted(folder: Path) -> None:
    assert taxon("new", "mine").stdout == "wrote mine.tx\n"
    assert accepted("mine.tx")
    lines = (folder / "mine.tx").read_text("utf-8").splitlines()
    for factor in FACTORS:
        assert any(line.startswith(f"  # {factor}: ") for line in lines)
        assert any(line.split("=")[0].strip() == factor for line in lines)


def test_a_template_is_a_shipped_row_with_what_is_set(folder: Path) -> None:
    taxon("new", "mine")
    named = next(line for line in (folder / "mine.tx").read_text("utf-8").splitlines() if "are those of" in line)
    shipped = named.removesuffix(".").split()[-1]
    assert load_spec("mine.tx").row == load_spec(shipped).row
    taxon("new", "other", "--set", "gamma=0.9")
    assert accepted("other.tx")
    assert load_spec("other.tx").row == load_spec(shipped, ["gamma=0.9"]).row


@pytest.mark.parametrize("given", [("pi_theta=tanh(normal(mean(s), cov))",), ("G.estimate=td(0)", "--from", "sac")])
def test_a_warning_is_said_once_and_the_spec_written(given: tuple[str, ...]) -> None:
    called = taxon("new", "mine", "--set", *given)
    assert called.exit_code == 0
    codes = [line.partition("]")[0] for line in called.stderr.splitlines() if line.startswith("warning[")]
    assert codes
    assert len(codes) == len(set(codes))
    assert accepted("mine.tx")


def test_a_spec_that_extends_a_shipped_one() -> None:
    called = taxon("new", "mine", "--from", "sac", "--set", "gamma=0.995", "--set", "network.activation = elu")
    assert called.exit_code == 0
    assert accepted("mine.tx")
    row = load_spec("mine.tx").row
    assert row is not None
    assert row.doc == "sac with gamma = 0.995, network.activation = elu."
    assert row == load_spec("sac", ["gamma=0.995", "network.activation=elu"]).row


def test_without_a_set_it_is_the_same_row(folder: Path) -> None:
    assert taxon("new", "mine", "--from", "std.mpo", "--out", "there.tx").exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["there.tx"]
    assert accepted("there.tx")
    row = load_spec("there.tx").row
    assert row is not None
    assert row.name == "mine"
    assert row == load_spec("mpo").row


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "mine.tx").write_text("mine", "utf-8")
    called = taxon("new", "mine", "--from", "sac")
    assert called.exit_code == 2
    assert "mine.tx is there already" in called.stderr
    assert (folder / "mine.tx").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gamma=2", "TX204"),
        ("gama=0.9", "did you mean `gamma`?"),
        ("gamma", "TX001"),
        ("gamma=0.9 } algorithm other {", "TX"),
        ("G=A[pi_p]", "TX3"),
    ],
)
@pytest.mark.parametrize("parent", [(), ("--from", "sac")])
def test_what_check_refuses_is_not_written(setting: str, said: str, parent: tuple[str, ...], folder: Path) -> None:
    if not parent and setting.startswith("G="):
        setting = "G=Q_soft[pi_q]"
    assert said in refused(taxon("new", "mine", *parent, "--set", setting), 1, folder)


@pytest.mark.parametrize("name", ["in", "true", "sac"])
def test_names_that_the_language_refuses(name: str, folder: Path) -> None:
    assert "TX" in refused(taxon("new", name, "--from", "sac"), 1, folder)


@pytest.mark.parametrize("name", ["9lives", "a-b", "a.b", "", "../a", "é"])
def test_what_is_no_name(name: str, folder: Path) -> None:
    assert "is no name for an algorithm" in refused(taxon("new", name), 2, folder)


def test_an_unknown_parent(folder: Path) -> None:
    assert "did you mean `sac`?" in refused(taxon("new", "mine", "--from", "sca"), 2, folder)
    assert "`taxon list` lists them" in refused(taxon("new", "mine", "--from", "q" * 30), 2, folder)


def test_a_folder_that_is_not_there(folder: Path) -> None:
    assert "cannot be written: no such file" in refused(taxon("new", "mine", "--out", "no/mine.tx"), 2, folder)
