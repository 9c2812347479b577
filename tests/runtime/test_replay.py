"""The replay: what is drawn belongs together, and what is kept is kept once."""

import numpy as np
import pytest
import torch

from taxon.operators.data import Replay
from taxon.runtime.experience.minibatches import gather, passes
from taxon.runtime.experience.replay import ReplayBuffer

CPU = torch.device("cpu")
DATA = Replay(capacity=5, batch=4, warmup=3, random_warmup=False, steps_per_update=1, sequence=1, episodes=False)


def buffer(capacity, seeds=2, **changes):
    data = DATA._replace(capacity=capacity, **changes)
    return ReplayBuffer(data, seeds, 1000, 2, {"action": (1,)}, CPU)


def add(ring, place, ends):
    """A step of every environment at `place` [S, N], whose next observation is one more; ends: a word for each."""
    flags = {word: torch.from_numpy(ends == word).float().unsqueeze(-1) for word in ("terminated", "truncated")}
    known = torch.stack([place, -place, place / 2], -1)
    answer = torch.cat([torch.stack([place + 1, -place - 1, place], -1), *flags.values()], -1)
    ring.add(known, answer, ends != "")


def filled(steps, capacity, seeds=2, ends=(), **changes):
    """Rewards count the steps from 0, plus 100 for every seed and 1,000 for every environment.

    ends: {seed: {step: word}}; the next episode's observations are far from where the last one ended.
    """
    ring = buffer(capacity, seeds, **changes)
    ends = dict(ends)
    several = torch.arange(ring.environments) * 1000.0
    for t in range(steps):
        place = t + 100.0 * torch.arange(seeds).unsqueeze(1) + several
        words = np.array([[ends.get(seed, {}).get(t, "")] * ring.environments for seed in range(seeds)])
        add(ring, place, words)
    return ring


def sample(ring, batch, generators):
    samples = ring.samples(generators)
    return samples.split(samples.take(samples.next(batch)))


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
    ring = filled(steps, 5, sequence=3)
    reward = sample(ring, 200, generators(2))["reward"]
    assert reward.shape == (2, 200, 3)
    assert (reward[..., 1:] - reward[..., :-1] == 1).all()
    oldest = max(0, steps - 5)
    assert set(reward[0, :, 0].tolist()) == set(range(oldest, steps - 2))


def test_a_window_longer_than_the_data_is_refused(generators):
    with pytest.raises(ValueError, match="window of 3 steps from 2"):
        sample(filled(2, 5, sequence=3), 1, generators(2))


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


@pytest.mark.parametrize("bootstraps", [True, False])
def test_a_running_episode_has_a_return_where_a_critic_goes_on_with_it(bootstraps):
    """Of two environments the first ends an episode at step 2; the second ends none, and no environment of seed 1."""
    ring = buffer(12, 2, environments=2, bootstraps=bootstraps)
    for t in range(5):
        place = t + 100.0 * torch.arange(2).unsqueeze(1) + 1000.0 * torch.arange(2.0)
        add(ring, place, np.array([["terminated" if t == 2 else "", ""], ["", ""]]))
    valid = ring.episodes().valid.view(2, 2, 5)
    assert valid[0].tolist() == [[1, 1, 1, 0, 0], [1.0 if bootstraps else 0.0] * 5]
    assert valid[1].tolist() == [[1] * 5] * 2


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


def far(ring, place, word):
    """A step whose next observation is nobody's own: -place in both numbers."""
    over = np.array([[word]] * ring.seeds)
    known = torch.stack([place, -place, place / 2], -1)
    flags = [torch.full_like(place, float(word == kind)).unsqueeze(-1) for kind in ("terminated", "truncated")]
    answer = torch.cat([torch.stack([-place, -place, place], -1), *flags], -1)
    ring.add(known, answer, over != "")


@pytest.mark.parametrize("capacity", [3, 4, 7, 60])
def test_an_episodes_last_observation_is_kept_while_its_step_is(capacity, generators):
    """Episodes of three steps: what follows a step is the next one's observation, or the final one of its episode."""
    ring = buffer(capacity, seeds=1)
    for t in range(50):
        place = torch.full((1, 1), float(t))
        if t % 3 == 2:
            far(ring, place, "terminated" if t % 2 else "truncated")
        else:
            add(ring, place, np.array([[""]]))
        batch = sample(ring, 40, generators(1))
        steps = batch["reward"][0]
        over = steps % 3 == 2
        torch.testing.assert_close(batch["next_observation"][0, :, 0], torch.where(over, -steps, steps + 1))
        torch.testing.assert_close(batch["observation"][0, :, 0], steps)
        assert steps.min() >= t - capacity
    kept = sum(t % 3 == 2 for t in range(50 - min(50, capacity) - 1, 50))
    assert sum(len(places) for _, places in ring._finals.values()) in (kept, kept - 1)


def test_an_observation_is_stored_once():
    """Of 1,000 steps of one episode: 1,001 observations, and not 2,000."""
    ring = ReplayBuffer(DATA._replace(capacity=1000), 1, 1000, 376, {"action": (17,)}, CPU)
    assert ring.bytes == 1001 * (4 * (376 + 17 + 3) + 8)


