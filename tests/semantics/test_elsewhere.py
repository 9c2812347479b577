"""The tables of other libraries' names: what they point to is there."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from taxon.diagnostics.suggest import same_word
from taxon.semantics import check_file, elsewhere
from taxon.semantics.defaults import expression_of
from taxon.semantics.loading import shipped_names
from taxon.semantics.typing_ import check
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import places

VOCABULARY = Vocabulary(SCHEMA)
METHODS = {**elsewhere._METHODS, **elsewhere._ALGORITHMS}


@pytest.mark.parametrize("name", elsewhere._HYPERPARAMETERS)
def test_a_hyperparameter_leads_to_paths_and_is_none(name: str) -> None:
    found = elsewhere._HYPERPARAMETERS[name]
    assert found.paths or found.note
    for path in found.paths:
        assert VOCABULARY.places(path), path
    assert name not in VOCABULARY.children("")


@pytest.mark.parametrize("name", METHODS)
def test_what_to_write_instead_is_taken_there(name: str) -> None:
    found = METHODS[name]
    for pattern, text in found.instead.items():
        slots = [(path, slot) for path, slot in places() if slot.choices and fnmatchcase(path, pattern)]
        assert slots
        expression = expression_of(text)
        assert expression is not None
        for path in {path for path, _ in slots}:  # what stands there may depend on the choice above
            assert [] in [check(expression, slot, at)[1] for at, slot in slots if at == path]


def test_no_shipped_spec_and_no_choice_hides_behind_an_entry() -> None:
    """A name of a choice is an entry only where it stands for nothing at another path."""
    assert not {same_word(name) for name in shipped_names()} & set(elsewhere._ALGORITHMS)


def test_no_name_stands_in_a_table_twice() -> None:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(elsewhere))) if isinstance(node, ast.Dict)]
    tables = [node for node in calls if len(node.keys) > 10]
    assert len(tables) == 3
    for table in tables:
        keys = [ast.literal_eval(key) for key in table.keys if key is not None]
        names = Counter(same_word(name) for key in keys for name in key.split())
        assert [name for name, times in names.items() if times > 1] == []


def found_in(tmp_path: Path, *lines: str) -> tuple[str, str | None, bool]:
    """The one finding's help, its edit, and whether that is safe."""
    file = tmp_path / "mine.tx"
    file.write_text("\n".join(["taxon 1", "algorithm mine extends std.sac {", *lines, "}", ""]), "utf-8")
    (found,) = check_file(file)
    return found.help, None if found.edit is None else found.edit.replacement, bool(found.edit and found.edit.safe)


@pytest.mark.parametrize(
    ("line", "said", "edit"),
    [
        ("batch_size = 64", "`data.batch`", "data.batch"),
        ("data { batch_size = 64 }", "`data.batch`", "batch"),
        ("data.batch_size = 64", "`data.batch`", "batch"),
        ("data = replay(batch_size = 64)", "`batch`", "batch"),
        ("data = replay(buffer_size = 64)", "`capacity`", "capacity"),
        ("data = rollouts(n_steps = 64)", "`steps`", "steps"),
        ("data = rollouts(n_envs = 64)", "`environments`", "environments"),
        ("learning_rate = 1e-3", "`optimizer.policy.lr`, `optimizer.value.lr`", None),
        ("optimizer.policy = adam(learning_rate = 1e-3)", "`lr`", "lr"),
        ("optimizer.policy.learning_rate = 1e-3", "`optimizer.policy.lr`", "lr"),
        ("ent_coef = 0.2", "`eta`", "eta"),
        ("alpha = 0.2", "`eta`", "eta"),
        ("tau = 0.01", "`target.tau`", "target.tau"),
        ("polyak = 0.995", "1 - tau", None),
        ("network.policy.hidden_sizes = [64]", "`network.policy.hidden`", "hidden"),
        ("optimizer.value.learning_rate = 1e-3", "`optimizer.value.lr`", "lr"),
        ("n_steps = 10", "`data.steps`", "data.steps"),
        ("data.n_steps = 10", "`data.steps`", "steps"),
        ("data.n_envs = 10", "`data.environments`", "environments"),
        ("data.rollout_length = 10", "`data.steps`", "steps"),
        ("rollout_length = 10", "`data.steps`", "data.steps"),
        ("data.updates_per_step = 10", "`data.updates`", "updates"),
        ("updates_per_step = 10", "`data.updates`", "data.updates"),
        ("gradient_steps = 10", "`data.updates`", "data.updates"),
        ("learning_starts = 10k", "`data.warmup`", "data.warmup"),
        ("net_arch = [64, 64]", "`network.hidden`", "network.hidden"),
        ("total_timesteps = 1M", "--steps", None),
        ("seed = 3", "--seeds", None),
        ("lam = 0.9", "`G.estimate.lambda`", "G.estimate.lambda"),
        ("optimizer.policy = adamw", "Loshchilov", None),
        ("optimizer.policy = adamw(lr = 1e-3)", "Loshchilov", None),
        ("optimizer.policy.lr = cosine(1e-3, 0)", "`linear(3e-4, 0, over = 1M)`", None),
        ("G.estimate = td3", "`taxon show td3`", None),
        ("pi_q.update = ppo", "`taxon show ppo`", None),
        ("G.estimate = vtrace", "Espeholt", None),
        ("eta = auto", "`entropy(target = -1)`", "entropy(target = -1)"),
        ("network.activation = gelu", "Hendrycks", None),
        ("network.activation = rellu", "did you mean `relu`?", "relu"),
    ],
)
def test_a_name_from_elsewhere_says_where_it_stands_and_is_never_safe(
    line: str, said: str, edit: str | None, tmp_path: Path
) -> None:
    help, replacement, safe = found_in(tmp_path, line)
    assert said in help
    assert replacement == edit
    assert not safe


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("network.activation = ReLU", "relu"),
        ("network.activation = ELU", "elu"),
        ("Network.activation = elu", "network"),
        ("optimiser.policy.lr = 1e-3", "optimizer"),
        ("G.estimate = td(0) + clippedDouble", "clipped_double"),
        ("pi_q.update = sg(standardize = true)", "standardise"),
        ("network.layernorm = true", "layer_norm"),
        ('network.activation = "elu"', "elu"),
        ("network.layer_norm = True", "true"),
    ],
)
def test_the_same_word_in_another_spelling_is_safe(line: str, edit: str, tmp_path: Path) -> None:
    assert found_in(tmp_path, line)[1:] == (edit, True)


@pytest.mark.parametrize("name", ["ppg", "td7", "iql", "ddqn"])
def test_another_algorithm_is_no_misspelt_one(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.tx"
    for text in (f"import std.{name}", *(f"algorithm mine extends {prefix}{name} {{}}" for prefix in ("std.", ""))):
        file.write_text(f"taxon 1\n{text}\n", "utf-8")
        (found,) = check_file(file)
        assert found.edit is None
        assert "which taxon does not have" in found.help


def test_no_method_of_another_name_is_written_over_safely() -> None:
    """Whatever choice stands where: only the same word in another spelling is replaced without asking."""
    slots = {tuple(choice.key for choice in slot.choices): (path, slot) for path, slot in places() if slot.choices}
    for name in METHODS:
        expression = expression_of(name)
        assert expression is not None
        for keys, (path, slot) in slots.items():
            for found in check(expression, slot, path)[1]:
                same = [key for key in keys if same_word(key) == name]
                assert found.edit is None or not found.edit.safe or found.edit.replacement in same
