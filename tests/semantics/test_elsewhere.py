"""The tables of other libraries' names: what they point to is there."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from typer.main import get_command

from taxon.cli.main import application
from taxon.diagnostics.suggest import same_word
from taxon.semantics import check_file, elsewhere
from taxon.semantics.defaults import expression_of
from taxon.semantics.elsewhere import hyperparameters, methods
from taxon.semantics.elsewhere.meanings import LIBRARIES, Hyperparameter
from taxon.semantics.fixing import fix
from taxon.semantics.loading import shipped_names
from taxon.semantics.typing_ import check
from taxon.semantics.vocabulary import Vocabulary
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.catalogue import places

VOCABULARY = Vocabulary(SCHEMA)
METHODS = {**methods._METHODS, **methods._ALGORITHMS}
HYPERPARAMETERS = [found for _, part in hyperparameters.every() for found in part]


@pytest.mark.parametrize("found", HYPERPARAMETERS, ids=lambda found: found.name)
def test_a_hyperparameter_leads_to_paths_and_is_none(found: Hyperparameter) -> None:
    for meaning in found.meanings:
        assert meaning.paths or meaning.note
        assert meaning.same or meaning.note, "a value that means something else needs a word"
    for path in found.paths:
        assert VOCABULARY.places(path), path
    assert found.name not in VOCABULARY.children("")
    assert set(found.libraries) <= LIBRARIES.keys()
    assert elsewhere.hyperparameter(found.name) == found


def test_the_options_are_those_of_run() -> None:
    run = get_command(application(["run"])).commands["run"]  # type: ignore[attr-defined]
    known = {name for parameter in run.params for name in parameter.opts}
    named = {meaning.option for found in HYPERPARAMETERS for meaning in found.meanings if meaning.option}
    assert named
    assert named <= known


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
    assert not {same_word(name) for name in shipped_names()} & set(methods._ALGORITHMS)


def test_no_name_stands_in_a_table_twice() -> None:
    names = Counter(same_word(found.name) for found in HYPERPARAMETERS)
    assert [name for name, times in names.items() if times > 1] == []
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(methods))) if isinstance(node, ast.Dict)]
    tables = [node for node in calls if len(node.keys) > 10]
    assert len(tables) == 2
    for table in tables:
        keys = [ast.literal_eval(key) for key in table.keys if key is not None]
        names = Counter(same_word(name) for key in keys for name in key.split())
        assert [name for name, times in names.items() if times > 1] == []


def found_in(tmp_path: Path, *lines: str, parent: str = "sac") -> tuple[str, str | None, bool]:
    """The one finding's help, its edit, and whether that is safe."""
    file = tmp_path / "mine.tx"
    file.write_text("\n".join(["taxon 1", f"algorithm mine extends std.{parent} {{", *lines, "}", ""]), "utf-8")
    (found,) = check_file(file)
    return found.help, None if found.edit is None else found.edit.replacement, bool(found.edit and found.edit.safe)


SAFE, UNSAFE = True, False


