"""What is called otherwise elsewhere: methods that are no misspelling of a choice of taxon, and hyperparameters under
the names of other libraries (SB3, CleanRL, RLlib, Spinning Up, Acme, Dopamine).

Tables of data. A test holds every path and every text that is named here against the schema.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from taxon.data import specs_dir
from taxon.diagnostics.model import Edit
from taxon.diagnostics.source import Span
from taxon.diagnostics.suggest import same_word
from taxon.semantics.values import quoted


@dataclass(frozen=True)
class Method:
    """A method that someone may mean by its name."""

    what: str
    instead: Mapping[str, str]  # by paths, in which * stands for anything: what says it there, where taxon has it
    otherwise: str = ", which taxon does not have"

    def at(self, path: str) -> str | None:
        """What to write at a path."""
        return next((text for pattern, text in self.instead.items() if fnmatchcase(path, pattern)), None)

    def help(self, path: str, written: str) -> str:
        """What a name is that stands at a path, and what to write there; without that, that there is none."""
        text = self.at(path)
        return f"`{written}` is {self.what}" + (f": write `{text}`" if text is not None else self.otherwise)


@dataclass(frozen=True)
class Hyperparameter:
    """What other libraries call by a name that is no path."""

    paths: tuple[str, ...]  # where it stands here; none where an option of `taxon run` says it, or nothing does
    note: str = ""
    same: bool = True  # whether a value means the same here

    def help(self, written: str) -> str:
        """Where a name stands here."""
        place = f"`{written}` is {quoted(self.paths)} here" if self.paths else ""
        return "; ".join(part for part in (place, self.note) if part)

    def among(self, names: Collection[str]) -> str | None:
        """The one of these names by which it is called here: of a group's paths, or of a choice's parameters."""
        known = {last for path in self.paths if (last := path.rpartition(".")[2]) in names}
        return known.pop() if len(known) == 1 else None

    def edit(self, span: Span, prefix: str, names: Collection[str]) -> Edit | None:
        """The edit that calls it what it is called after a prefix that these names may follow, where that is clear."""
        name = self.among(names)
        if name is None and len(self.paths) == 1 and self.paths[0].startswith(prefix):
            name = self.paths[0].removeprefix(prefix)
        return Edit(span, name) if name is not None and self.same else None


_LONGEST = 40  # of a spec's name


def method(name: str) -> Method | None:
    """The method of a name that stands for a choice, however it is spelt."""
    return _METHODS.get(same_word(name)) or algorithm(name) or _shipped(name)


def algorithm(name: str) -> Method | None:
    """The algorithm of a name that stands for a declaration or a spec, however it is spelt."""
    return _ALGORITHMS.get(same_word(name))


def about(name: str) -> str:
    """What a name from elsewhere is here, or is at all; empty for a name that is in no table."""
    parameter, other = hyperparameter(name), method(name)
    return parameter.help(name) if parameter is not None else other.help("", name) if other is not None else ""


def _shipped(name: str) -> Method | None:
    """A spec that ships, named where a choice is meant."""
    known = name.casefold()
    if not known.isidentifier() or len(known) > _LONGEST or not (specs_dir() / f"{known}.tx").is_file():
        return None
    return Method(f"a whole spec, `std.{known}`", {}, f": `taxon show {known}` prints what it chooses")


def hyperparameter(name: str) -> Hyperparameter | None:
    """What a name is called here, however it is spelt."""
    return _HYPERPARAMETERS.get(same_word(name))


def _methods(table: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Method]:
    return {same_word(name): Method(*entry) for names, entry in table.items() for name in names.split()}


def _hyperparameters(table: Mapping[str, tuple[str, ...] | Hyperparameter]) -> dict[str, Hyperparameter]:
    return {
        same_word(name): entry if isinstance(entry, Hyperparameter) else Hyperparameter(entry)
        for names, entry in table.items()
        for name in names.split()
    }


def _weights(text: str) -> dict[str, str]:
    """What says it for the weights of every network."""
    return {"network*.init": text, "network*.head": text}


_NONE: Mapping[str, str] = {}
_LAMBDA = {"G.estimate": "td(0.95)"}
_LINEAR = {"*.lr": "linear(3e-4, 0, over = 1M)"}

# Names that share an entry stand in one key. What `instead` says means the same, or is what the name is an example of.
_METHODS = _methods(
    {
        # optimisers
        "adamw": ("Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019)", _NONE),
        "adamax": ("Adam with a maximum for its second moment (Kingma and Ba 2015)", _NONE),
        "nadam": ("Adam with Nesterov's momentum (Dozat 2016)", _NONE),
        "radam": ("Adam with a rectified variance (Liu et al. 2020)", _NONE),
        "adagrad": ("AdaGrad (Duchi et al. 2011)", _NONE),
        "adadelta": ("AdaDelta (Zeiler 2012)", _NONE),
        "adafactor": ("Adafactor (Shazeer and Stern 2018)", _NONE),
        "adabelief": ("AdaBelief (Zhuang et al. 2020)", _NONE),
        "amsgrad": ("AMSGrad (Reddi et al. 2018)", _NONE),
        "rmsprop": ("RMSProp (Tieleman and Hinton 2012)", _NONE),
        "lion": ("Lion (Chen et al. 2023)", _NONE),
        "lamb": ("LAMB (You et al. 2020)", _NONE),
        "lars": ("LARS (You et al. 2017)", _NONE),
        "muon": ("Muon (Jordan et al. 2024)", _NONE),
        "shampoo": ("Shampoo (Gupta et al. 2018)", _NONE),
        "soap": ("SOAP (Vyas et al. 2024)", _NONE),
        "lbfgs": ("a quasi-Newton method", _NONE),
        "kfac": ("K-FAC (Martens and Grosse 2015)", _NONE),
        "asgd": ("averaged SGD", _NONE),
        "sgdw": ("SGD with weight decay apart from the gradient (Loshchilov and Hutter 2019)", _NONE),
        "nesterov": ("SGD with Nesterov's momentum", _NONE),
        # estimates of G
        "vtrace": ("V-trace, a correction of V (Espeholt et al. 2018); `retrace` corrects Q", _NONE),
        "tree_backup tb": ("tree backup (Precup et al. 2000)", _NONE),
        "q_lambda watkins": ("Q(lambda) (Watkins 1989)", _NONE),
        "peng_q peng": ("Peng's Q(lambda) (Peng and Williams 1994)", _NONE),
        "td_lambda lambda_return": ("TD(lambda)", _LAMBDA),
        "td0 sarsa expected_sarsa bellman one_step": ("the one-step target", {"G.estimate": "td(0)"}),
        "td1 mc monte_carlo return returns reward_to_go": (
            "the sum of the rewards to the end",
            {"G.estimate": "td(1)"},
        ),
        "upgo": ("UPGO (Vinyals et al. 2019)", _NONE),
        "double_q ddq double": ("one network that chooses and one that values (van Hasselt et al. 2016)", _NONE),
        "twin_q twin": ("the smaller of two critics", {"G.estimate": "td(0) + clipped_double"}),
        "c51 qr_dqn iqn quantile distributional categorical_td": ("a distributional critic", _NONE),
        # posteriors
        "reinforce pg policy_gradient vpg": ("the likelihood-ratio gradient", {"pi_q.update": "sg"}),
        "npg natural": ("the natural gradient", {"pi_q.update": "natural_gradient"}),
        "clip": ("the clipped likelihood ratio", {"pi_q.update": "sg + clipped"}),
        "kl kl_penalty adaptive_kl": ("the adaptive penalty on the divergence", {"pi_q.update": "sg + penalty"}),
        "softmax_weights exp_weights": ("the E-step's weights", {"pi_q.update": "analytic"}),
        # temperature
        "auto automatic autotune adaptive learned": (
            "the temperature that holds the policy's entropy at a target",
            {"eta": "entropy(target = -1)"},
        ),
        # activations
        "gelu": ("GELU (Hendrycks and Gimpel 2016)", _NONE),
        "silu swish": ("SiLU (Elfwing et al. 2018)", _NONE),
        "selu": ("SELU (Klambauer et al. 2017)", _NONE),
        "celu": ("CELU (Barron 2017)", _NONE),
        "crelu": ("CReLU (Shang et al. 2016)", _NONE),
        "prelu": ("PReLU (He et al. 2015)", _NONE),
        "leaky_relu lrelu": ("leaky ReLU (Maas et al. 2013)", _NONE),
        "relu6": ("ReLU up to 6", _NONE),
        "relu2 squared_relu": ("the square of ReLU (So et al. 2021)", _NONE),
        "mish": ("Mish (Misra 2019)", _NONE),
        "sigmoid": ("the logistic function", _NONE),
        "hardtanh": ("the identity, cut at -1 and 1", _NONE),
        "softsign": ("x / (1 + |x|)", _NONE),
        "sin sine": ("the sine", _NONE),
        # normalisers, initialisers
        "batch_norm bn": ("batch normalisation (Ioffe and Szegedy 2015)", _NONE),
        "rms_norm": ("RMS normalisation (Zhang and Sennrich 2019)", _NONE),
        "spectral_norm": ("spectral normalisation (Miyato et al. 2018)", _NONE),
        "orthogonal ortho": ("orthogonal weights (Saxe et al. 2014)", _NONE),
        "xavier glorot glorot_uniform": (
            "Glorot and Bengio 2010",
            _weights("xavier_uniform"),
        ),
        "xavier_normal glorot_normal": (
            "Glorot and Bengio 2010, drawn from a Gaussian",
            _weights("variance_scaling(scale = 1, mode = fan_avg, distribution = normal)"),
        ),
        "kaiming_uniform he_uniform": (
            "He et al. 2015",
            _weights("variance_scaling(scale = 2, mode = fan_in, distribution = uniform)"),
        ),
        "kaiming_normal he_normal kaiming he": (
            "He et al. 2015",
            _weights("variance_scaling(scale = 2, mode = fan_in, distribution = normal)"),
        ),
        "lecun lecun_normal": (
            "LeCun et al. 1998",
            _weights("variance_scaling(scale = 1, mode = fan_in, distribution = normal)"),
        ),
        # policies
        "categorical discrete": ("a choice among finitely many actions", {"pi_theta": "softmax(logits(s))"}),
        "gaussian diag_gaussian mvn": (
            "a Gaussian",
            {"pi_theta": "normal(mean(s), cov(s))", "pi_theta.base": "normal(mean(s), cov(s))"},
        ),
        "tanh_normal tanh_gaussian squashed_gaussian squashed squashed_normal": (
            "a squashed Gaussian",
            {"pi_theta": "tanh(normal(mean(s), cov(s)))"},
        ),
        "deterministic dirac": ("a function of the state", {"pi_theta": "mean(s)"}),
        "beta_distribution": ("a Beta distribution", {"pi_theta": "beta(alpha(s), beta(s))"}),
        "gmm mixture_of_gaussians mdn": (
            "a mixture of Gaussians",
            {
                "pi_theta": "mixture(3, normal(mean(s), cov(s)))",
                "pi_theta.base": "mixture(3, normal(mean(s), cov(s)))",
            },
        ),
        "truncated_normal": ("a truncated Gaussian", _NONE),
        "flow normalizing_flow": ("a normalising flow", _NONE),
        "diffusion": ("a diffusion model", _NONE),
        # data
        "per prioritized prioritized_replay": ("prioritised replay (Schaul et al. 2016)", _NONE),
        "her hindsight": ("hindsight replay (Andrychowicz et al. 2017)", _NONE),
        "buffer replay_buffer off_policy memory": ("a replay", {"data": "replay"}),
        "rollout rollout_buffer on_policy trajectories": ("what the present policy collects", {"data": "rollouts"}),
        "offline dataset d4rl": ("a fixed data set", _NONE),
        # copies
        "hard periodic": ("a copy at intervals", {"target": "copy(every = 100)"}),
        "soft ema exponential_moving_average": ("a moving average", {"target": "polyak(tau = 0.005)"}),
        # exploration
        "normal_noise white gaussian_noise": ("independent noise", {"exploration": "gaussian"}),
        "ou ou_noise": ("Ornstein and Uhlenbeck's process", {"exploration": "ornstein_uhlenbeck"}),
        "pink colored coloured": ("coloured noise (Eberhard et al. 2023)", _NONE),
        "epsilon_greedy eps_greedy": ("uniform actions now and then", _NONE),
        "noisy noisy_net": ("noisy layers (Fortunato et al. 2018)", _NONE),
        "gsde sde": (
            "noise in parameter space that depends on the state (Raffin et al. 2022)",
            {"network.policy.std": "exploration(init = 1)"},
        ),
        # schedules
        "cosine cosine_annealing cosine_decay": ("a cosine schedule; the one schedule here is a line", _LINEAR),
        "exponential exponential_decay exp_decay": (
            "a schedule; the one schedule here is a line",
            _LINEAR,
        ),
        "step step_decay multistep piecewise": ("a schedule in steps; the one schedule here is a line", _LINEAR),
        "polynomial polynomial_decay inverse_sqrt": ("a schedule; the one schedule here is a line", _LINEAR),
        "warmup warmup_cosine one_cycle": ("a schedule with a warm-up; the one schedule here is a line", _LINEAR),
        "linear_schedule lin annealed anneal": ("a line", _LINEAR),
        "constant const": ("no schedule, a number", {"*.lr": "3e-4"}),
        # G
        "q": ("an action value", {"G": "Q[pi_p]"}),
        "advantage adv a": ("an advantage", {"G": "A[pi_p]"}),
        "soft_q": ("the action value with the entropy", {"G": "Q_soft[pi_q]"}),
        "v": ("a state value, which scores no action", _NONE),
    }
)

# Algorithms that do not ship under the name.
_ALGORITHMS = _methods(
    {
        "a2c": ("advantage actor-critic (Mnih et al. 2016)", _NONE),
        "a3c": ("asynchronous advantage actor-critic (Mnih et al. 2016)", _NONE),
        "acer": ("ACER (Wang et al. 2017)", _NONE),
        "acktr": ("ACKTR (Wu et al. 2017)", _NONE),
        "bc": ("behavioural cloning", _NONE),
        "bcq": ("BCQ (Fujimoto et al. 2019)", _NONE),
        "cql": ("CQL (Kumar et al. 2020)", _NONE),
        "crossq": ("CrossQ (Bhatt et al. 2024)", _NONE),
        "crr": ("critic-regularised regression (Wang et al. 2020)", _NONE),
        "d4pg": ("D4PG (Barth-Maron et al. 2018)", _NONE),
        "ddqn": ("double DQN (van Hasselt et al. 2016)", _NONE),
        "dqn": ("DQN (Mnih et al. 2015)", _NONE),
        "dreamer": ("Dreamer (Hafner et al. 2020)", _NONE),
        "droq": ("DroQ (Hiraoka et al. 2022)", _NONE),
        "drq": ("DrQ (Yarats et al. 2021)", _NONE),
        "grpo": ("GRPO (Shao et al. 2024)", _NONE),
        "impala": ("IMPALA (Espeholt et al. 2018)", _NONE),
        "iql": ("implicit Q-learning (Kostrikov et al. 2022)", _NONE),
        "mbpo": ("MBPO (Janner et al. 2019)", _NONE),
        "muzero": ("MuZero (Schrittwieser et al. 2020)", _NONE),
        "naf": ("NAF (Gu et al. 2016)", _NONE),
        "pcl": ("path consistency learning (Nachum et al. 2017)", _NONE),
        "ppg": ("phasic policy gradient (Cobbe et al. 2021)", _NONE),
        "ppo2": ("PPO, which ships as `std.ppo`", _NONE),
        "r2d2": ("R2D2 (Kapturowski et al. 2019)", _NONE),
        "rainbow": ("Rainbow (Hessel et al. 2018)", _NONE),
        "redq": ("REDQ (Chen et al. 2021)", _NONE),
        "rloo": ("RLOO (Ahmadian et al. 2024)", _NONE),
        "sac2": ("SAC with an adapted temperature, which ships as `std.sac`", _NONE),
        "sql": ("soft Q-learning (Haarnoja et al. 2017)", _NONE),
        "svg": ("stochastic value gradients (Heess et al. 2015)", _NONE),
        "td7": ("TD7 (Fujimoto et al. 2023)", _NONE),
        "tdmpc": ("TD-MPC (Hansen et al. 2022)", _NONE),
        "tqc": ("TQC (Kuznetsov et al. 2020)", _NONE),
        "cem": ("the cross-entropy method", _NONE),
        "es ars cma cmaes": ("an evolution strategy", _NONE),
    }
)

_RATES = ("optimizer.policy.lr", "optimizer.value.lr")
_OWN_STEP = "the critic has a loss and an optimiser of its own, so no coefficient weighs the two"

_HYPERPARAMETERS = _hyperparameters(
    {
        # data
        "batch_size minibatch_size sgd_minibatch_size train_batch_size": ("data.batch",),
        "buffer_size replay_size replay_buffer_size memory_size buffer_capacity max_replay_size replay_capacity": (
            "data.capacity",
        ),
        "learning_starts start_steps start_timesteps update_after warmup_steps min_replay_size min_buffer_size "
        "init_steps initial_collect_steps initial_random_steps num_steps_sampled_before_learning_starts": (
            "data.warmup",
        ),
        "random_steps initial_random exploration_steps": ("data.warmup", "data.random_warmup"),
        "train_freq update_every train_every update_interval training_frequency update_freq train_frequency": (
            "data.steps_per_update",
        ),
        "updates_per_step gradient_steps utd utd_ratio update_to_data replay_ratio n_updates num_updates "
        "grad_updates_per_step gradient_updates": ("data.updates",),
        "n_envs num_envs n_environments num_environments num_actors num_env_runners envs": ("data.environments",),
        "n_steps num_steps rollout_length rollout_steps rollout_len rollout_fragment_length unroll_length "
        "horizon segment_length trajectory_length steps_per_rollout": Hyperparameter(
            ("data.steps",), "the n of an n-step return is `G.estimate.n`"
        ),
        "steps_per_epoch timesteps_per_batch steps_per_batch": Hyperparameter(
            ("data.steps",), "it counts the steps of one environment of `data.environments`", same=False
        ),
        "n_epochs update_epochs num_sgd_iter num_epochs k_epochs epochs": (
            "data.policy_epochs",
            "data.value_epochs",
        ),
        "train_pi_iters policy_iters": ("data.policy_epochs",),
        "train_v_iters value_iters vf_iters": ("data.value_epochs",),
        "n_minibatches num_minibatches": Hyperparameter(
            ("data.batch",), "it is the size of a minibatch, not how many there are", same=False
        ),
        # optimisers
        "learning_rate lr lr_init step_size": _RATES,
        "pi_lr policy_lr actor_lr lr_actor policy_learning_rate actor_learning_rate lr_policy": (
            "optimizer.policy.lr",
        ),
        "vf_lr q_lr qf_lr critic_lr lr_critic value_lr critic_learning_rate value_learning_rate lr_value": (
            "optimizer.value.lr",
        ),
        "alpha_lr temperature_lr temp_lr lr_alpha entropy_lr dual_lr alpha_learning_rate": ("optimizer.dual.lr",),
        "vf_coef value_coef value_loss_coef vf_loss_coeff vf_loss_coef critic_coef": Hyperparameter(
            ("optimizer.value.lr",), _OWN_STEP, same=False
        ),
        "max_grad_norm grad_clip clip_grad_norm gradient_clip grad_norm_clip max_gradient_norm grad_clip_norm "
        "gradient_clipping": ("optimizer.clip",),
        "policy_delay policy_frequency policy_freq policy_update_freq actor_update_freq policy_update_interval "
        "actor_update_interval": ("optimizer.policy_every",),
        "adam_eps optimizer_eps adam_epsilon": ("optimizer.policy.eps", "optimizer.value.eps"),
        "l2 weight_decay wd": ("optimizer.policy.weight_decay", "optimizer.value.weight_decay"),
        # temperature
        "ent_coef ent_coeff entropy_coef entropy_coeff entropy_weight entropy_bonus entropy_cost alpha temperature "
        "temp init_temperature initial_temperature": Hyperparameter(
            ("eta",), "an adapted one is `eta = entropy(target = -1)`"
        ),
        "init_alpha initial_alpha alpha_init": ("eta.init",),
        "target_entropy entropy_target": Hyperparameter(("eta.target",), "it counts for each action dimension"),
        "autotune auto_alpha auto_entropy automatic_entropy_tuning autotune_alpha": Hyperparameter(
            ("eta",), "write `eta = entropy(target = -1)`", same=False
        ),
        "reward_scale": Hyperparameter(("eta",), "a reward scale of c is a temperature of 1/c", same=False),
        # copies
        "tau target_tau soft_update_tau soft_tau tau_soft": ("target.tau",),
        "polyak polyak_coef target_decay ema_decay": Hyperparameter(
            ("target.tau",), "Spinning Up's polyak is 1 - tau", same=False
        ),
        "target_update_interval target_update_freq target_network_update_freq target_network_frequency "
        "target_update_period target_update_every hard_update_freq target_update_frequency": ("target.every",),
        # G
        "discount discount_factor discount_rate": ("gamma",),
        "gae_lambda lam lmbda lambda td_lambda trace_decay": ("G.estimate.lambda",),
        "n_step multi_step": Hyperparameter(("G.estimate.n",), "write `G.estimate = n_step(n)`", same=False),
        "target_policy_noise policy_noise target_noise smooth_target_noise": ("G.estimate.smoothing.std",),
        "target_noise_clip noise_clip smooth_target_clip": ("G.estimate.smoothing.clip",),
        "n_critics num_critics twin_q double_q num_q": Hyperparameter(
            ("G.estimate",), "two critics are `G.estimate = td(0) + clipped_double`", same=False
        ),
        # posteriors
        "clip_range clip_ratio clip_coef clip_param clip_eps eps_clip epsilon_clip clip_epsilon": (
            "pi_q.update.clipped.ratio",
        ),
        "target_kl kl_target max_kl desired_kl kl_coeff kl_coef": ("pi_q.update.kl", "pi_q.update.penalty.kl"),
        "epsilon eps": ("pi_q.update.trust_region.kl", "pi_q.update.clipped.ratio"),
        "epsilon_mean kl_mean_constraint": ("pi_p.update.trust_region.kl_mean",),
        "epsilon_cov epsilon_stddev epsilon_sigma kl_var_constraint": ("pi_p.update.trust_region.kl_cov",),
        "cg_iters cg_max_steps cg_iterations": ("pi_q.update.iterations",),
        "cg_damping damping_coeff fisher_damping": ("pi_q.update.damping",),
        "backtrack_iters line_search_max_iter max_backtracks": ("pi_q.update.tries",),
        "backtrack_coeff line_search_shrinking_factor backtrack_ratio": ("pi_q.update.shrink",),
        "normalize_advantage norm_adv standardize_advantages normalize_advantages": ("pi_q.update.standardise",),
        "n_action_samples num_action_samples action_samples mc_samples num_samples sample_action_num": (
            "pi_q.update.samples",
        ),
        "max_weight weight_clip adv_clip weight_max": ("pi_q.update.clip",),
        # policies and networks
        "exploration_noise action_noise act_noise expl_noise exploration_sigma noise_std": ("exploration.std",),
        "net_arch hidden_sizes hidden_size hidden_dim hidden_dims hidden_layers hidden_layer_sizes layers layer_sizes "
        "layer_size fcnet_hiddens hidden_units hidden_nodes n_hidden num_hidden network_size": ("network.hidden",),
        "activation activation_fn fcnet_activation act_fn nonlinearity activation_function": ("network.activation",),
        "ortho_init orthogonal_init weight_init initializer": ("network.init",),
        "log_std_init init_std std_init": ("network.policy.std.init",),
        "log_std_min min_log_std": ("network.policy.std.low",),
        "log_std_max max_log_std": ("network.policy.std.high",),
        "norm_obs normalize_observations normalize_obs obs_norm normalize_input normalize_observation": Hyperparameter(
            ("network.input",), "write `network.input = normalised`", same=False
        ),
        "clip_obs obs_clip": ("network.input.clip",),
        "policy_distribution action_distribution": ("pi_theta",),
        # what is no part of an algorithm
        "steps": Hyperparameter(("data.steps",), "how long to train is said by `taxon run SPEC --steps 1M`"),
        "total_timesteps total_steps max_timesteps num_timesteps total_env_steps max_steps timesteps": (
            Hyperparameter((), "how long to train is no part of an algorithm: `taxon run SPEC --steps 1M`")
        ),
        "seed seeds random_seed n_seeds": Hyperparameter(
            (), "seeds are no part of an algorithm: `taxon run SPEC --seeds 5`"
        ),
        "env env_id env_name environment task": Hyperparameter(
            (), "an environment is no part of an algorithm: `taxon run SPEC --env ID`, or a `when env = ...` block"
        ),
        "device cuda gpu": Hyperparameter((), "a device is no part of an algorithm: `taxon run SPEC --device cuda`"),
        "eval_freq eval_interval eval_every evaluation_interval": Hyperparameter(
            (), "evaluations are no part of an algorithm: `taxon run SPEC --eval-every 20k`"
        ),
        "n_eval_episodes eval_episodes num_eval_episodes": Hyperparameter(
            (), "evaluations are no part of an algorithm: `taxon run SPEC --eval-episodes 10`"
        ),
        "num_workers n_workers workers n_jobs num_cpu": Hyperparameter(
            (), "processes are no part of an algorithm: `taxon run SPEC --workers 4`"
        ),
        "clip_range_vf clip_vloss value_clip vf_clip_param clip_value_loss": Hyperparameter(
            (), "the critic's loss is not clipped here"
        ),
    }
)
