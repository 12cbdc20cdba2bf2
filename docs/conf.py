"""How the documentation site is made of the pages that `scripts/build_docs` gathers; nothing is fetched, neither for it nor by it."""

import re

from ringfence.inputs.results import our_version

project, author, copyright = "Ringfence", "Ringfence contributors", "Ringfence contributors, MIT licence"  # noqa: A001  Sphinx's name
release = our_version()
extensions = ["sphinx.ext.autodoc", "myst_nb", "sphinx_copybutton"]
root_doc = "index"

html_theme = "furo"
html_title = "Ringfence"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 6
myst_disable_syntax = ["myst_line_comment", "myst_block_break", "myst_target"]  # a line of prose may begin with a percent sign
smartquotes = False  # the pages say what they mean: two hyphens are an option
nb_execution_mode = "off"  # a notebook is committed with what it shows; scripts/run_notebook --check holds it to that
nb_render_markdown_format = "myst"  # tables, too
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

default_role = "py:obj"  # `name` in a docstring is code, and a link where the name has an entry
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True

ARGUMENT = re.compile(r"(\w+(?:, \w+)*) {2,}(\S.*)")


def list_arguments(app, what, name, obj, options, lines):  # noqa: ARG001  Sphinx's signature
    """Columns of names and what they mean, as our docstrings have them, become a list."""
    listed = []
    for line in lines:
        if found := ARGUMENT.fullmatch(line):
            listed += [f"``{found[1]}``", f"   {found[2]}"]
        else:
            listed.append(line.strip() and line)
    lines[:] = [re.sub(r"^ {8,}(?=\S)", "   ", line) for line in listed]


def setup(app):
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", list_arguments)
