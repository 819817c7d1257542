"""What napari reads about the plugin is true."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from napari._app_model.constants import MenuId
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution("napari-sam2-ivos")


def test_every_command_can_be_imported(manifest):
    for command in manifest.contributions.commands:
        assert callable(import_python_name(command.python_name)), command.id


def test_every_menu_is_one_that_napari_shows(manifest):
    known = {str(menu) for menu in MenuId.contributables()}
    assert manifest.contributions.menus
    for menu in manifest.contributions.menus:
        assert menu in known, menu


def test_every_contribution_has_its_command(manifest):
    ids = {command.id for command in manifest.contributions.commands}
    used = [w.command for w in manifest.contributions.widgets]
    used += [s.command for s in manifest.contributions.sample_data]
    used += [i.command for m in manifest.contributions.menus.values() for i in m]
    assert set(used) <= ids


def test_the_top_level_manifest_is_the_packaged_one(request):
    root = request.config.rootpath
    assert (root / "napari.yaml").read_text() == (
        root / "src/napari_sam2_ivos/napari.yaml"
    ).read_text()


def test_the_synthetic_sample_has_its_truth():
    from napari_sam2_ivos.contributions import sample_synthetic

    (movie, _, kind), (truth, meta, truth_kind) = sample_synthetic()
    assert (kind, truth_kind) == ("image", "labels")
    assert movie.shape == truth.shape
    assert len(np.unique(truth)) > 3
    assert meta["visible"] is False


def test_making_the_panel_imports_no_torch():
    code = """if True:
        import sys
        from napari.components import ViewerModel
        from qtpy.QtWidgets import QApplication
        from napari_sam2_ivos.contributions import IvosDock

        app = QApplication([])
        dock = IvosDock(ViewerModel())
        sys.exit("torch" in sys.modules or "sam2" in sys.modules)
    """
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=env)
