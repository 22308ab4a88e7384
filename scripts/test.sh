#!/bin/sh
# Install the package with its test extra and run the tests; the napari plugin's tests use a virtual display.
# On Linux, they run in one process per core, at most four; add -n 0 to run them in a single process.
. "$(dirname "$0")/environment.sh"

install_missing libegl1 libgl1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 \
    libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 \
    libfontconfig1 libglib2.0-0 xvfb xauth libgl1-mesa-dri
make_environment "${TEST_ENVIRONMENT:-.venv-test}"
python -m pip install -q -c constraints.txt -e ".[test]"
if [ "$(uname)" = Linux ]; then # elsewhere, windows of several processes would share the display
    # A process computes with one thread. It runs whole files, so that their fixtures are made once; the files with
    # slow tests are first.
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
    set -- -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder "$@"
fi
python -m pytest "$@"
