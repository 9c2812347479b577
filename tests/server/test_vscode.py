"""The extension of VS Code: its grammar is what the language's tables give, it colours the shipped specs, and it starts
the server."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from server.installed import command

from taxon.data import specs_dir
from taxon.derivation import derive
from taxon.derivation.formulas import latex, statements
from taxon.semantics import load_spec
from taxon.server.colours import TYPES
from taxon.syntax.language import KEYWORDS
from taxon.syntax.tokens import tokens
from taxon.taxonomy.catalogue import places

FOLDER = Path(__file__).parents[2] / "editors" / "vscode"
GRAMMAR = json.loads((FOLDER / "syntaxes" / "taxon.tmLanguage.json").read_text("utf-8"))

SCOPES = {
    "DOC": "comment.line.documentation",
    "COMMENT": "comment.line.number-sign",
    "STRING": "string.quoted",
    "NUMBER": "constant.numeric",
    "TRUE": "constant.language",
    "FALSE": "constant.language",
    "EQUAL": "keyword.operator",
}


def scopes(line: str) -> dict[int, str]:
    """The scope of each character that has one: of the patterns that match, the leftmost and first, as VS Code does."""
    found: dict[int, str] = {}
    at = 0
    while at < len(line):
        matches = [
            (rule, match) for rule in GRAMMAR["patterns"] if (match := re.compile(rule["match"]).search(line, at))
        ]
        if not matches:
            break
        rule, match = min(matches, key=lambda pair: pair[1].start())
        for group, scope in [
            (0, rule.get("name")),
            *((int(k), v["name"]) for k, v in rule.get("captures", {}).items()),
        ]:
            found |= dict.fromkeys(range(*match.span(group)), scope) if scope else {}
        at = max(match.end(), at + 1)
    return found


def test_the_grammar_is_current() -> None:
    generate = runpy.run_path(str(FOLDER / "generate.py"))
    assert generate["GRAMMAR"].read_text("utf-8") == generate["text"](), "run: python editors/vscode/generate.py"


@pytest.mark.parametrize("name", ["mpo", "sac", "architectures"])
def test_the_colours_of_a_shipped_spec(name: str) -> None:
    text = (specs_dir() / f"{name}.tx").read_text("utf-8")
    seen: set[str] = set()
    for line in text.splitlines():
        coloured = scopes(line)
        for token in tokens(line):
            wanted = SCOPES.get(token.type) or ("keyword|storage.type" if token.type in KEYWORDS else None)
            if wanted is not None:
                seen.add(token.type)
                assert re.match(wanted, coloured.get(token.start_pos, "")), (line, token)
    assert {"DOC", "NUMBER", "EQUAL"} <= seen


@pytest.mark.parametrize(
    ("line", "word", "scope"),
    [
        ("algorithm mine extends std.sac {", "mine", "entity.name.type.taxon"),
        ("algorithm mine extends std.sac {", "extends", "keyword.control.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "optimizer.policy", "variable.parameter.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "adam", "support.function.taxon"),
        ("  optimizer.policy = adam(lr = 3e-4)", "3e-4", "constant.numeric.taxon"),
        ("  network { activation = elu }", "network", "variable.parameter.taxon"),
        ('import "a#b.tx" # c', '"a#b.tx"', "string.quoted.double.taxon"),
        ("  steps = 1M", "1M", "constant.numeric.taxon"),
    ],
)
def test_the_colour_of_a_word(line: str, word: str, scope: str) -> None:
    at = line.index(word)
    coloured = scopes(line)
    assert {coloured.get(place) for place in range(at, at + len(word))} == {scope}


MANIFEST = json.loads((FOLDER / "package.json").read_text("utf-8"))


def test_the_manifest_names_files_that_are_there() -> None:
    contributes = MANIFEST["contributes"]
    (language,), (grammar,) = contributes["languages"], contributes["grammars"]
    assert json.loads((FOLDER / grammar["path"]).read_text("utf-8"))["scopeName"] == grammar["scopeName"]
    rules = json.loads((FOLDER / language["configuration"]).read_text("utf-8"))
    assert re.search(rules["indentationRules"]["increaseIndentPattern"], "algorithm a {")
    assert re.search(rules["indentationRules"]["decreaseIndentPattern"], "  }")


def test_every_colour_of_the_server_is_one_of_the_grammar() -> None:
    """A theme that knows no semantic colours shows those that it has for the grammar."""
    (mapped,) = MANIFEST["contributes"]["semanticTokenScopes"]
    assert {name.partition(".")[0] for name in mapped["scopes"]} == set(TYPES)
    rules = GRAMMAR["patterns"]
    known = {rule["name"] for rule in rules if "name" in rule}
    known |= {capture["name"] for rule in rules for capture in rule.get("captures", {}).values()}
    assert {scope for scopes in mapped["scopes"].values() for scope in scopes} <= known


def test_the_manifest_has_what_vs_code_requires() -> None:
    """Names and versions as the marketplace takes them; the entry point is what the build writes."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", MANIFEST["name"])
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", MANIFEST["publisher"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert re.fullmatch(r"\^\d+\.\d+\.\d+", MANIFEST["engines"]["vscode"])
    build = (FOLDER / MANIFEST["scripts"]["build"].removeprefix("node ")).read_text("utf-8")
    assert f'outfile: "{MANIFEST["main"].removeprefix("./")}"' in build
    assert "npm run build" in MANIFEST["scripts"]["vscode:prepublish"]
    (entry,) = re.findall(r'entryPoints: \["(\S+)"\]', build)
    assert (FOLDER / entry).is_file()
    assert f"!{MANIFEST['main'].removeprefix('./')}" in (FOLDER / ".vscodeignore").read_text("utf-8").splitlines()


