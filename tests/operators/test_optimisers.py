import pytest
import torch

from taxon.operators.optimisers import (
    Lagged,
    Trained,
    adam,
    clip_norm,
    copy_every,
    lagged,
    linear_schedule,
    polyak,
    row_norm,
    sgd,
    trained,
)


def rows(seed, *shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("weight_decay", [0.0, 1e-2])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_adam_equals_torch(weight_decay, dtype, tolerance):
    start = rows(0, 2, 3, 7, dtype=dtype)
    ours, updates = trained(start), torch.zeros(2, dtype=torch.int64)
    theirs = torch.nn.Parameter(start.clone())
    optimiser = torch.optim.Adam([theirs], lr=3e-2, betas=(0.8, 0.99), eps=1e-5, weight_decay=weight_decay)
    for k in range(20):
        gradient = rows(k + 1, 2, 3, 7, dtype=dtype)
        updates = updates + 1
        ours = adam(ours, gradient, 3e-2, updates, beta1=0.8, beta2=0.99, eps=1e-5, weight_decay=weight_decay)
        theirs.grad = gradient
        optimiser.step()
        torch.testing.assert_close(ours.params, theirs.detach(), atol=tolerance, rtol=tolerance)


def test_adam_counts_and_rates_belong_to_the_seed():
    start, gradient = rows(0, 2, 5), rows(1, 2, 5)
    moments = (rows(2, 2, 5), rows(3, 2, 5).square())
    lr, updates = torch.tensor([1e-2, 1e-3], dtype=torch.float64), torch.tensor([1, 50])
    both = adam(Trained(start, moments), gradient, lr, updates)
    alone = adam(Trained(start[1:], (moments[0][1:], moments[1][1:])), gradient[1:], 1e-3, updates[1:])
    assert torch.equal(both.params[1:], alone.params)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moments_without_gradient_become_zero_instead_of_ever_smaller(dtype):
    tiny = torch.finfo(dtype).tiny
    start = rows(0, 1, 4, dtype=dtype)
    gradient = torch.tensor([[0.0, 0.0, 0.0, float("nan")]], dtype=dtype)
    moments = tuple(torch.tensor([[1.05 * tiny, 1.2 * tiny, 1e-3, 0.0]], dtype=dtype) for _ in range(2))
    moved, (first, second) = adam(Trained(start, moments), gradient, 1e-2, torch.ones(1), beta1=0.9, beta2=0.9)
    for moment in (first, second):
        assert moment[0, 0] == 0
        assert moment[0, 1].item() == pytest.approx(1.2 * 0.9 * tiny, rel=1e-5)
    assert first[0, 2] == pytest.approx(9e-4)
    assert first[0, 3].isnan()
    assert second[0, 3].isnan()  # else nobody would notice
    assert torch.equal(moved[0, 0], start[0, 0])


def test_the_first_adam_step_has_the_length_of_the_rate():
    gradient = torch.tensor([[1e-3, -5.0]], dtype=torch.float64)
    new, _ = adam(trained(0 * gradient), gradient, 0.1, torch.ones(1), eps=0.0)
    torch.testing.assert_close(new, torch.tensor([[-0.1, 0.1]], dtype=torch.float64), atol=1e-15, rtol=0)
    new, _ = adam(trained(0 * gradient), gradient, 0.1, torch.ones(1), beta1=0.0, eps=0.0)
    torch.testing.assert_close(new, torch.tensor([[-0.1, 0.1]], dtype=torch.float64), atol=1e-15, rtol=0)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_equals_torch(momentum):
    start = rows(0, 2, 7)
    ours = trained(start, moments=1)
    theirs = torch.nn.Parameter(start.clone())
    optimiser = torch.optim.SGD([theirs], lr=1e-1, momentum=momentum)
    for k in range(10):
        gradient = rows(k + 1, 2, 7)
        ours = sgd(ours, gradient, 1e-1, momentum)
        theirs.grad = gradient
        optimiser.step()
    torch.testing.assert_close(ours.params, theirs.detach(), atol=1e-14, rtol=0)


def test_clip_norm_equals_torch_per_row():
    gradient = rows(0, 2, 3, 9) * torch.tensor([0.01, 1.0, 100.0], dtype=torch.float64).view(1, 3, 1)
    clipped = clip_norm(gradient, 1.0)
    for s in range(2):
        for e in range(3):
            parameter = torch.nn.Parameter(torch.zeros(9, dtype=torch.float64))
            parameter.grad = gradient[s, e].clone()
            torch.nn.utils.clip_grad_norm_([parameter], 1.0)
            torch.testing.assert_close(clipped[s, e], parameter.grad, atol=1e-12, rtol=0)
    assert torch.equal(clipped[:, 0], gradient[:, 0])


def test_row_norm_of_everything_a_seed_owns():
    gradient = rows(0, 2, 3, 5000)
    torch.testing.assert_close(row_norm(gradient), gradient.flatten(1).norm(dim=1), atol=1e-10, rtol=0)


def test_target_updates():
    target, online = torch.zeros(2, 3, 4), torch.ones(2, 3, 4)
    network = Lagged(online, (), target)
    followed = polyak(network, 0.005)
    torch.testing.assert_close(followed.target, torch.full((2, 3, 4), 0.005))
    copied = copy_every(network, torch.tensor([100, 101]), 100)
    assert torch.equal(copied.target[0], online[0])
    assert torch.equal(copied.target[1], target[1])
    assert followed.params is copied.params is online


@pytest.mark.parametrize("moments", [0, 1, 2])
def test_a_network_begins_with_moments_of_zero_and_a_copy_of_its_own(moments):
    start = rows(0, 2, 7)
    late = lagged(start, moments)
    assert len(late.moments) == len(trained(start, moments).moments) == moments
    assert all(torch.equal(moment, torch.zeros_like(start)) for moment in late.moments)
    assert torch.equal(late.target, start)
    assert late.target.data_ptr() != start.data_ptr()


def test_a_step_leaves_the_lagged_copy_as_it_is():
    start, gradient = rows(0, 2, 7), rows(1, 2, 7)
    for network, stepped in (
        (lagged(start), adam(lagged(start), gradient, 0.1, torch.ones(2))),
        (lagged(start, 1), sgd(lagged(start, 1), gradient, 0.1)),
    ):
        assert torch.equal(stepped.target, network.target)
        assert not torch.equal(stepped.params, network.params)


def test_linear_schedule_reaches_its_end_and_stays():
    step = torch.tensor([0, 250, 1000, 5000])
    torch.testing.assert_close(linear_schedule(step, 3e-4, 1e-4, 1000), torch.tensor([3e-4, 2.5e-4, 1e-4, 1e-4]))
