#!/bin/sh
# Track several cells through the sample movie, write the results into a folder
# and say where; with a display, open napari on the same job as well.
set -eu
out="$1"

.venv/bin/sam2-ivos demo --out "$out"

case "$(uname -s)" in
Darwin) display=yes ;;
*) display="${DISPLAY:-}${WAYLAND_DISPLAY:-}" ;;
esac
if [ -n "$display" ]; then
    echo "Opening napari with the same movie; close its window to end the demo."
    exec .venv/bin/python -m napari_sam2_ivos.widgets.demo
fi
echo "No display here, so no window: the same job ran without one."
