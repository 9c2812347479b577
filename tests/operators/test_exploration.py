import torch

from taxon.operators.exploration import ornstein_uhlenbeck, perturbed, smoothed
from taxon.operators.returns import td_target


def test_noise_with_memory_has_its_stationary_variance_and_correlation():
    # One unit of noise decays by 1 - theta a step: the squares add up to the variance in the closed form.
    theta, sigma = 0.15, 0.2
    noise = torch.zeros(400, dtype=torch.float64)
    noise[0] = 1
    process, response = torch.zeros((), dtype=torch.float64), []
    for shock in noise:
        process = ornstein_uhlenbeck(process, shock, theta, sigma)
        response.append(process)
    response = torch.stack(response)
    variance = torch.tensor(sigma**2 / (theta * (2 - theta)), dtype=torch.float64)
    torch.testing.assert_close(response.square().sum(), variance, atol=1e-12, rtol=0)
    torch.testing.assert_close((response[1:] * response[:-1]).sum(), (1 - theta) * variance, atol=1e-12, rtol=0)


def test_noise_with_memory_on_many_chains():
    g = torch.Generator().manual_seed(0)
    process = torch.zeros(100_000)
    for _ in range(60):
        process = ornstein_uhlenbeck(process, torch.randn(100_000, generator=g), 0.15, 0.2)
    assert abs(process.var() / (0.04 / (0.15 * 1.85)) - 1) < 0.025
    assert abs(process.mean()) < 0.006


def test_perturbed_actions_stay_in_the_box():
    action, noise = torch.tensor([0.5, 0.9, -0.95, 0.0]), torch.tensor([1.0, 3.0, -2.0, -40.0])
    torch.testing.assert_close(perturbed(action, noise, 0.1), torch.tensor([0.6, 1.0, -1.0, -1.0]))


def test_smoothing_noise_is_clipped_before_the_action():
    action, noise = torch.tensor([0.0, 0.0, 0.0, 0.8, -0.4]), torch.tensor([1.0, 4.0, -9.0, 4.0, -9.0])
    torch.testing.assert_close(smoothed(action, noise, 0.2, 0.5), torch.tensor([0.2, 0.5, -0.5, 1.0, -0.9]))


def test_target_golden():
    # r = 1, the smaller of two critics 2.5: 1 + .99 * 2.5.
    next_value = torch.tensor([[3.0], [2.5]], dtype=torch.float64).amin(0)
    one = torch.ones(1, dtype=torch.float64)
    torch.testing.assert_close(td_target(one, next_value, 0 * one, 0.99), 3.475 * one, atol=1e-12, rtol=0)


def test_smoothing_lowers_a_quadratic_target_by_its_variance():
    # For Q(a) = -c (a - a*)^2 far from every clip, E Q(a + std noise) = Q(a) - c std^2.
    noise = torch.special.ndtri((torch.arange(200_001, dtype=torch.float64) + 0.5) / 200_001)
    action = smoothed(torch.zeros((), dtype=torch.float64), noise, 0.05, 0.5)
    expected = torch.tensor(-2.0 * 0.3**2 - 2.0 * 0.05**2, dtype=torch.float64)
    torch.testing.assert_close((-2.0 * (action - 0.3).square()).mean(), expected, atol=1e-6, rtol=0)