@pytest.mark.parametrize(
    ("parent", "line", "said", "edit", "safe"),
    [
        ("sac", "batch_size = 64", "`data.batch`", "data.batch", SAFE),
        ("sac", "batch_size = 0.5", "`data.batch`", None, UNSAFE),
        ("sac", "batch_size = relu", "`data.batch`", None, UNSAFE),
        ("sac", "BatchSize = 64", "`data.batch`", "data.batch", SAFE),
        ("sac", "data { batch_size = 64 }", "`data.batch`", "batch", SAFE),
        ("sac", "data.batch_size = 64", "`data.batch`", "batch", SAFE),
        ("sac", "optimizer { batch_size = 64 }", "`data.batch`", None, UNSAFE),
        ("sac", "data = replay(batch_size = 64)", "`batch`", "batch", UNSAFE),
        ("sac", "data = replay(buffer_size = 64)", "`capacity`", "capacity", UNSAFE),
        ("ppo_clip", "data = rollouts(n_steps = 64)", "`steps`", "steps", UNSAFE),
        ("ppo_clip", "data = rollouts(n_envs = 64)", "`environments`", "environments", UNSAFE),
        (
            "sac",
            "learning_rate = 1e-3",
            "`optimizer.policy.lr` and `optimizer.value.lr` (`learning_rate` in Stable-Baselines3, CleanRL, Acme)",
            "optimizer { policy.lr = 1e-3, value.lr = 1e-3 }",
            UNSAFE,
        ),
        ("sac", "optimizer.policy = adam(learning_rate = 1e-3)", "`lr`", "lr", UNSAFE),
        ("sac", "optimizer.policy.learning_rate = 1e-3", "`optimizer.policy.lr`", "lr", SAFE),
        ("sac", "optimizer.value.learning_rate = 1e-3", "`optimizer.value.lr`", "lr", SAFE),
        ("sac", "policy_lr = 1e-3", "`optimizer.policy.lr`", "optimizer.policy.lr", SAFE),
        ("sac", "policy_lr = linear(1e-3, 0, over = 1M)", "`optimizer.policy.lr`", "optimizer.policy.lr", SAFE),
        ("sac", "ent_coef = 0.2", "`eta`", "eta", SAFE),
        ("sac", 'ent_coef = "auto"', "`eta = entropy(target = -1)`", None, UNSAFE),
        ("ppo_clip", "ent_coef = 0.01", "the clipped ratio stands in for the divergence", None, UNSAFE),
        ("ppo_clip", "ent_coef = 0.01", "`pi_p = fixed`", None, UNSAFE),
        ("sac", "alpha = 0.2", "`eta`", "eta", SAFE),
        ("sac", "temperature = 0.2", "`eta`", "eta", UNSAFE),
        ("sac", "target_entropy = -6", "counts for each action dimension", None, UNSAFE),
        ("sac", "tau = 0.01", "`target.tau`", "target.tau", SAFE),
        ("mpo", "tau = 0.01", "this row has no `target = polyak`", None, UNSAFE),
        ("mpo", "target_update_period = 200", "`target.every`", "target.every", SAFE),
        ("sac", "polyak = 0.995", "1 - tau", None, UNSAFE),
        ("sac", "network.policy.hidden_sizes = [64]", "`network.policy.hidden`", "hidden", SAFE),
        ("sac", "net_arch = [64, 64]", "`network.hidden`", "network.hidden", SAFE),
        ("sac", "net_arch = 64", "`network.hidden`", None, UNSAFE),
        ("ppo_clip", "n_steps = 10", "`data.steps`", "data.steps", SAFE),
        ("sac", "n_steps = 10", "this row has no `data = rollouts` or `G.estimate = n_step`", None, UNSAFE),
        ("vmpo", "n_steps = 10", "did you mean `data.steps` or `G.estimate.n`", None, UNSAFE),
        ("ppo_clip", "data.n_steps = 10", "`data.steps`", "steps", SAFE),
        ("ppo_clip", "data.n_envs = 10", "`data.environments`", "environments", SAFE),
        ("ppo_clip", "rollout_length = 10", "`data.steps`", "data.steps", UNSAFE),
        (
            "ppo_clip",
            "n_epochs = 4",
            "`data.policy_epochs` and `data.value_epochs`",
            "data { policy_epochs = 4, value_epochs = 4 }",
            UNSAFE,
        ),
        ("ppo_clip", "clip_range = 0.1", "`pi_q.update.clipped.ratio`", "pi_q.update.clipped.ratio", SAFE),
        ("ppo", "clip_range = 0.1", "this row has no `+ clipped` in `pi_q.update`", None, UNSAFE),
        ("ppo_clip", "target_kl = 0.01", "are not ended early", None, UNSAFE),
        ("ppo", "target_kl = 0.01", "`pi_q.update.penalty.kl`", None, UNSAFE),
        ("trpo", "target_kl = 0.01", "`pi_q.update.kl`", "pi_q.update.kl", SAFE),
        ("ppo_clip", "vf_coef = 0.5", "a loss and an optimiser of its own", None, UNSAFE),
        ("sac", "data.updates_per_step = 10", "`data.updates`", "updates", UNSAFE),
        ("sac", "updates_per_step = 10", "`data.updates`", "data.updates", UNSAFE),
        ("sac", "gradient_steps = 10", "`data.updates`", "data.updates", SAFE),
        ("sac", "learning_starts = 10k", "`data.warmup`", "data.warmup", SAFE),
        ("sac", "total_timesteps = 1M", "--steps", None, UNSAFE),
        ("sac", "seed = 3", "--seeds", None, UNSAFE),
        ("ppo", "lam = 0.9", "`G.estimate.lambda`", "G.estimate.lambda", UNSAFE),
        ("ppo", "gae_lambda = 0.9", "`G.estimate.lambda`", "G.estimate.lambda", SAFE),
        ("ppo", "policy_kwargs = 3", "`net_arch` is `network.hidden`", None, UNSAFE),
        ("sac", "optimizer.policy = adamw", "Loshchilov", None, UNSAFE),
        ("sac", "optimizer.policy = adamw(lr = 1e-3)", "Loshchilov", None, UNSAFE),
        ("sac", "optimizer.policy.lr = cosine(1e-3, 0)", "`linear(3e-4, 0, over = 1M)`", None, UNSAFE),
        ("sac", "G.estimate = td3", "`taxon show td3`", None, UNSAFE),
        ("sac", "pi_q.update = ppo", "`taxon show ppo`", None, UNSAFE),
        ("sac", "G.estimate = vtrace", "Espeholt", None, UNSAFE),
        ("sac", "eta = auto", "`entropy(target = -1)`", "entropy(target = -1)", UNSAFE),
        ("sac", "network.activation = gelu", "Hendrycks", None, UNSAFE),
        ("sac", "network.activation = rellu", "did you mean `relu`?", "relu", UNSAFE),
    ],
)
def test_a_name_from_elsewhere_says_where_it_stands_in_this_row(
    parent: str, line: str, said: str, edit: str | None, safe: bool, tmp_path: Path
) -> None:
    help, replacement, certain = found_in(tmp_path, line, parent=parent)
    assert said in help
    assert (replacement, certain) == (edit, safe)


