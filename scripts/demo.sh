#!/bin/sh
# Install the package and enhance sample_images/ into enhanced/ with the default model on the CPU.
. "$(dirname "$0")/environment.sh"

make_environment .venv
python -m pip install -q -c constraints.txt .
llflow-photo enhance sample_images --output enhanced --device cpu
