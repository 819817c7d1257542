"""What a user gets from the wheel, without building it twice."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points, metadata
from pathlib import Path

import pytest

import napari_sam2_ivos

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_sam2_ivos"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_manifest_models_and_types(wheel):
    inside = set(wheel.namelist())
    models = {
        f"napari_sam2_ivos/models/{file.name}"
        for file in (PACKAGE / "models").iterdir()
        if file.is_file() and not file.name.startswith(".")
    }
    assert models, "no bundled model"
    wanted = {"napari_sam2_ivos/napari.yaml", "napari_sam2_ivos/py.typed"} | models
    assert wanted <= inside


def test_the_wheel_holds_nothing_but_the_package(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    dist_info = f"napari_sam2_ivos-{napari_sam2_ivos.__version__}.dist-info"
    assert tops == {"napari_sam2_ivos", dist_info}


def test_the_version_is_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    assert metadata("napari-sam2-ivos")["Version"] == napari_sam2_ivos.__version__


def test_what_napari_hub_asks_for():
    about = metadata("napari-sam2-ivos")
    assert "Framework :: napari" in about.get_all("Classifier")
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about["Requires-Python"] == ">=3.11"


def test_napari_and_the_shell_find_the_program():
    (manifest,) = entry_points(group="napari.manifest", name="napari-sam2-ivos")
    assert manifest.value == "napari_sam2_ivos:napari.yaml"
    (command,) = entry_points(group="console_scripts", name="sam2-ivos")
    assert callable(command.load())


def test_a_base_install_brings_no_napari_and_no_qt():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    base = " ".join(project["dependencies"]).lower()
    assert not any(name in base for name in ("napari", "superqt", "pyqt", "pyside"))
