"""The architecture: which room may know which, and what must not be slow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINDOW = {"napari", "qtpy", "superqt", "magicgui", "vispy", "PyQt6", "PySide6"}
MODEL = {"torch", "torchvision", "sam2", "hydra"}


def imported_by(code: str) -> set[str]:
    """Return the top-level modules that running `code` in a new Python imports."""
    report = "import json, sys; sys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{code}\n{report}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr)}


def test_arrows_point_down_only():
    pytest.importorskip("importlinter")
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS


def test_importing_the_package_is_cheap():
    heavy = MODEL | WINDOW | {"numpy", "skimage", "zarr", "tifffile", "typer"}
    assert not imported_by("import napari_sam2_ivos") & heavy


def test_help_of_the_command_waits_for_no_model():
    code = (
        "import sys\n"
        "sys.argv = ['sam2-ivos', '--help']\n"
        "from napari_sam2_ivos.cli.app import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert not imported_by(code) & (MODEL | WINDOW)


def test_importing_the_dock_widget_waits_for_no_model():
    pytest.importorskip("napari")
    assert not imported_by("import napari_sam2_ivos.widgets.dock") & MODEL


@pytest.mark.parametrize("room", ["api", "cli.app", "engine.segmenter", "io.sources"])
def test_work_without_a_screen_imports_no_window(room):
    assert not imported_by(f"import napari_sam2_ivos.{room}") & WINDOW


def test_the_viewer_layer_imports_neither_qt_nor_the_model():
    pytest.importorskip("napari")
    seen = imported_by("import napari_sam2_ivos.viewer.controller")
    assert not seen & MODEL
    assert not {name for name in seen if name.startswith(("PyQt", "PySide"))}
