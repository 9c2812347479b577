"""The site: Markdown read by MyST, one theme, mathematics written out as MathML so that no script has to be fetched."""

import sys
from pathlib import Path

from taxon.version import VERSION

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER / "extensions"))

project = "taxon"
author = "the authors of taxon"
release = VERSION
extensions = ["myst_parser", "mathml"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4

nitpicky = True
smartquotes = False
highlight_language = "none"

html_theme = "furo"
html_title = "taxon"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
