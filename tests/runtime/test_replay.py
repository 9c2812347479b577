import pytest
import torch

from taxon.runtime.replay import Ring, gather, passes

CPU = torch.device("cpu")
SHAPES = {
    "observation": (2,),
    "action": (1,),
    "reward": (),
    "next_observation": (2,),
    "terminated": (),
    "truncated": (),
}


def filled(steps, capacity, seeds=2, ends=()):
    """Rewards count the steps from 0, plus 100 for every seed; `ends`: {seed: {step: flag}}."""
    ring = Ring(seeds, capacity, SHAPES, CPU)
    ends = dict(ends)
    for t in range(steps):
        place = torch.tensor([t + 100.0 * seed for seed in range(seeds)])
        flags = [ends.get(seed, {}).get(t, "") for seed in range(seeds)]
        row = {
            "observation": torch.stack([place, -place], 1).unsqueeze(1),
            "action": place.view(-1, 1, 1) / 2,
            "reward": place.unsqueeze(1),
            "next_observation": torch.stack([place + 1, -place - 1], 1).unsqueeze(1),
            "terminated": torch.tensor([[float(flag == "terminated")] for flag in flags]),
            "truncated": torch.tensor([[float(flag == "truncated")] for flag in flags]),
        }
        ring.add(ring.layout.join(row))
    return ring


def sample(ring, batch, generators, sequence=1):
    ring.prepare(sequence)
    return ring.layout.split(ring.take(ring.draw(batch, generators), sequence))


def test_a_sampled_row_belongs_together(generators):
    ring = filled(7, 5)
    batch = sample(ring, 64, generators(2))
    assert batch["observation"].shape == (2, 64, 2)
    assert batch["reward"].shape == (2, 64)
    # The five youngest steps of each seed, all of them, and no other seed's.
    for seed in range(2):
        assert set(batch["reward"][seed].tolist()) == {100.0 * seed + t for t in range(2, 7)}
    torch.testing.assert_close(batch["observation"][..., 0], batch["reward"])
    torch.testing.assert_close(batch["action"][..., 0], batch["reward"] / 2)
    torch.testing.assert_close(batch["next_observation"][..., 1], -batch["reward"] - 1)


@pytest.mark.parametrize("steps", [3, 5, 6, 7, 8, 9, 10, 13])
def test_windows_are_contiguous_and_never_cross_the_newest_step(steps, generators):
    ring = filled(steps, 5)
    reward = sample(ring, 200, generators(2), sequence=3)["reward"]
    assert reward.shape == (2, 200, 3)
    assert (reward[..., 1:] - reward[..., :-1] == 1).all()
    oldest = max(0, steps - 5)
    assert set(reward[0, :, 0].tolist()) == set(range(oldest, steps - 2))


def test_a_window_longer_than_the_data_is_refused(generators):
    with pytest.raises(ValueError, match="window of 3 steps from 2"):
        sample(filled(2, 5), 1, generators(2), sequence=3)


def test_a_seed_samples_the_same_alone_and_among_others(generators):
    both = sample(filled(9, 5), 16, generators(2))["reward"]
    alone = sample(filled(9, 5, seeds=1), 16, generators(1))["reward"]
    torch.testing.assert_close(both[:1], alone, rtol=0, atol=0)


def test_episodes_are_in_time_order_and_count_once_complete():
    ends = {0: {3: "terminated", 5: "truncated"}}
    episodes = filled(8, 6, ends=ends).episodes()
    assert episodes.reward[0].tolist() == [2, 3, 4, 5, 6, 7]
    assert episodes.terminated[0].tolist() == [0, 1, 0, 0, 0, 0]
    assert episodes.truncated[0].tolist() == [0, 0, 0, 1, 0, 0]
    assert episodes.ended[0].tolist() == [0, 1, 0, 1, 0, 1]
    assert episodes.valid[0].tolist() == [1, 1, 1, 1, 0, 0]
    assert episodes.begins[0].tolist() == [0, 0, 1, 0, 1, 0]
    assert filled(3, 6).episodes().begins[0].tolist() == [1, 0, 0]
    # Seed 1 has completed nothing: what there is counts, cut at the present step.
    assert episodes.ended[1].tolist() == [0, 0, 0, 0, 0, 1]
    assert episodes.valid[1].tolist() == [1] * 6
    assert episodes.log_prob is None


def test_passes_visit_every_valid_step_once_a_pass(generators):
    valid = torch.tensor([[1.0, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
    order = passes(valid, 12, generators(2))
    assert order.shape == (2, 12)
    for start in (0, 4, 8):
        assert sorted(order[0, start : start + 4].tolist()) == [0, 2, 3, 4]
    for start in (0, 6):
        assert sorted(order[1, start : start + 6].tolist()) == [0, 1, 2, 3, 4, 5]
    alone = passes(valid[:1], 12, generators(1))
    assert alone[0].tolist() == order[0].tolist()


def test_gather_picks_per_seed():
    column = torch.arange(12.0).view(2, 3, 2)
    index = torch.tensor([[2, 0], [1, 1]])
    assert gather(column, index).tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]
