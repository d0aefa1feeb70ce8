"""Sphinx's settings. What the package knows of itself is not written down here again but read from it."""

import sys
from importlib.metadata import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for tables.py

_package = metadata("pytest-multicore")

project = _package["Name"]
author = _package["Author"]
project_copyright = author
release = version = _package["Version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.intersphinx", "tables"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autoclass_content = "class"
napoleon_use_ivar = True

# Nothing is fetched unless somebody asks for it: the docs build offline too.
intersphinx_mapping = {}

html_theme = "furo"
html_title = f"{project} {release}"
