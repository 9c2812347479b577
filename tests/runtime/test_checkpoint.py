import json
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from taxon.runtime import checkpoint
from taxon.runtime.errors import UserError


class State(NamedTuple):
    policy: Tensor
    moments: tuple[Tensor, Tensor]
    count: Tensor


def state(fill, width=3):
    policy = torch.full((2, width), fill)
    return State(policy, (policy * 2, policy * 3), torch.tensor([1, 2]))


def save(folder, steps=10, fill=1.5):
    return checkpoint.save(
        folder, state(fill), row="abc", seeds=[4, 9], steps=steps, updates={"update": 7}, frozen={9: 3}
    )


def test_round_trip(tmp_path):
    save(tmp_path)
    description, loaded = checkpoint.load(tmp_path, state(0.0))
    assert isinstance(loaded, State)
    assert isinstance(loaded.moments, tuple)
    for (name, found), (other, wanted) in zip(
        checkpoint.named_tensors(loaded), checkpoint.named_tensors(state(1.5)), strict=True
    ):
        assert name == other
        assert torch.equal(found, wanted)
        assert found.dtype == wanted.dtype
    assert [name for name, _ in checkpoint.named_tensors(loaded)] == ["policy", "moments.0", "moments.1", "count"]
    assert (description.steps, description.seeds, description.frozen) == (10, [4, 9], {"9": 3})


def test_a_new_checkpoint_replaces_the_old_one(tmp_path):
    save(tmp_path, 10, 1.5)
    save(tmp_path, 20, 2.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-20.safetensors", "checkpoint.json"]
    assert checkpoint.load(tmp_path, state(0.0))[1].policy[0, 0] == 2.5


def test_a_save_that_breaks_off_leaves_the_old_one(tmp_path, monkeypatch):
    save(tmp_path, 10, 1.5)
    write = checkpoint.write_atomically

    def breaks(path, content):
        if path.name == checkpoint.INDEX:
            raise OSError("no space left")
        write(path, content)

    monkeypatch.setattr(checkpoint, "write_atomically", breaks)
    with pytest.raises(OSError, match="no space"):
        save(tmp_path, 20, 2.5)
    assert checkpoint.load(tmp_path, state(0.0))[1].policy[0, 0] == 1.5


def edit(folder, **changes):
    path = folder / checkpoint.INDEX
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def flip_a_byte(folder):
    path = folder / "checkpoint-10.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / checkpoint.INDEX).unlink(), "there is no checkpoint"),
        (lambda folder: [(folder / checkpoint.INDEX).unlink(), (folder / checkpoint.INDEX).mkdir()], "cannot be read"),
        (lambda folder: (folder / checkpoint.INDEX).write_text("{"), "not a checkpoint's description"),
        (lambda folder: edit(folder, steps="many"), "steps"),
        (lambda folder: edit(folder, surprise=1), "surprise"),
        (lambda folder: edit(folder, file="../checkpoint-10.safetensors"), "not there"),
        (lambda folder: (folder / "checkpoint-10.safetensors").unlink(), "not there"),
        (flip_a_byte, "digest"),
    ],
)
def test_a_harmed_checkpoint_is_refused(tmp_path, harm, message):
    folder = tmp_path / "run"
    folder.mkdir()
    save(folder)
    (tmp_path / "checkpoint-10.safetensors").write_bytes((folder / "checkpoint-10.safetensors").read_bytes())
    harm(folder)
    with pytest.raises(UserError, match=message) as caught:
        checkpoint.load(folder, state(0.0))
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
        checkpoint.load(tmp_path, template)
