"""What napari reads about the plugin is true."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from napari._app_model.constants import MenuId
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

from napari_sam2_ivos.core.views import LookAt
from napari_sam2_ivos.engine.catalogue import entries
from napari_sam2_ivos.viewer.keys import KEYS
from napari_sam2_ivos.viewer.settings import Settings


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
    used += [r.command for r in manifest.contributions.readers]
    used += [w.command for w in manifest.contributions.writers]
    used += [i.command for m in manifest.contributions.menus.values() for i in m]
    assert set(used) <= ids


def test_every_key_can_be_changed_and_begins_as_the_table_says(manifest):
    offered = manifest.contributions.configurations["keys"].properties
    assert [(a, p.title, p.default) for a, p in offered.items()] == [
        (key.action, key.doc, ", ".join(key.keys)) for key in KEYS
    ]


def test_every_model_can_be_the_one_to_begin_with(manifest):
    offered = manifest.contributions.configurations["model"].properties
    assert offered["name"].enum == ["auto", *(entry.name for entry in entries())]


def test_everything_that_a_model_can_look_at_can_be_the_one_to_begin_with(manifest):
    offered = manifest.contributions.configurations["model"].properties
    assert offered["look_at"].enum == list(get_args(LookAt))


def test_settings_begin_alike_with_and_without_napari(manifest):
    offered = manifest.contributions.configurations["model"].properties
    usual = Settings()
    assert offered["name"].default == usual.model
    assert offered["device"].default == "auto"
    assert usual.device is None
    assert offered["look_at"].default == usual.look_at
    assert offered["keep_features"].default == usual.keep_features


def test_the_readme_lists_the_keys_as_they_are(request):
    text = (request.config.rootpath / "README.md").read_text()
    table = text.split("## Keys")[1].split("## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    listed = [row for row in rows if not row.startswith(("| key", "| **"))]
    assert listed == [f"| {' or '.join(key.keys)} | {key.doc} |" for key in KEYS]


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
