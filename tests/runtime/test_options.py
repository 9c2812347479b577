from pathlib import Path

import pytest

from taxon.runtime.errors import UserError
from taxon.runtime.options import make_folder, parse_count, parse_seeds, parse_workers


@pytest.mark.parametrize(
    ("text", "seeds"), [("1", (0,)), ("5", (0, 1, 2, 3, 4)), ("3,7,9", (3, 7, 9)), ("3,", (3,)), ("0, 2", (0, 2))]
)
def test_seeds(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "0", "-1", "a", "1,1", "1.5", "3,,4", ",", "99999999999", "3," + "9" * 5000])
def test_bad_seeds(text):
    with pytest.raises(UserError) as caught:
        parse_seeds(text)
    assert caught.value.help


@pytest.mark.parametrize(("text", "workers"), [("auto", "auto"), ("0", 0), ("256", 256)])
def test_workers(text, workers):
    assert parse_workers(text) == workers


@pytest.mark.parametrize("text", ["", "-1", "1.5", "many", "257", "9" * 400, "AUTO"])
def test_bad_workers(text):
    with pytest.raises(UserError, match="--workers") as caught:
        parse_workers(text)
    assert "as in --workers 4" in caught.value.help


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("100k", 100_000), ("1M", 10**6), ("2.5M", 2_500_000), ("1_000", 1000), ("1e6", 10**6), (".5k", 500)],
)
def test_counts(text, value):
    assert parse_count(text, "--steps") == value


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "0.0001k", "many", "1m", "1e-6", "1e99", "1e", "", "9" * 400])
def test_bad_counts(text):
    with pytest.raises(UserError, match="--steps"):
        parse_count(text, "--steps")


def test_the_default_folder_is_the_first_that_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [str(make_folder(None, "sac", "dm_control/walker-walk", Path.cwd())) for _ in range(2)]
    assert names == [str(tmp_path / f"runs/sac-dm_control-walker-walk-{number}") for number in (1, 2)]


def test_two_runs_that_start_together_get_two_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda path, **_: False)  # the other run makes its folder after this look
    assert make_folder(None, "sac", "Hopper-v4", Path.cwd()) != make_folder(None, "sac", "Hopper-v4", Path.cwd())


@pytest.mark.parametrize(("out", "name"), [(Path("x" * 300), "sac"), (None, "a" * 300)])
def test_a_name_too_long_for_a_folder(tmp_path, monkeypatch, out, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="cannot be created"):
        make_folder(out, name, "Hopper-v4", Path.cwd())


def test_an_empty_folder_may_be_named(tmp_path):
    assert make_folder(tmp_path, "sac", "Hopper-v4", Path.cwd()) == tmp_path
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be created"):
        make_folder(tmp_path / "file" / "below", "sac", "Hopper-v4", Path.cwd())
