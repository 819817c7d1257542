from __future__ import annotations

import pytest
from napari.components import ViewerModel

from tests.viewer.bench import annotate, cells
from tests.viewer.own_settings import own_settings


@pytest.fixture(autouse=True)
def _settings_of_our_own(tmp_path):
    """Keep what the developer has set away from the tests."""
    with own_settings(tmp_path):
        yield


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def image(viewer):
    layer = viewer.add_image(cells(), name="cells")
    viewer.dims.set_point(0, 0)
    return layer


@pytest.fixture
def controller(viewer, image):
    return annotate(viewer, image)
