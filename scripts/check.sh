#!/bin/sh
# Style and types, in the environment that scripts/test.sh made.
. "$(dirname "$0")/environment.sh"

make_environment "${TEST_ENVIRONMENT:-.venv-test}"
ruff check .
ruff format --check .
mypy
