#!/bin/sh
# Check style and types, in the environment that scripts/test.sh created.
. "$(dirname "$0")/environment.sh"

make_environment "${TEST_ENVIRONMENT:-.venv-test}"
ruff check .
ruff format --check .
mypy
