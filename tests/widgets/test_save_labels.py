"""Any Labels layer can be saved with its calibration."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.layers import Labels

from napari_sam2_ivos.contributions import save_labels

MODULE = "napari_sam2_ivos.widgets.save_labels"


@pytest.fixture
def save(qtbot, monkeypatch):
    """Save a layer as the user does; return what napari says then."""

    def press(layer, path):
        said = []
        for name in ("show_info", "show_error"):
            monkeypatch.setattr(f"{MODULE}.{name}", said.append)
        form = save_labels()
        qtbot.addWidget(form.native)
        form.layer.choices = [layer]
        form.path.value = path
        form.call_button.native.click()
        qtbot.waitUntil(lambda: bool(said), timeout=8000)
        return said[0]

    return press


def test_pixels_and_calibration_are_kept(save, tmp_path):
    data = np.zeros((3, 8, 9), np.uint16)
    data[1, 2:4, 5] = 300
    layer = Labels(data, scale=(30, 0.5, 0.5), units=("s", "um", "um"))
    assert save(layer, tmp_path / "out.tif") == f"Saved {tmp_path / 'out.tif'}"
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), data)
        assert tiff.imagej_metadata["finterval"] == 30
        assert tiff.imagej_metadata["unit"] == "micrometer"


def test_a_picture_is_refused_with_a_reason(save, tmp_path):
    said = save(Labels(np.zeros((8, 9), np.uint16)), tmp_path / "out.tif")
    assert "Nothing was saved" in said
    assert "(8, 9)" in said
    assert not list(tmp_path.iterdir())
