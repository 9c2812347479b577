"""The hyperparameters of other libraries and what they are called here.

One table: `check` reads it where a path is unknown, `taxon run` where an option is, and docs/coming_from.md is
written from it. A name is followed by the libraries that use it, where one of LIBRARIES does; the others are those of
RLlib, Spinning Up, Dopamine and older code. A test holds every path that is named here against the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from taxon.diagnostics.suggest import same_word
from taxon.semantics.elsewhere.meanings import Hyperparameter, Meaning


def hyperparameter(name: str) -> Hyperparameter | None:
    """What a name is called here, however it is spelt."""
    return _HYPERPARAMETERS.get(same_word(name))


def every() -> Iterator[tuple[str, tuple[Hyperparameter, ...]]]:
    """The parts of the table by their titles, with the names of each."""
    for title, table in _TABLE.items():
        yield title, tuple(_read(table))


def _read(table: Mapping[str, Meaning | tuple[Meaning, ...]]) -> Iterator[Hyperparameter]:
    for names, meant in table.items():
        meanings = meant if isinstance(meant, tuple) else (meant,)
        for word in names.split():
            name, _, libraries = word.partition(":")
            yield Hyperparameter(name, meanings, tuple(libraries.split(",")) if libraries else ())


def _at(*paths: str, note: str = "") -> Meaning:
    """It stands at all of these paths, with the same values."""
    return Meaning(paths, note)


def _akin(*paths: str, note: str) -> Meaning:
    """It is said at these paths by another value."""
    return Meaning(paths, note, same=False)


def _run(option: str, note: str) -> Meaning:
    """An option of `taxon run` says it."""
    return Meaning(note=note, option=option)


def _no(note: str) -> Meaning:
    """Nothing says it, or several things do."""
    return Meaning(note=note)


_RATES = ("optimizer.policy.lr", "optimizer.value.lr")
_OWN_STEP = "the critic has a loss and an optimiser of its own, so no coefficient weighs the two"
_BONUS = (
    "PPO's bonus for entropy is a uniform prior in the place of the last policy: `pi_p = fixed`, "
    "`pi_p.update = fixed`, `G = A[pi_q]`, `eta = 0.01`"
)
_ANNEALED = "a schedule is a value of the rate: `optimizer.policy.lr = linear(3e-4, 0, over = 1M)`"
_WRAPPED = "rewards are the environment's own: a wrapper of the environment changes them"

_TABLE: Mapping[str, Mapping[str, Meaning | tuple[Meaning, ...]]] = {
    "Data": {
        "batch_size:sb3,cleanrl,tianshou,acme,d3rlpy minibatch_size:cleanrl sgd_minibatch_size train_batch_size": _at(
            "data.batch"
        ),
        "buffer_size:sb3,cleanrl,tianshou max_replay_size:acme replay_size replay_buffer_size memory_size "
        "buffer_capacity replay_capacity": _at("data.capacity"),
        "learning_starts:sb3,cleanrl start_timesteps:tianshou min_replay_size:acme update_start_step:d3rlpy "
        "start_steps update_after warmup_steps min_buffer_size init_steps initial_collect_steps initial_random_steps "
        "num_steps_sampled_before_learning_starts": _at("data.warmup"),
        "random_steps:d3rlpy initial_random exploration_steps": _akin(
            "data.warmup", "data.random_warmup", note="the steps of the warm-up are random where `random_warmup = true`"
        ),
        "train_freq:sb3 update_interval:d3rlpy update_every train_every training_frequency update_freq "
        "train_frequency": _at("data.steps_per_update"),
        "samples_per_insert:acme": _akin(
            "data.steps_per_update", note="it is the batch over the steps between two updates"
        ),
        "gradient_steps:sb3 update_per_step:tianshou num_sgd_steps_per_step:acme n_updates:d3rlpy updates_per_step utd "
        "utd_ratio update_to_data replay_ratio num_updates grad_updates_per_step gradient_updates": _at("data.updates"),
        "n_envs:sb3 num_envs:cleanrl training_num:tianshou num_training_envs:tianshou n_environments num_environments "
        "num_actors num_env_runners envs": _at("data.environments"),
        "n_steps:sb3,d3rlpy": (
            _at("data.steps"),
            _at("G.estimate.n"),
            _run("--steps", "d3rlpy's length of training is said by `taxon run SPEC --steps 1M`"),
        ),
        "num_steps:cleanrl unroll_length:acme rollout_length rollout_steps rollout_len rollout_fragment_length horizon "
        "segment_length trajectory_length steps_per_rollout": _at("data.steps"),
        "step_per_collect:tianshou collection_step_num_env_steps:tianshou steps_per_epoch timesteps_per_batch "
        "steps_per_batch": _akin("data.steps", note="it counts the steps of one environment of `data.environments`"),
        "n_epochs:sb3 update_epochs:cleanrl num_epochs:acme repeat_per_collect:tianshou "
        "update_step_num_repetitions:tianshou num_sgd_iter k_epochs epochs": _at(
            "data.policy_epochs", "data.value_epochs"
        ),
        "train_pi_iters policy_iters": _at("data.policy_epochs"),
        "train_v_iters value_iters vf_iters": _at("data.value_epochs"),
        "num_minibatches:cleanrl,acme n_minibatches": _akin(
            "data.batch", note="it is the size of a minibatch, not how many there are"
        ),
    },
    "Optimisers": {
        "learning_rate:sb3,cleanrl,acme lr:tianshou lr_init step_size": _at(
            *_RATES, note="that of the temperature and of other multipliers is `optimizer.dual.lr`"
        ),
        "actor_lr:tianshou policy_lr:cleanrl policy_learning_rate:acme actor_learning_rate:d3rlpy pi_lr lr_actor "
        "lr_policy": _at("optimizer.policy.lr"),
        "critic_lr:tianshou q_lr:cleanrl critic_learning_rate:acme,d3rlpy vf_lr qf_lr lr_critic value_lr "
        "value_learning_rate lr_value": _at("optimizer.value.lr"),
        "alpha_lr:tianshou dual_learning_rate:acme temp_learning_rate:d3rlpy temperature_lr temp_lr lr_alpha "
        "entropy_lr dual_lr alpha_learning_rate": _at("optimizer.dual.lr"),
        "anneal_lr:cleanrl lr_decay:tianshou lr_schedule linear_decay": _no(_ANNEALED),
        "vf_coef:sb3,cleanrl,tianshou value_cost:acme value_coef value_loss_coef vf_loss_coeff vf_loss_coef "
        "critic_coef": _no(_OWN_STEP),
        "max_grad_norm:sb3,cleanrl,tianshou max_gradient_norm:acme grad_norm_clip:acme grad_clip clip_grad_norm "
        "gradient_clip grad_clip_norm gradient_clipping": _at(
            "optimizer.clip", note="it bounds the gradient of each network apart"
        ),
        "policy_delay:sb3 policy_frequency:cleanrl update_actor_freq:tianshou delay:acme update_actor_interval:d3rlpy "
        "policy_freq policy_update_freq actor_update_freq policy_update_interval actor_update_interval": _at(
            "optimizer.policy_every"
        ),
        "adam_epsilon:acme adam_eps optimizer_eps": _at("optimizer.policy.eps", "optimizer.value.eps"),
        "adam_b1:acme": _at("optimizer.policy.beta1", "optimizer.value.beta1"),
        "adam_b2:acme": _at("optimizer.policy.beta2", "optimizer.value.beta2"),
        "weight_decay:acme l2 wd": _at("optimizer.policy.weight_decay", "optimizer.value.weight_decay"),
    },
    "Temperature": {
        "ent_coef:sb3,cleanrl,tianshou entropy_cost:acme": (
            _at("eta", note="an adapted one is `eta = entropy(target = -1)`"),
            _no(_BONUS),
        ),
        "alpha:cleanrl,tianshou entropy_coefficient:acme ent_coeff entropy_coef entropy_coeff entropy_weight "
        "entropy_bonus temperature temp": _at("eta", note="an adapted one is `eta = entropy(target = -1)`"),
        "initial_temperature:d3rlpy init_temperature init_alpha initial_alpha alpha_init": _at("eta.init"),
        "target_entropy:sb3,tianshou,acme entropy_target": _akin(
            "eta.target", note="it counts for each action dimension"
        ),
        "autotune:cleanrl auto_alpha:tianshou auto_entropy automatic_entropy_tuning autotune_alpha": _akin(
            "eta", note="write `eta = entropy(target = -1)`"
        ),
        "reward_scale:acme": _akin("eta", note="a reward scale of c is a temperature of 1/c"),
    },
    "Lagged copies": {
        "tau:sb3,cleanrl,tianshou,acme,d3rlpy target_update_rate:acme target_tau soft_update_tau "
        "soft_tau tau_soft": _at("target.tau"),
        "polyak polyak_coef target_decay ema_decay": _akin("target.tau", note="Spinning Up's polyak is 1 - tau"),
        "target_update_interval:sb3,d3rlpy target_network_frequency:cleanrl target_update_freq:tianshou "
        "target_update_period:acme target_network_update_freq target_update_every hard_update_freq "
        "target_update_frequency": _at("target.every"),
    },
    "Targets of the critic": {
        "discount:acme discount_factor:tianshou discount_rate": _at("gamma"),
        "gae_lambda:sb3,cleanrl,tianshou,acme retrace_lambda:acme lam lmbda lambda td_lambda trace_decay": _at(
            "G.estimate.lambda"
        ),
        "n_step:acme,tianshou estimation_step:tianshou n_step_return_horizon:tianshou multi_step": _akin(
            "G.estimate.n", note="write `G.estimate = n_step(n)`"
        ),
        "target_policy_noise:sb3 policy_noise:cleanrl,tianshou target_sigma:acme target_smoothing_sigma:d3rlpy "
        "target_noise smooth_target_noise": _at("G.estimate.smoothing.std"),
        "target_noise_clip:sb3 noise_clip:cleanrl,tianshou,acme target_smoothing_clip:d3rlpy smooth_target_clip": _at(
            "G.estimate.smoothing.clip"
        ),
        "n_critics:sb3,d3rlpy num_critics twin_q double_q num_q": _akin(
            "G.estimate", note="two critics are `G.estimate = td(0) + clipped_double`"
        ),
    },
    "Policy updates": {
        "clip_range:sb3 clip_coef:cleanrl eps_clip:tianshou ppo_clipping_epsilon:acme clip_ratio clip_param clip_eps "
        "epsilon_clip clip_epsilon": _at("pi_q.update.clipped.ratio"),
        "target_kl:sb3,cleanrl": (
            _at("pi_q.update.kl"),
            _akin("pi_q.update.penalty.kl", note="the penalty adapts to it, and no epoch is left out"),
            _no("PPO's epochs are not ended early here"),
        ),
        "kl_target max_kl desired_kl kl_coeff kl_coef": (_at("pi_q.update.kl"), _at("pi_q.update.penalty.kl")),
        "epsilon:acme eps": (_at("pi_q.update.trust_region.kl"), _at("pi_q.update.clipped.ratio")),
        "epsilon_mean:acme kl_mean_constraint": _at("pi_p.update.trust_region.kl_mean"),
        "epsilon_stddev:acme epsilon_cov epsilon_sigma kl_var_constraint": _at("pi_p.update.trust_region.kl_cov"),
        "cg_max_steps:sb3 cg_iters cg_iterations": _at("pi_q.update.iterations"),
        "cg_damping:sb3 damping_coeff fisher_damping": _at("pi_q.update.damping"),
        "line_search_max_iter:sb3 backtrack_iters max_backtracks": _at("pi_q.update.tries"),
        "line_search_shrinking_factor:sb3 backtrack_coeff backtrack_ratio": _at("pi_q.update.shrink"),
        "normalize_advantage:sb3,acme norm_adv:cleanrl,tianshou advantage_normalization:tianshou "
        "standardize_advantages normalize_advantages": _at("pi_q.update.standardise"),
        "num_samples:acme n_action_samples num_action_samples action_samples mc_samples sample_action_num": _at(
            "pi_q.update.samples"
        ),
        "max_weight weight_clip adv_clip weight_max": _at("pi_q.update.clip"),
        "clip_range_vf:sb3 clip_vloss:cleanrl value_clip:tianshou clip_value:acme vf_clip_param clip_value_loss": _no(
            "the critic's loss is not clipped here"
        ),
    },
    "Policies and networks": {
        "action_noise:sb3 exploration_noise:cleanrl,tianshou sigma:acme act_noise expl_noise exploration_sigma "
        "noise_std": _at("exploration.std"),
        "use_sde:sb3": _akin("network.policy.std", note="write `network.policy.std = exploration(init = 1)`"),
        "policy_kwargs:sb3": _no(
            "its parts are paths: `net_arch` is `network.hidden`, `activation_fn` is `network.activation`, "
            "`log_std_init` is `network.policy.std.init`"
        ),
        "net_arch:sb3 hidden_sizes:tianshou hidden_units:d3rlpy hidden_size hidden_dim hidden_dims hidden_layers "
        "hidden_layer_sizes layers layer_sizes layer_size fcnet_hiddens hidden_nodes n_hidden num_hidden "
        "network_size": _at("network.hidden"),
        "activation_fn:sb3 activation:d3rlpy fcnet_activation act_fn nonlinearity activation_function": _at(
            "network.activation"
        ),
        "ortho_init:sb3 orthogonal_init weight_init initializer": _akin(
            "network.init",
            note="write `network.init = orthogonal(gain = 1.41421356)`, and its head's gain in `network.head`",
        ),
        "log_std_init:sb3": _akin("network.policy.std.init", note="it is the deviation, not its logarithm"),
        "init_std std_init": _at("network.policy.std.init"),
        "log_std_min min_log_std": _at("network.policy.std.low"),
        "log_std_max max_log_std": _at("network.policy.std.high"),
        "norm_obs:sb3 observation_scaler:d3rlpy input_normalization:acme normalize_observations normalize_obs obs_norm "
        "normalize_input normalize_observation": _akin("network.input", note="write `network.input = normalised`"),
        "clip_obs:sb3 obs_clip": _at("network.input.clip"),
        "norm_reward:sb3 rew_norm:tianshou reward_normalization:tianshou reward_scaler:d3rlpy reward_clip:acme "
        "normalize_reward normalize_rewards clip_rewards": _no(_WRAPPED),
        "policy_distribution action_distribution": _at("pi_theta"),
    },
    "What is no part of an algorithm": {
        "steps": (
            _at("data.steps"),
            _run("--steps", "how long to train is said by `taxon run SPEC --steps 1M`"),
        ),
        "total_timesteps:sb3,cleanrl total_steps max_timesteps num_timesteps total_env_steps max_steps timesteps": _run(
            "--steps", "how long to train is no part of an algorithm: `taxon run SPEC --steps 1M`"
        ),
        "step_per_epoch:tianshou epoch_num_steps:tianshou epoch:tianshou max_epoch:tianshou "
        "n_steps_per_epoch:d3rlpy": _run(
            "--steps", "an epoch is a matter of counting: `taxon run SPEC --steps 1M` says all steps"
        ),
        "seed:sb3,cleanrl,tianshou seeds random_seed n_seeds": _run(
            "--seeds", "seeds are no part of an algorithm: `taxon run SPEC --seeds 5` trains five, `--seeds 3,` seed 3"
        ),
        "env:sb3 env_id:cleanrl task:tianshou env_name environment": _run(
            "--env",
            "an environment is no part of an algorithm: `taxon run SPEC --env ID`, or a `when env = ...` block",
        ),
        "device:sb3,tianshou,d3rlpy cuda:cleanrl gpu use_gpu": _run(
            "--device", "a device is no part of an algorithm: `taxon run SPEC --device cuda`"
        ),
        "eval_freq:sb3 eval_interval eval_every evaluation_interval": _run(
            "--eval-every", "evaluations are no part of an algorithm: `taxon run SPEC --eval-every 20k`"
        ),
        "n_eval_episodes:sb3 episode_per_test:tianshou test_num:tianshou eval_episodes num_eval_episodes": _run(
            "--eval-episodes", "evaluations are no part of an algorithm: `taxon run SPEC --eval-episodes 10`"
        ),
        "num_workers n_workers workers n_jobs num_cpu": _run(
            "--workers", "processes are no part of an algorithm: `taxon run SPEC --workers 4`"
        ),
        "logdir:tianshou output_dir save_path": _run(
            "--out", "where a run is kept is no part of an algorithm: `taxon run SPEC --out DIR`"
        ),
        "save_freq:sb3 save_interval:d3rlpy checkpoint_freq": _run(
            "--save-every", "checkpoints are no part of an algorithm: `taxon run SPEC --save-every 100k`"
        ),
        "resume_path:tianshou": _run("--resume", "a run goes on by `taxon run --resume RUN`"),
        "tensorboard_log:sb3": _no("TensorBoard's files stand in every run's folder"),
        "verbose:sb3 log_interval:sb3": _no("how much is printed is no part of an algorithm"),
    },
}

_HYPERPARAMETERS: Mapping[str, Hyperparameter] = {same_word(found.name): found for _, part in every() for found in part}
