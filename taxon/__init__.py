"""A declarative language for reinforcement-learning algorithms, and its compiler to PyTorch.

    import taxon

    spec = taxon.load("mpo").set("pi_q.update.samples", 40)
    run = taxon.train(spec, env="Pendulum-v1", seeds=5, steps=20_000)
    run.metrics("evaluation")

Importing this is light: what a name needs is imported when it is first used, and torch by `train` alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taxon.api.derivation import Derivation
    from taxon.api.difference import Diff, diff
    from taxon.api.findings import Diagnostic, SpecError
    from taxon.api.run import Interrupted, Run, open
    from taxon.api.spec import Spec, load, parse
    from taxon.api.study import Study, study
    from taxon.api.training import train
    from taxon.api.tune import Tune, tune
    from taxon.errors import Error
    from taxon.runtime.events import Callback, Halt
    from taxon.runtime.policies.policy import Policy
    from taxon.version import VERSION as __version__  # noqa: N811

__all__ = [
    "Callback",
    "Derivation",
    "Diagnostic",
    "Diff",
    "Error",
    "Halt",
    "Interrupted",
    "Policy",
    "Run",
    "Spec",
    "SpecError",
    "Study",
    "Tune",
    "__version__",
    "diff",
    "load",
    "open",
    "parse",
    "study",
    "train",
    "tune",
]

if not TYPE_CHECKING:  # a type checker has the imports above, and finds a name that is none of them
    _PLACES = {
        "Callback": "runtime.events",
        "Derivation": "api.derivation",
        "Diagnostic": "api.findings",
        "Diff": "api.difference",
        "Error": "errors",
        "Halt": "runtime.events",
        "Interrupted": "api.run",
        "Policy": "runtime.policies.policy",
        "Run": "api.run",
        "Spec": "api.spec",
        "SpecError": "api.findings",
        "Study": "api.study",
        "Tune": "api.tune",
        "diff": "api.difference",
        "load": "api.spec",
        "open": "api.run",
        "parse": "api.spec",
        "study": "api.study",
        "train": "api.training",
        "tune": "api.tune",
    }

    def __getattr__(name):
        from importlib import import_module

        if name == "__version__":
            from taxon.version import VERSION

            found = VERSION
        elif name in _PLACES:
            found = getattr(import_module(f"taxon.{_PLACES[name]}"), name)
        else:
            raise AttributeError(f"module 'taxon' has no attribute {name!r}")
        globals()[name] = found
        return found

    def __dir__():
        return [*globals(), *__all__]
