#!/bin/sh
# Make .venv and install the package into it, editable, with napari, a Qt and the
# tools for tests. Called by make; a second run only installs what has changed.
set -eu

python="${PYTHON:-python3}"
if ! command -v "$python" >/dev/null 2>&1; then
    echo "No $python found. Install Python 3.11 or newer, or say which one to" \
        "use: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$("$python" --version) is too old: Python 3.11 or newer is needed." \
        "Say which one to use: make PYTHON=/path/to/python3" >&2
    exit 1
fi

# A missing window library stops the tests, not the demo: that one can do without.
PYTHON="$python" sh scripts/system_packages.sh || true
if [ ! -x .venv/bin/pip ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || exit 1
    "$python" -m venv --clear .venv
fi

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"
}

echo "Installing into .venv, which takes some minutes the first time: torch ..."
pip install --upgrade "pip>=25.1"
# sam2 comes as source and asks for torch while it is built. In an isolated build
# pip would fetch torch a second time, so torch comes first and sam2 uses it.
pip install torch torchvision "setuptools>=70.1"
echo "... sam2 ..."
SAM2_BUILD_CUDA=0 pip install --no-build-isolation "sam2>=1.1.0"
echo "... napari, the package and the tools for its tests ..."
pip install --editable ".[all]" --group dev
