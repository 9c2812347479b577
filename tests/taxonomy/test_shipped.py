"""The shipped specs are rows that mean something, and warn exactly where the paper reports trouble."""

from pathlib import Path

import pytest

from taxon.data import specs_dir
from taxon.diagnostics.source import Source
from taxon.semantics import check_file, load_spec
from taxon.syntax import parse, tree

# Variants that the paper itself ran, and what it found.
WARNINGS = {
    "iadp": {"TX501"},  # Acme's agent has one critic, and its prior sees everything unless told otherwise
    "svg0_prior": {"TX501", "TX515"},
    "awr_tanh": {"TX502"},
    "epg_retrace": {"TX503"},
    "mpo_net_awr": {"TX504", "TX505"},
    "mpo_net_sac": {"TX505"},
    "mpo_no_el": {"TX505"},
    "mpo_no_l": {"TX505"},
    "mpo_tanh": {"TX502"},
    "sac_net_awr": {"TX504"},
    "sac_notanh": {"TX503"},
    "sac_single": {"TX501"},
}

ENVIRONMENTS = (
    "Ant-v4",
    "Hopper-v5",
    "Humanoid-v4",
    "Swimmer-v5",
    "Walker2d-v4",
    "Pusher-v5",
    "dm_control/humanoid-run",
)

SPECS = sorted(specs_dir().glob("*.tx"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_findings(path: Path) -> None:
    found = check_file(path)
    assert {finding.code.id for finding in found} == WARNINGS.get(path.stem, set())
    assert len(found) == len(WARNINGS.get(path.stem, ()))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_file_declares_the_algorithm_it_is_named_after(path: Path) -> None:
    file, _ = parse(Source(path.name, path.read_text("utf-8")))
    names = [declaration.name.text for declaration in file.declarations if isinstance(declaration, tree.Algorithm)]
    assert names == ([] if path.stem == "architectures" else [path.stem])


@pytest.mark.parametrize(
    "name", ["awac", "awr", "awr_tanh", "ddpg", "mpo", "mpo_tanh", "ppo", "sac", "td3", "trpo", "vmpo"]
)
@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_condition_leads_to_a_row(name: str, env: str) -> None:
    resolution = load_spec(name, env=env)
    assert resolution.row is not None
    assert {finding.code.id for finding in resolution.diagnostics} == WARNINGS.get(name, set())


def test_the_list_of_warnings_names_specs() -> None:
    assert set(WARNINGS) <= {path.stem for path in SPECS}
