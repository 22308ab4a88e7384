#!/bin/sh
# Build the documentation into site/; broken links and references are errors.
. "$(dirname "$0")/environment.sh"

make_environment "${DOCS_ENVIRONMENT:-.venv-docs}"
python -m pip install -q -c constraints.txt -e ".[docs]"
# Not --quiet: mkdocs would discard warnings before --strict counts them.
NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict
echo "The documentation is in site/index.html"
