"""Side by side: what whole frames find, and what windows find."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.window_scenes import Scene

SIDE = 900
"""Of each half, at least about so many pixels of the picture."""
GAP, TITLE = 16, 44


def side_by_side(
    path: Path,
    scene: Scene,
    labels: Mapping[str, np.ndarray],
    frame: int,
    crop_px: int,
) -> None:
    """Draw one part of a frame once for each label stack.

    Found objects have outlines in colour, one colour per object; the truth has thin
    white ones. The part is where most objects are.

    Parameters
    ----------
    path : Path
        Of the PNG.
    scene : Scene
    labels : mapping of str to ndarray, (T, Y, X) integer
        Title of each half to what was found.
    frame : int
    crop_px : int
        Side of the part in pixels of the movie.
    """
    truth = scene.truth[frame]
    part = busiest(truth, scene.track_ids, crop_px)
    zoom = max(1, round(SIDE / crop_px))
    grey = _grey(scene.movie[frame][part], zoom)
    known = np.where(np.isin(truth, scene.track_ids), truth, 0)[part]
    height, width = grey.shape
    sheet = Image.new(
        "RGB", (len(labels) * (width + GAP) - GAP, height + TITLE), "white"
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    for n, (title, stack) in enumerate(labels.items()):
        picture = np.repeat(grey[..., None], 3, axis=-1)
        found = stack[frame][part]
        for i in np.unique(found[found > 0]).tolist():
            picture[_rims(found == i, zoom)[0]] = _colour(i)
        for i in np.unique(known[known > 0]).tolist():
            picture[_rims(known == i, zoom)[1]] = 255
        left = n * (width + GAP)
        draw.text((left + 8, 6), title, fill="black", font=font)
        sheet.paste(Image.fromarray(picture), (left, TITLE))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def busiest(
    truth: np.ndarray, track_ids: list[int], crop_px: int
) -> tuple[slice, slice]:
    """Return the square part of a ``(Y, X)`` label plane with most objects in it."""
    there = [i for i in track_ids if (truth == i).any()]
    middles = np.array(ndimage.center_of_mass(truth > 0, truth, there))
    near = np.abs(middles[:, None] - middles).max(-1) < 0.45 * crop_px
    among = middles[near[near.sum(1).argmax()]].mean(0)
    starts = []
    for middle, side in zip(among, truth.shape, strict=True):
        start = int(round(middle) - crop_px // 2)
        starts.append(max(0, min(start, side - crop_px)))
    rows, columns = (slice(start, start + crop_px) for start in starts)
    return rows, columns


def _grey(image: np.ndarray, zoom: int) -> np.ndarray:
    """Return an enlarged uint8 image."""
    low, high = np.percentile(image, (1, 99.8))
    scaled = np.clip((image - low) / max(high - low, 1), 0, 1)
    small = Image.fromarray((235 * scaled).astype(np.uint8))
    size = (small.width * zoom, small.height * zoom)
    return np.array(small.resize(size, Image.Resampling.BICUBIC))


def _rims(mask: np.ndarray, zoom: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rim just inside an enlarged mask, and a thin one just outside.

    So both are seen where a found object and a true one agree.
    """
    large = mask.repeat(zoom, 0).repeat(zoom, 1)
    # Steps of the enlarged pixels say nothing: they are rounded off.
    smooth = ndimage.gaussian_filter(large.astype(np.float32), 0.5 * zoom) > 0.5
    inner = ndimage.binary_erosion(smooth, iterations=3, border_value=1)
    return smooth & ~inner, ndimage.binary_dilation(smooth) & ~smooth


def _colour(track_id: int) -> tuple[int, int, int]:
    hue = (0.02 + track_id * 0.618034) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.95, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)
