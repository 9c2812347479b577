"""The formats of exported policies, and what a command line says of them. Free of torch."""

from typing import Literal, get_args

from taxon.runtime.errors import UserError

Format = Literal["onnx", "torch", "standalone"]
FORMATS: tuple[Format, ...] = get_args(Format)
FILES: dict[Format, str] = {"onnx": "policy.onnx", "torch": "policy.pt2", "standalone": "policy.py"}


def parse_format(text: str, option: str) -> Format:
    """One format. Raises UserError for another word."""
    for format in FORMATS:
        if format == text.strip():
            return format
    raise UserError(f"{option} {text[:40]}: there is no such format", f"write {option} {', '.join(FORMATS)}")


def parse_formats(text: str, option: str) -> list[Format]:
    """Several, divided by commas. Raises UserError for another word, and for one that is there twice."""
    wanted = [parse_format(part, option) for part in text.split(",")]
    for format in wanted:
        if wanted.count(format) > 1:
            raise UserError(f"{option} {text[:40]} names {format} twice", "name every format once")
    return wanted
