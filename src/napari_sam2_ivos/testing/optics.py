"""From maps of a frame to what a microscope would show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.testing.anatomy import Anatomy


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3))


def nuclei(a: Anatomy) -> np.ndarray:
    """Fluorescent nuclei: bright, flat-topped, mottled."""
    body = a.thickness**0.6 * a.brightness * (1 + 0.22 * a.texture)
    return 0.06 + 0.6 * _blur(body, 0.9)


def membranes(a: Anatomy) -> np.ndarray:
    """Fluorescent outlines and a faint interior."""
    rim = np.exp(-((a.depth / 1.6) ** 2))
    inside = (0.12 + 0.03 * a.texture) * (a.labels > 0)
    return 0.05 + _blur(0.7 * rim * (0.7 + 0.3 * (a.brightness > 1)) + inside, 0.8)


def phase_contrast(a: Anatomy) -> np.ndarray:
    """Dark granular cells, dark rim, bright halo."""
    mask = (a.labels > 0).astype(np.float32)
    halo = np.exp(-(((a.depth + 2.2) / 1.8) ** 2)) * (1 - mask)
    rim = np.exp(-(((a.depth - 1.5) / 1.5) ** 2)) * mask
    grain = (0.055 * a.texture - 0.09 * a.thickness * a.brightness) * mask
    edges = _blur(halo - 0.55 * rim, 0.8)
    return np.asarray(0.46 + 0.30 * edges + _blur(grain, 0.6))


def spread(a: Anatomy) -> np.ndarray:
    """Flat adherent cells in phase contrast: faint, granular, with a nucleus.

    Thin grey bodies, dark vesicles around a paler nucleus with dark nucleoli, a thin
    dark rim and a bright halo that is strong only where the cell is thick.
    """
    mask = (a.labels > 0).astype(np.float32)
    thick = np.clip(2 * a.brightness - 1.2, 0.1, 1.5)
    halo = np.exp(-(((a.depth + 1.6) / 1.5) ** 2)) * (1 - mask)
    rim = np.exp(-(((a.depth - 0.8) / 1.0) ** 2)) * mask
    nucleus = np.clip(12 * (a.thickness - 0.93), 0, 1)
    vesicles = np.clip(a.texture - 1.1, 0, 1.2) * np.clip(3 * (a.thickness - 0.6), 0, 1)
    nucleoli = nucleus * np.clip(a.texture - 0.6, 0, 1)
    body = mask * (-0.035 * thick + 0.022 * a.texture)
    body += 0.03 * nucleus - 0.10 * thick * vesicles - 0.12 * nucleoli
    wide = _blur(thick * mask, 3.0) * (1 - mask)
    image = 0.48 + _blur(body - 0.07 * thick * rim, 0.6)
    return np.asarray(image + _blur(halo * (0.03 + 0.35 * wide), 0.7))


def dic(a: Anatomy) -> np.ndarray:
    """Relief: the slope of the optical path along one diagonal."""
    path = _blur(a.thickness * (4 + a.brightness) + 0.35 * a.texture, 1.0)
    slope = np.gradient(path, axis=0) + np.gradient(path, axis=1)
    return np.asarray(0.45 + 0.16 * slope)


def brightfield(a: Anatomy) -> np.ndarray:
    """Nearly transparent: a thin dark line with a bright one inside, some grain."""
    mask = (a.labels > 0).astype(np.float32)
    line = np.exp(-((a.depth / 1.1) ** 2)) - 0.7 * np.exp(
        -(((a.depth - 2.8) / 1.3) ** 2)
    )
    grain = 0.03 * a.texture * mask
    return np.asarray(0.6 - 0.2 * _blur(line, 0.7) + grain - 0.03 * mask)


def rods(a: Anatomy) -> np.ndarray:
    """Bacteria in phase contrast: dark rods with a slight glow around."""
    mask = _blur((a.labels > 0) * a.brightness * (0.4 + 0.6 * a.thickness), 0.8)
    return 0.6 + 0.35 * (_blur(mask, 3.0) - mask) - 0.15 * mask


def textured(a: Anatomy) -> np.ndarray:
    """Objects that differ from the background by grain more than by mean."""
    mask = (a.labels > 0).astype(np.float32)
    grain = a.texture * mask
    fine = grain - _blur(grain, 1.5)
    rim = np.exp(-((a.depth / 1.2) ** 2))
    tone = mask * (a.brightness - 0.9)
    return np.asarray(0.5 + 0.10 * fine + 0.10 * tone - 0.08 * rim)


MODALITIES: dict[str, Callable[[Anatomy], np.ndarray]] = {
    "nuclei": nuclei,
    "membranes": membranes,
    "phase": phase_contrast,
    "spread": spread,
    "dic": dic,
    "brightfield": brightfield,
    "rods": rods,
    "textured": textured,
}
"""Name of a modality -> image (Y, X) about 0 to 1 of an `Anatomy`."""
