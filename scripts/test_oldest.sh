#!/bin/sh
# The tests of the core with the oldest versions claimed, in an environment of their own; no napari, no cluster.
. "$(dirname "$0")/environment.sh"

make_environment .venv-oldest
python -m pip install -q -c constraints-oldest.txt . "pytest>=8" scikit-image
python -m pytest -q tests/api tests/camera tests/color tests/engine tests/explore tests/files tests/flow \
    tests/models tests/cli/test_enhance_command.py "$@"