@pytest.mark.parametrize(
    ("lines", "edit"),
    [
        # no second entry for a path, and no row where a factor is missing or another value is wrong
        (("batch_size = 64", "data.batch = 32"), None),
        (("when actions = discrete { n_steps = 10 }",), None),
    ],
)
def test_an_edit_is_left_out_where_it_would_be_wrong(lines: tuple[str, ...], edit: str | None, tmp_path: Path) -> None:
    assert found_in(tmp_path, *lines)[1:] == (edit, False)


def test_what_is_fixed_means_the_same(tmp_path: Path) -> None:
    """The edits that are safe, applied, make the row that the paths make."""
    file = tmp_path / "mine.tx"
    names = ("batch_size = 64", "tau = 0.01", "ent_coef = 0.2", "net_arch = [64, 64]", "buffer_size = 100k")
    paths = ("data.batch = 64", "target.tau = 0.01", "eta = 0.2", "network.hidden = [64, 64]", "data.capacity = 100k")
    taken_back = "unset optimizer.dual"
    file.write_text("\n".join(["taxon 1", "algorithm mine extends std.sac {", *names, taken_back, "}", ""]), "utf-8")
    (fixed,) = fix([str(file)], unsafe=False)
    assert fixed.after.split("\n")[2:-3] == list(paths)
    file.write_text(fixed.after, "utf-8")
    assert check_file(file) == []


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