def test_the_package_has_what_the_marketplace_shows() -> None:
    """A licence, which is that of taxon, a page, what changed, and a picture of at least 128 pixels."""
    packaged = (FOLDER / ".vscodeignore").read_text("utf-8").splitlines()
    assert {"!LICENSE", "!README.md", "!CHANGELOG.md", f"!{MANIFEST['icon']}", "!dist/NOTICES.txt"} <= set(packaged)
    assert (FOLDER / "LICENSE").read_bytes() == (FOLDER.parents[1] / "LICENSE").read_bytes()
    assert MANIFEST["license"] == "MIT"
    assert not {"--skip-license", "private"} & {*MANIFEST["scripts"]["package"].split(), *MANIFEST}
    assert f"## {MANIFEST['version']}\n" in (FOLDER / "CHANGELOG.md").read_text("utf-8")
    page = (FOLDER / "README.md").read_text("utf-8")
    assert "pip install 'taxon-rl[lsp]'" in page
    named = {*MANIFEST["contributes"]["configuration"]["properties"], "taxon: Restart the Language Server"}
    assert not [name for name in named if name not in page]
    picture = (FOLDER / MANIFEST["icon"]).read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    assert width == height >= 128


def test_the_types_are_those_of_the_oldest_vs_code_that_the_extension_takes() -> None:
    """An API that came later would pass the type check and fail in the editor."""
    assert MANIFEST["engines"]["vscode"] == f"^{MANIFEST['devDependencies']['@types/vscode']}"
    assert not [version for version in each_version() if not version[0].isdigit()]


def each_version() -> list[str]:
    return [*MANIFEST["dependencies"].values(), *MANIFEST["devDependencies"].values()]


def test_the_extension_does_what_the_manifest_announces() -> None:
    source = "".join(path.read_text("utf-8") for path in (FOLDER / "src").glob("*.ts"))
    contributes = MANIFEST["contributes"]
    assert MANIFEST["activationEvents"] == [f"onLanguage:{contributes['languages'][0]['id']}"]
    for contributed in contributes["commands"]:
        assert f'registerCommand("{contributed["command"]}"' in source
    properties = contributes["configuration"]["properties"]
    assert properties["taxon.path"]["default"] == "taxon"
    assert 'getConfiguration("taxon").get<string>("path", "taxon")' in source
    assert set(MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]) <= properties.keys()


BUILDS = pytest.mark.skipif(
    shutil.which("node") is None or not (FOLDER / "node_modules").is_dir(),
    reason="needs node, and `npm install` in editors/vscode",
)


@pytest.mark.slow
@BUILDS
@pytest.mark.skipif(
    "WORKBENCH" not in os.environ, reason="needs what editors/vscode/test/workbench/install.sh installs"
)
def test_the_package_in_a_real_vs_code(tmp_path: Path) -> None:
    """The package holds its licence, and the licences of what is bundled; the workbench installs it and works."""
    package = tmp_path / "taxon.vsix"
    environment = {**os.environ, "TAXON": str(command(tmp_path)), "VSIX": str(package)}
    for script in (["package", "--", "--out", str(package)], ["workbench"]):
        called = subprocess.run(
            ["npm", "run", *script], cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=900
        )
        assert called.returncode == 0, called.stdout + called.stderr
    with zipfile.ZipFile(package) as packed:
        texts = {Path(name).name: packed.read(name) for name in packed.namelist()}
    assert texts["LICENSE.txt"] == (FOLDER / "LICENSE").read_bytes()
    notices = texts["NOTICES.txt"].decode("utf-8")
    assert not [name for name in MANIFEST["dependencies"] if name not in notices]
    assert {"readme.md", "changelog.md", MANIFEST["icon"], "taxon.tmLanguage.json"} <= set(texts)


@BUILDS
def test_the_extension_starts_the_server(tmp_path: Path) -> None:
    """The bundle, beside a stub of VS Code, with this checkout's server; its pictures of every equation."""
    formulas = tmp_path / "formulas.json"
    rows = [row for path in specs_dir().glob("*.tx") if (row := load_spec(path).row) is not None]
    derived = {line for row in rows for step in derive(row).steps for line in step.section.lines}
    equations = {choice.equation for _, slot in places() for choice in slot.choices if choice.equation}
    written = {latex(statement) for equation in equations for statement in statements(equation)}
    formulas.write_text(json.dumps(sorted(derived | written)), "utf-8")
    environment = {**os.environ, "TAXON": str(command(tmp_path)), "FORMULAS": str(formulas)}
    for script in (["run", "check"], ["test"]):
        called = subprocess.run(
            ["npm", *script], cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=300
        )
        assert called.returncode == 0, called.stdout + called.stderr
