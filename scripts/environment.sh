# Sourced by the other scripts: creates a virtual environment and installs the system libraries a command needs.
set -eu

cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}

# install_missing PACKAGE...: install the Debian packages that are missing, or print the command.
install_missing() {
    command -v dpkg-query >/dev/null 2>&1 || return 0
    missing=""
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root=""
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            as_root="sudo"
        else
            echo "Missing system packages. Install them, then run this again:" >&2
            echo "    sudo apt-get update && sudo apt-get install -y$missing" >&2
            exit 1
        fi
    fi
    echo "Installing system packages:$missing"
    $as_root apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -q -y --no-install-recommends $missing >/dev/null
}

# make_environment FOLDER: create a virtual environment and put its commands first on the PATH.
make_environment() {
    python="$1/bin/python"
    [ ! -d "$1/Scripts" ] || python="$1/Scripts/python"
    if [ ! -x "$python" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
        if ! "$PYTHON" -c "import ensurepip, venv" >/dev/null 2>&1; then
            install_missing python3-venv
        fi
        "$PYTHON" -m venv "$1"
    fi
    commands="$PWD/$1/bin"
    [ -d "$commands" ] || commands="$PWD/$1/Scripts" # on Windows
    PATH="$commands:$PATH"
    export PATH
}
