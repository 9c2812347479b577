import hashlib
import json
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from taxon.runtime.agent import named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint
from taxon.runtime.folder.run_folder import RunFolder


class State(NamedTuple):
    policy: Tensor
    moments: tuple[Tensor, Tensor]
    count: Tensor


def state(fill, width=3):
    policy = torch.full((2, width), fill)
    return State(policy, (policy * 2, policy * 3), torch.tensor([1, 2]))


def save(folder, steps=10, fill=1.5):
    saved = {"agent": dict(named_tensors(state(fill))), "loop": {"updates": {"update": 7}, "rate": float("inf")}}
    return checkpoint.save(RunFolder(folder), saved, row="abc", seeds=[4, 9], steps=steps, frozen={9: 3}, replay=[])


def load(folder, template):
    found = checkpoint.read(RunFolder(folder))
    saved = checkpoint.load(RunFolder(folder), found)
    return found, saved, checkpoint.agent_state(RunFolder(folder), saved["agent"], template)


def test_round_trip(tmp_path):
    save(tmp_path)
    found, saved, loaded = load(tmp_path, state(0.0))
    assert isinstance(loaded, State)
    assert isinstance(loaded.moments, tuple)
    for (name, tensor), (other, wanted) in zip(named_tensors(loaded), named_tensors(state(1.5)), strict=True):
        assert name == other
        assert torch.equal(tensor, wanted)
        assert tensor.dtype == wanted.dtype
    assert [name for name, _ in named_tensors(loaded)] == ["policy", "moments.0", "moments.1", "count"]
    assert (found.steps, found.seeds, found.frozen) == (10, [4, 9], {"9": 3})
    assert saved["loop"] == {"updates": {"update": 7}, "rate": float("inf")}


def test_a_new_checkpoint_replaces_the_old_one(tmp_path):
    save(tmp_path, 10, 1.5)
    new = save(tmp_path, 20, 2.5)
    assert new.file.startswith("checkpoint-20-")
    assert sorted(path.name for path in tmp_path.iterdir()) == [new.file, "checkpoint.json"]
    assert load(tmp_path, state(0.0))[2].policy[0, 0] == 2.5


def test_a_save_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch):
    save(tmp_path, 10, 1.5)
    write = RunFolder.write

    def breaks(folder, name, content):
        if name == checkpoint.INDEX:
            raise OSError("no space left")
        write(folder, name, content)

    monkeypatch.setattr(RunFolder, "write", breaks)
    with pytest.raises(OSError, match="no space"):
        save(tmp_path, 20, 2.5)
    assert load(tmp_path, state(0.0))[2].policy[0, 0] == 1.5


def edit(folder, **changes):
    """Change the index as somebody would who seals it again."""
    path = folder / checkpoint.INDEX
    body = json.loads(path.read_text())["body"] | changes
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, "body": body}))


def tensors(folder):
    return next(folder.glob("checkpoint-*.safetensors"))


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(folder):
    path = tensors(folder)
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / checkpoint.INDEX).unlink(), "there is no checkpoint"),
        (
            lambda folder: [(folder / checkpoint.INDEX).unlink(), (folder / checkpoint.INDEX).mkdir()],
            "is a folder, where",
        ),
        (lambda folder: (folder / checkpoint.INDEX).write_text("{"), "not the index of a checkpoint"),
        (lambda folder: (folder / checkpoint.INDEX).write_text("[1]"), "not the index of a checkpoint"),
        (lambda folder: (folder / checkpoint.INDEX).write_text("[" * 100_000), "not the index of a checkpoint"),
        (lambda folder: flip_a_byte(folder / checkpoint.INDEX), "digest|not the index"),
        (lambda folder: edit(folder, steps="many"), "steps"),
        (lambda folder: edit(folder, steps=-1), "steps"),
        (lambda folder: edit(folder, surprise=1), "surprise"),
        (lambda folder: edit(folder, file="../" + tensors(folder).name), "file: String should match"),
        (lambda folder: edit(folder, file="checkpoint-10-0123456789ab.safetensors"), "not there"),
        (lambda folder: edit(folder, state={}), "holds no agent"),
        (lambda folder: edit(folder, state={"kind": "call", "is": ["os.system"]}), "unknown kind 'call'"),
        (lambda folder: edit(folder, state={"kind": "tensor", "is": "nothing"}), "names an array nothing"),
        (lambda folder: tensors(folder).unlink(), "not there"),
        (link, "is a link, where a run has a file"),
        (lambda folder: flip_a_byte(tensors(folder)), "digest"),
        (lambda folder: tensors(folder).write_bytes(tensors(folder).read_bytes()[:-1]), "digest"),
    ],
)
def test_a_harmed_checkpoint_is_refused(tmp_path, harm, message):
    folder = tmp_path / "run"
    folder.mkdir()
    save(folder)
    (tmp_path / tensors(folder).name).write_bytes(tensors(folder).read_bytes())
    harm(folder)
    with pytest.raises(UserError, match=message) as caught:
        load(folder, state(0.0))
    assert caught.value.help


class Other(NamedTuple):
    policy: Tensor


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (state(0.0, width=4), "policy is float32 .2, 3. and the agent needs float32 .2, 4."),
        (state(0.0)._replace(count=torch.zeros(2)), "count is int64"),
        (Other(torch.zeros(2, 3)), "unexpected tensor count"),
        ((torch.zeros(2, 3),), "lacks tensor 0"),
    ],
)
def test_another_agents_checkpoint_is_refused(tmp_path, template, message):
    save(tmp_path)
    with pytest.raises(UserError, match=message):
        load(tmp_path, template)
