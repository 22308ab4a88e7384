#!/bin/sh
# Run the plugin's tests that depend on the version of napari and on the Qt binding: with the newest napari and PyQt6,
# and with the oldest supported napari and PySide6. Each has its own environment; all other packages are taken from
# the environment of scripts/test.sh, which must exist.
# Arguments: tests to run instead of those that open, close and use the panel.
. "$(dirname "$0")/environment.sh"

[ $# -gt 0 ] || set -- tests/napari_plugin/test_closing.py tests/napari_plugin/test_controls.py \
    tests/napari_plugin/test_opening.py
TESTS="$*"

OLDEST=$(sed -n 's/^napari = .*"napari>=\([0-9.]*\)".*/\1/p' pyproject.toml)
SHARED=$("${TEST_ENVIRONMENT:-.venv-test}/bin/python" -c "import sysconfig; print(sysconfig.get_path('purelib'))")

# test_with BINDING NAME REQUIREMENT...: run the tests in an environment where these packages have priority.
test_with() (
    export QT_API="$1" PYTEST_QT_API="$1"
    folder=".venv-napari-$2"
    shift 2
    make_environment "$folder"
    python -m pip install -q "$@" pytest pytest-qt
    python -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'zz_shared.pth').write_text('$SHARED\n')"
    python -c "import napari, qtpy; print('napari', napari.__version__, qtpy.API_NAME, qtpy.QT_VERSION)"
    # shellcheck disable=SC2086
    PYTHONPATH="$PWD" python -m pytest -q $TESTS
)

test_with pyqt6 newest napari PyQt6
test_with pyside6 oldest "napari==$OLDEST" -c constraints.txt pyside6
