"""What a choice may say of itself: what rules and other choices read of it, never its name."""

# What a choice may say of itself. One that says nothing has none of it, and the compiler refuses what it cannot say.
PROPERTIES = {
    "scores_actions": "G reads a network Q(s, a)",
    "state_value": "G is an estimate less a network V(s)",
    "of_posterior": "G is the value of pi_q",
    "regularised": "G counts the divergence of pi_q from pi_p at every step that follows",
    "logarithm": "G is eta times a logarithm, which exp(G/eta) undoes",
    "untrained": "no network stands behind G",
    "looks_ahead": "the estimate reads more than one step, whatever its parameters",
    "by_lambda": "the estimate looks as far ahead as its lambda says",
    "bootstraps_each": "the estimate reads a value V(s') at every step that it looks over",
    "temperature": "the weights f(G) have a temperature",
    "solves": "the policy's parameters are found at once, not by following a gradient",
    "weighs": "pi_q is a set of weights on actions",
    "through_action": "the gradient of G runs through a drawn action",
    "by_density": "the gradient is that of the density at drawn actions, weighed by G",
    "compares": "an action's G is held against those of other actions at its state",
    "fits_target": "pi_q is fitted to pi_p exp(G/eta) / Z",
    "of_prior": "the actions are drawn from pi_p",
    "closed": "a divergence is found in closed form at every state",
    "by_samples": "a divergence is that of samples, not of densities",
    "unsquashed": "the actions are those before tanh",
    "in_closed_form": "they are found in closed form, not by iterations",
    "squashed": "the policy's actions stand behind tanh",
    "learned": "the covariance has parameters",
    "log_deviation": "a deviation that no head computes is trained by its logarithm",
    "separate": "pi_p is a density beside the policy's: neither uniform nor an older policy",
    "own_network": "pi_p has a network of its own, which its update trains",
    "distils": "that network follows pi_q, by the divergence from it",
    "by_column": "the networks see the observation's own numbers, each for itself",
    "perturbed": "the deviations are those of the parameters of a linear mean",
    "replayed": "the data are those of all policies so far",
    "on_policy": "the data are what the present policy has just collected",
}

# What can be computed of a distribution. A rule refuses by the capability that is missing, and says which; the
# compiler's families have exactly those that their choices declare.
CAPABILITIES = {
    "sample": "actions are drawn from it",
    "log_prob": "the log-likelihood of an action",
    "finite": "the log-likelihood of every action, of which there are finitely many",
    "pathwise": "the gradient of an action by the parameters",
    "mean": "a mean in the units of the actions, which the network gives",
    "box": "actions that lie in [-1, 1] whatever the parameters",
    "entropy": "the entropy in closed form",
    "kl": "the divergence from another of its kind, in closed form",
    "parts": "a divergence that comes apart into a mean's and a covariance's",
    "held": "the likelihood of an action with the mean or the covariance as it was",
    "fit": "the parameters that maximise a weighted likelihood, found at once",
    "closed_form": "those parameters in closed form",
}
