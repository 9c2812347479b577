"""The site: Markdown read by MyST, one theme, mathematics written out as MathML so that no script has to be fetched."""

import sys
from pathlib import Path

from taxon.version import VERSION

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER / "extensions"))

project = "taxon"
author = "the authors of taxon"
release = VERSION
extensions = ["myst_parser", "sphinx_copybutton", "mathml", "highlighting", "examples", "cards", "sidebar"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4

nitpicky = True
smartquotes = False
highlight_language = "none"
# The pages of the codes show texts that are wrong: their lexer says so, which colours them.
suppress_warnings = ["misc.highlighting_failure"]

# Of a terminal only the commands are copied.
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"
copybutton_selector = ", ".join(
    f"div.highlight-{language} pre" for language in ("tx", "taxon", "console", "python", "toml")
)

html_theme = "furo"
html_title = "taxon"
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["taxon.css"]
html_copy_source = False
html_show_sphinx = False
