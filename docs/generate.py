"""Write the reference, docs/reference/, from the code: `python docs/generate.py`. A test holds the pages current."""

from __future__ import annotations

from pathlib import Path

from writers import choices, codes, command_line, derivations, grammar, paths, specs, studies

FOLDER = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Every generated page by its name in the folder."""
    rows = specs.shipped_rows()
    return {
        "paths.md": paths.write(),
        "studies.md": studies.write(),
        "grammar.md": grammar.write(),
        **{f"choices/{name}": text for name, text in choices.pages(rows).items()},
        **{f"specs/{name}": text for name, text in specs.pages(rows).items()},
        **{f"codes/{name}": text for name, text in codes.pages().items()},
        **{f"command-line/{name}": text for name, text in command_line.pages().items()},
        **{f"derivations/{name}": text for name, text in derivations.pages(rows).items()},
    }


def write() -> None:
    """Write every page, and remove what is no longer one."""
    written = pages()
    for old in FOLDER.rglob("*.md"):
        if old.relative_to(FOLDER).as_posix() not in written:
            old.unlink()
    for name, text in written.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
