"""A coverage-guided fuzzer: `python tests/fuzz/guided.py syntax FOLDER -max_total_time=600`, or `all` for `syntax`.

`syntax` parses, formats and reports; `all` also checks, resolves, emits and derives, some hundred times slower.

It needs atheris (`pip install atheris`), which taxon does not. FOLDER keeps what reached new code and seeds the next
run; the first one begins with the specs and the examples of this checkout. Other options are libFuzzer's.
A crash is left in the working directory: what is minimal of it belongs into `tests/fuzz/corpus`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

with atheris.instrument_imports(include=["taxon"]):
    import laws

FOLDERS = ("specs", "examples", "tests/corpus/good", "tests/corpus/bad", "tests/fuzz/corpus")
SPEC = Path(tempfile.mkdtemp()) / "spec.tx"
QUESTIONS: dict[str, Callable[[str], object]] = {
    "syntax": laws.parses,
    "all": lambda text: laws.answers(SPEC, text, env="Ant-v4"),
}


def one(data: bytes) -> None:
    """One input: bytes that are no text are refused when they are read, and end here."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    QUESTIONS[sys.argv[1]](text)


def seed(folder: Path) -> None:
    """Put every example of the checkout into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for number, path in enumerate(path for name in FOLDERS for path in sorted((ROOT / name).glob("*.tx"))):
            if path.stat().st_size < 8192:
                (folder / f"seed{number}").write_bytes(path.read_bytes())


def words(file: Path) -> None:
    """A dictionary for the mutations: the words of the shipped specs."""
    found = {word for path in (ROOT / "specs").glob("*.tx") for word in re.findall(r"[\w.]+|[^\w\s]", path.read_text())}
    file.write_text("".join(f'"{word}"\n' for word in sorted(found) if word.isascii() and word not in '"\\'))


def main() -> None:
    seed(Path(sys.argv[2]))
    dictionary = SPEC.with_name("words")
    words(dictionary)
    atheris.Setup(
        [sys.argv[0], *sys.argv[2:], f"-dict={dictionary}", "-max_len=4096", "-timeout=60", "-only_ascii=0"], one
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
