from __future__ import annotations

import pytest
from napari.components import ViewerModel

from tests.viewer.bench import annotate, cells


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
