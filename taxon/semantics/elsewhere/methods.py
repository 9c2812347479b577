"""Methods and algorithms that are no misspelling of a choice of taxon: what they are, and what says them here.

Tables of data. A test holds every text that is named here against the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from taxon.data import specs_dir
from taxon.diagnostics.suggest import same_word


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


_LONGEST = 40  # of a spec's name


def method(name: str) -> Method | None:
    """The method of a name that stands for a choice, however it is spelt."""
    return _METHODS.get(same_word(name)) or algorithm(name) or _shipped(name)


def algorithm(name: str) -> Method | None:
    """The algorithm of a name that stands for a declaration or a spec, however it is spelt."""
    return _ALGORITHMS.get(same_word(name))


def _shipped(name: str) -> Method | None:
    """A spec that ships, named where a choice is meant."""
    known = name.casefold()
    if not known.isidentifier() or len(known) > _LONGEST or not (specs_dir() / f"{known}.tx").is_file():
        return None
    return Method(f"a whole spec, `std.{known}`", {}, f": `taxon show {known}` prints what it chooses")


def _methods(table: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, Method]:
    return {same_word(name): Method(*entry) for names, entry in table.items() for name in names.split()}


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
        "ortho": ("orthogonal weights (Saxe et al. 2014)", _weights("orthogonal")),
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