def test_small_integers_are_kept_as_they_are(generators):
    ring = ReplayBuffer(DATA, 1, 1000, 2, {"action": (1,)}, CPU, torch.uint8)
    for t in range(4):
        known = torch.tensor([[[250.0 + t, t, 0.5]]])
        ring.add(known, torch.tensor([[[251.0 + t, t + 1, 1.0, 0.0, 0.0]]]), np.array([[False]]))
    assert ring._observations.dtype == torch.uint8
    batch = sample(ring, 8, generators(1))
    assert batch["observation"].dtype == torch.float32
    torch.testing.assert_close(batch["next_observation"], batch["observation"] + 1)


@pytest.mark.parametrize("sequence", [1, 3])
@pytest.mark.parametrize("steps", [3, 5, 8, 13])
def test_windows_of_several_environments_are_each_ones_own(steps, sequence, generators):
    """Four environments of a seed with room for 20 steps: five of each."""
    ring = filled(steps, 20, sequence=sequence, environments=4)
    assert ring.capacity == 5
    reward = sample(ring, 600, generators(2))["reward"].view(2, 600, -1)
    assert (reward[..., 1:] - reward[..., :-1] == 1).all()
    oldest = max(0, steps - 5)
    for seed in range(2):
        firsts = {100.0 * seed + 1000 * k + t for k in range(4) for t in range(oldest, steps - sequence + 1)}
        assert set(reward[seed, :, 0].tolist()) == firsts


def test_the_newest_step_is_known_of_every_environment():
    ring = filled(5, 20, environments=4)
    samples = ring.samples([torch.Generator().manual_seed(seed) for seed in range(2)])
    index = torch.arange(20).unsqueeze(0)
    newest = torch.tensor([bool(samples.newest(index[:, k : k + 1])) for k in range(20)])
    rewards = samples.split(ring.take(index.expand(2, -1)))["reward"][0]
    assert newest.tolist() == (rewards % 1000 == 4).tolist()
    assert newest.sum() == 4


def test_episodes_of_several_environments_stand_one_after_the_other():
    episodes = filled(4, 8, seeds=1, ends={0: {1: "terminated"}}, environments=2).episodes()
    assert episodes.reward[0].tolist() == [0, 1, 2, 3, 1000, 1001, 1002, 1003]
    assert episodes.ended[0].tolist() == [0, 1, 0, 1] * 2
    assert episodes.valid[0].tolist() == [1, 1, 0, 0] * 2


@pytest.mark.parametrize("environments", [1, 3])
def test_steps_that_are_laid_back_are_what_they_were(environments, generators):
    ends = {0: {3: "terminated", 7: "truncated", 8: "terminated"}, 1: {9: "truncated"}}
    ring = filled(11, 6 * environments, ends=ends, environments=environments)
    again = buffer(6 * environments, environments=environments)
    again.restore(ring.capture(), 11 * environments)
    for start, end in ((5, 7), (7, 11)):
        again.put(start, ring.between(start, end))
    for mine, other in zip(again.episodes()[:-1], ring.episodes()[:-1], strict=True):
        assert torch.equal(mine, other)
    for t in range(11, 20):
        for one in (ring, again):
            place = t + 100.0 * torch.arange(2).unsqueeze(1) + 1000.0 * torch.arange(environments)
            add(one, place, np.full((2, environments), ""))
        mine, other = (sample(one, 32, generators(2)) for one in (again, ring))
        assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_an_episode_that_is_cut_keeps_its_last_observation(generators):
    """After a checkpoint was written, too: the step is laid back as it was written, and cut again."""
    ring = filled(3, 6)
    written = ring.between(0, 3)
    ring.cut(1, 0)
    again = buffer(6)
    again.restore(ring.capture(), 3)
    again.put(0, written)
    for one in (ring, again):
        for t in (50, 51):  # the next episode begins elsewhere
            add(one, torch.tensor([[float(t)], [100.0 + t]]), np.full((2, 1), ""))
        batch = sample(one, 64, generators(2))
        last = batch["reward"][1] == 102
        assert last.any()
        assert (batch["next_observation"][1, last, 0] == 103).all()
        assert (batch["truncated"][1, last] == 1).all()
        assert batch["truncated"].sum() == last.sum()


@pytest.mark.parametrize(
    ("environments", "every", "expected"),
    [(1, 1, [0, 0, 1, 1, 1, 1]), (1, 2, [0, 0, 1, 0, 1, 0]), (2, 1, [0, 2, 2, 2, 2, 2]), (4, 8, [1, 0, 1, 0, 1, 0])],
)
def test_the_ratio_of_updates_to_steps_is_the_specs(environments, every, expected):
    """The first round once the third step is stored, the others every so many steps of the seed."""
    ring = buffer(100, environments=environments, steps_per_update=every)
    due = []
    for t in range(1, 7):
        add(ring, torch.zeros(2, environments), np.full((2, environments), ""))
        due.append(ring.due(t * environments))
    assert due == expected
    assert sum(due) == DATA._replace(steps_per_update=every).rounds(6 * environments)


def test_where_final_observations_find_no_room_more_is_made(generators):
    """As on a GPU, which has memory for a few at first; what was recorded over the old memory is forgotten then."""
    moves = []
    ring = ReplayBuffer(DATA, 2, 1000, 2, {"action": (1,)}, CPU, moved=lambda: moves.append(ring.added))
    for t in range(30):
        far(ring, torch.tensor([[float(t)], [100.0 + t]]), "terminated")
        if t == 0:
            ring._places.clear()
        batch = sample(ring, 32, generators(2))
        torch.testing.assert_close(batch["next_observation"][..., 0], -batch["reward"])
    assert moves == [1]
