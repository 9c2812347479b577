"""Devices by name: which there are, what is said of those that are not, and what a run says of its own."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from taxon.runtime.anew import Anew
from taxon.runtime.device.compiled import mode_on
from taxon.runtime.device.device import choose_device, described
from taxon.runtime.device.precision import check_precision
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.options import Options
from taxon.runtime.trainer import Program, resume, train


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[torch.device]:
    """As on a machine with two GPUs; which of them was made the present one."""
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "a GPU")
    return chosen


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize(
    ("name", "device"), [("auto", "cuda"), ("cuda", "cuda"), ("cuda:0", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")]
)
def test_names(gpus: list[torch.device], name: str, device: str) -> None:
    assert choose_device(name) == torch.device(device)
    assert gpus == ([torch.device(device)] if ":" in device else [])


def test_a_gpu_that_is_not_there(gpus: list[torch.device]) -> None:
    with pytest.raises(UserError, match="no device cuda:2, only cuda:0, cuda:1"):
        choose_device("cuda:2")


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cuda", "offers no CUDA device"),
        ("cuda:1", "offers no CUDA device"),
        ("mps", "offers no MPS device"),
        ("tpu", "there is no device tpu"),
        ("", "there is no device"),
        ("cpu:0", "there is no device cpu:0"),
        ("mps:1", "there is no device mps:1"),
        ("cuda:", "there is no device cuda:"),
        ("cuda:x", "there is no device cuda:x"),
        ("cuda:9999", "there is no device cuda:9999"),
        ("CUDA", "there is no device CUDA"),
    ],
)
def test_what_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        choose_device(name)
    assert "cpu" in caught.value.help


def test_auto_takes_no_device_that_was_never_tried(no_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cpu")
    assert choose_device("mps") == torch.device("mps")


def test_on_mps_all_is_eager_and_float32() -> None:
    mps = torch.device("mps")
    assert mode_on("auto", mps) == mode_on("off", mps) == "off"
    with pytest.raises(UserError, match="nothing is compiled on the device mps"):
        mode_on("on", mps)
    check_precision("float32", mps)
    for precision in ("tf32", "bf16"):
        with pytest.raises(UserError, match=f"--precision {precision} has not been tried on the device mps"):
            check_precision(precision, mps)  # type: ignore[arg-type]


def test_a_device_in_words(gpus: list[torch.device], monkeypatch: pytest.MonkeyPatch) -> None:
    assert described(torch.device("cuda", 1)) == "cuda:1 (a GPU)"
    assert described(torch.device("cpu")) == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert described(torch.device("cpu")) == "cpu (no CUDA device here)"


def options(folder: Path, **changes: Any) -> Options:
    settings = {"environment": Recipe("known/Truncates-v0"), "steps": 40, "device": "cpu", "out": folder}
    return Options(**(settings | {"evaluate_every": None} | changes))


def test_a_run_says_what_it_chose(no_gpu: None, toy_source: str, tmp_path: Path) -> None:
    program, console = Program("toy", "0123abcd", "taxon 1\n", toy_source), Console(file=io.StringIO(), width=200)
    threads = torch.get_num_threads()
    train(program, options(tmp_path / "auto"), console)
    few = "nothing compiled (--compile auto: from 20,000 updates of a phase on)"
    assert f"on cpu (no CUDA device here), {threads} threads: {few}" in console.file.getvalue()  # type: ignore[attr-defined]
    train(program, options(tmp_path / "off", compile="off"), console)
    assert f"{threads} threads: nothing compiled (--compile off)" in console.file.getvalue()  # type: ignore[attr-defined]
    resume(program, tmp_path / "off", 80, console)
    assert f"{threads} threads: nothing compiled (as before)" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_run_that_goes_on_stays_on_its_kind_of_device(toy_source: str, tmp_path: Path) -> None:
    program = Program("toy", "0123abcd", "taxon 1\n", toy_source)
    quiet = Console(file=io.StringIO())
    train(program, options(tmp_path / "run"), quiet)
    for name in ("cuda:1", "auto", "mps"):
        with pytest.raises(UserError, match=f"the run was on cpu, and {name} gives other numbers"):
            resume(program, tmp_path / "run", 80, quiet, anew=Anew(device=name))
    assert resume(program, tmp_path / "run", 80, quiet, anew=Anew(device="cpu")).exit_code == 0
