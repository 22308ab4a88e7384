#!/bin/sh
# Run the tests that depend on the versions of other packages with the oldest supported versions, in a separate
# environment, without napari and clusters. Takes two to three minutes on two cores.
. "$(dirname "$0")/environment.sh"

make_environment .venv-oldest
python -m pip install -q -c constraints-oldest.txt . "pytest>=8" scikit-image tifffile
python -m pytest -q tests/api tests/camera tests/color tests/files tests/flow tests/models tests/doctor \
    tests/engine/test_inference.py tests/engine/test_tiles.py tests/explore/test_region.py \
    tests/batch/test_enhance_dir.py tests/cli/test_enhance_command.py "$@"
