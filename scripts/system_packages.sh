#!/bin/sh
# On Debian and its kin: make sure that the packages below are there. As root
# they are installed; for anybody else the apt line is printed, and this fails.
# Other systems bring a window system and Python's venv of their own.
set -eu

# What Qt's xcb platform, OpenGL in software and a virtual screen are made of.
# libglib2.0-bin is there for libglib, which has another name in each Debian.
PACKAGES="xvfb xauth libegl1 libgl1 libgl1-mesa-dri libxkbcommon-x11-0 \
libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 \
libxcb-randr0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libx11-xcb1 \
libdbus-1-3 libfontconfig1 libglib2.0-bin fonts-dejavu-core"

command -v dpkg-query >/dev/null 2>&1 || exit 0

missing=""
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' ||
        missing="$missing $package"
done
# The venv of a Python that is not Debian's own comes with that Python.
"${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null ||
    missing="$missing python3-venv"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    echo "Installing system packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086  # one word for each package
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Some system packages are missing. Install them with:" >&2
    echo "  sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
