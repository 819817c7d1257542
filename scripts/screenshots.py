"""Make the pictures of the guide: the real window, the bundled model, each state.

    xvfb-run -a -s "-screen 0 1600x1100x24" python scripts/screenshots.py docs/images

Needs a screen, real or virtual. Look at them before you keep them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication
from skimage.measure import label, regionprops

from napari_sam2_ivos.contributions import sample_synthetic
from napari_sam2_ivos.core.review import Doubt
from napari_sam2_ivos.widgets.dock import IvosDock

WINDOW = 1500, 1000
DOCK_PX = 400


class Studio:
    """A window with the sample movie, and a camera."""

    def __init__(self, folder: Path, theme: str) -> None:
        self.folder = folder
        self.viewer = napari.Viewer()
        self.viewer.theme = theme
        self.window = self.viewer.window
        self.window.resize(*WINDOW)
        self.dock = IvosDock(self.viewer)
        outer = self.window.add_dock_widget(
            self.dock, name="Segment and track", area="right"
        )
        main = outer.parent()
        main.resizeDocks([outer], [DOCK_PX], Qt.Orientation.Horizontal)
        self.wait()

    @property
    def c(self) -> Any:
        """The controller."""
        return self.dock.controller

    def wait(self, seconds: float = 0.5) -> None:
        """Let the window draw, and the model finish."""
        end = time.monotonic() + seconds
        while time.monotonic() < end or (self.c and self.c.schedule.is_busy):
            QApplication.processEvents()
            time.sleep(0.01)

    def keep(self, name: str, *, busy: bool = False) -> None:
        """Keep a picture of the whole window, menus and dialogs too."""
        if not busy:
            self.wait()
        main = self.dock.window()
        screen = QApplication.primaryScreen()
        corner = main.mapToGlobal(QPoint(0, 0))
        picture = screen.grabWindow(
            0, corner.x(), corner.y(), main.width(), main.height()
        )
        path = self.folder / f"{name}.png"
        picture.save(str(path))
        Image.open(path).convert("RGB").save(path, optimize=True)
        print(path)

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()


def add_sample(studio: Studio) -> np.ndarray:
    """Open the sample movie; return its true labels."""
    movie, truth = sample_synthetic()
    studio.viewer.add_image(movie[0], **movie[1])
    studio.viewer.dims.set_point(0, 0)
    studio.wait()
    studio.viewer.reset_view()
    return np.asarray(truth[0])


def click_cells(studio: Studio, truth: np.ndarray, which: slice) -> None:
    """Click in the middle of cells of the first frame, the largest first."""
    for cell in sorted(regionprops(truth[0]), key=lambda cell: -cell.area)[which]:
        studio.dock.new_object()
        inside = cell.coords[len(cell.coords) // 2]
        studio.c.layers.points.add([0, *inside])
    studio.wait()


def tell(folder: Path, theme: str, suffix: str) -> None:
    """Go through everything once."""
    studio = Studio(folder, theme)
    studio.keep(f"welcome{suffix}")
    truth = add_sample(studio)
    click_cells(studio, truth, slice(1))
    studio.keep(f"clicked{suffix}")
    click_cells(studio, truth, slice(1, 8))
    c = studio.c
    studio.dock.toggle_tracking()
    for _ in range(60):
        QApplication.processEvents()
        time.sleep(0.02)
    studio.keep(f"tracking{suffix}", busy=True)
    studio.wait()
    studio.viewer.reset_view()
    studio.dock.review_fold.expand(animate=False)
    c.review.next(True)
    studio.wait()
    bar = studio.dock.findChildren(type(studio.dock.stack))[0].parent().parent()
    bar.ensureWidgetVisible(studio.dock.review)
    studio.keep(f"review{suffix}")
    bar.ensureWidgetVisible(studio.dock.images)
    studio.dock.review_fold.collapse(animate=False)
    menu = studio.dock.objects.menu
    at = studio.dock.objects.mapToGlobal(QPoint(40, 120))
    menu.popup(at)
    studio.keep(f"menu{suffix}")
    menu.hide()
    divide(studio)
    studio.keep(f"divided{suffix}")
    studio.dock.view.outline.click()
    studio.dock.view.boxes.click()
    studio.keep(f"outlines{suffix}")
    studio.dock.view.boxes.click()
    studio.dock.view.windows.click()
    studio.keep(f"windows{suffix}")
    studio.close()


def divide(studio: Studio) -> None:
    """Let an object divide where it is found in parts; track its daughters."""
    c = studio.c
    place = next(f for f in c.review.findings() if f.doubt is Doubt.PARTS)
    c.review.go_to(place)
    plane = c.session.plane(place.frame) == place.track_id
    parts = regionprops(label(plane))
    c.editing.divide(place.track_id)
    for part in sorted(parts, key=lambda part: -part.area)[:2]:
        c.layers.points.add([place.frame, *part.coords[len(part.coords) // 2]])
    studio.wait()
    studio.dock.toggle_tracking()
    studio.wait()


def take_over(folder: Path) -> None:
    """Objects from a segmentation that there is already."""
    studio = Studio(folder, "dark")
    truth = add_sample(studio)
    studio.viewer.add_labels(truth[0], name="cellpose", opacity=0.4)
    studio.wait()
    studio.keep("take-over")
    studio.close()


if __name__ == "__main__":
    out = Path(sys.argv[1])
    tell(out, "dark", "")
    tell(out, "light", "-light")
    take_over(out)
