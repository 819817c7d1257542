"""Movies in TIFF, OME-TIFF and ImageJ files."""

from __future__ import annotations

import logging
import warnings
import weakref
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import tifffile
import zarr

from napari_sam2_ivos.core.errors import FormatError, IvosWarning
from napari_sam2_ivos.io.lazy_array import READ_ERRORS, GuardedArray
from napari_sam2_ivos.io.raw_array import RawArray
from napari_sam2_ivos.io.sources import Source, time_axis_of

if TYPE_CHECKING:
    from pathlib import Path

MICROMETRE_NAMES = {
    "um",
    "µm",
    "\u03bcm",
    "\\u00b5m",
    "micron",
    "microns",
    "micrometer",
}
SECONDS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "hour": 3600.0}


class _CutShort(logging.Filter):
    """Listens for what tifffile only logs: that pages are missing."""

    heard = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Note a damaged file, and keep tifffile's own words off the screen."""
        text = record.getMessage()
        self.heard |= "invalid page offset" in text or "corrupted" in text
        return False


def open_tiff(path: Path) -> Source:
    """Open a TIFF file of any flavour, reading planes only when asked.

    Axes, pixel size and frame interval come from its metadata; a stack that
    names no time axis has its first axis as time.
    """
    try:
        tiff = tifffile.TiffFile(path)
    except READ_ERRORS as error:
        raise _not_tiff(path, error) from error
    try:
        series = _movie_series(tiff, path)
        array = _open_series(series, tiff, path)
        axes = _axes(series)
        scale, unit, interval = _calibration(tiff)
    except FormatError:
        tiff.close()
        raise
    data = GuardedArray(array, path)
    weakref.finalize(data, tiff.close)
    return Source(
        data,
        time_axis_of(axes),
        rgb=axes.endswith("S"),
        scale=scale,
        unit=unit,
        interval_s=interval,
        axes=axes,
    )


def _open_series(series: Any, tiff: tifffile.TiffFile, path: Path) -> Any:
    """Open the planes of a series as an array, if all of them are there."""
    if _reaches_beyond(series, tiff):
        raise _cut_short(path)
    require_decoder(series.keyframe, path)
    if series.dataoffset is not None:
        # Not as zarr, where a chunk is a strip, and that is mostly a whole plane.
        dtype = series.dtype.newbyteorder(tiff.byteorder)
        n_inner = 3 if series.axes.endswith("S") else 2
        return RawArray(path, series.dataoffset, series.shape, dtype, n_inner)
    return zarr.open(series.aszarr(level=0), mode="r")


def require_decoder(page: Any, path: Path) -> None:
    """Find out when opening, not in the middle of a run, that a decoder lacks."""
    try:
        decoder = tifffile.TIFF.DECOMPRESSORS[page.compression]
    except (KeyError, ValueError, ImportError):
        decoder = None
    if page.compression != 1 and decoder is None:
        raise FormatError(
            f"'{path.name}' is compressed with {page.compression.name}, which needs"
            " one more package: pip install imagecodecs."
        )


def _not_tiff(path: Path, error: Exception) -> FormatError:
    return FormatError(f"'{path.name}' cannot be read as TIFF: {error}.")


def _cut_short(path: Path) -> FormatError:
    return FormatError(
        f"'{path.name}' is damaged or cut short: it ends before its last frame."
        " Copy or export it again."
    )


def _movie_series(tiff: tifffile.TiffFile, path: Path) -> Any:
    """Find the first series with a time axis, listening for missing pages."""
    log, watch = logging.getLogger("tifffile"), _CutShort()
    log.addFilter(watch)
    try:
        every = tiff.series
        n_pages = len(tiff.pages)
    except (*READ_ERRORS, IndexError) as error:
        raise _not_tiff(path, error) from error
    finally:
        log.removeFilter(watch)
    if watch.heard or not every or not n_pages:
        raise _cut_short(path)
    stacks = [s for s in every if len(s.shape) > (3 if s.axes[-1] == "S" else 2)]
    if len(stacks) > 1:
        warnings.warn(
            f"'{path.name}' holds {len(stacks)} image series; the first is used.",
            IvosWarning,
            stacklevel=4,
        )
    return stacks[0] if stacks else every[0]


def _reaches_beyond(series: Any, tiff: tifffile.TiffFile) -> bool:
    if series.dataoffset is not None:
        return bool(series.dataoffset + series.nbytes > tiff.filehandle.size)
    page = series.pages[-1]
    if page is None or not page.dataoffsets:
        return False
    size = page.parent.filehandle.size  # of an OME-TIFF set, perhaps another file
    return bool(page.dataoffsets[-1] + page.databytecounts[-1] > size)


def _axes(series: Any) -> str:
    axes = str(series.axes)
    return axes.replace("I", "T") if "T" not in axes else axes


def _calibration(
    tiff: tifffile.TiffFile,
) -> tuple[tuple[float, float] | None, str | None, float | None]:
    """Pixel size ``(y, x)``, its unit and the frame interval in seconds.

    Only ImageJ and OME metadata count: the resolution of other TIFF files is
    that of a printer.
    """
    if tiff.ome_metadata:
        return _ome_calibration(tiff.ome_metadata)
    meta = tiff.imagej_metadata
    if not meta:
        return None, None, None
    interval = meta.get("finterval")
    seconds = SECONDS.get(str(meta.get("tunit", "sec")).lower(), 1.0)
    interval_s = float(interval) * seconds if interval else None
    unit = _unit(meta.get("unit"))
    tags = tiff.pages.first.tags
    if unit is None or "XResolution" not in tags or "YResolution" not in tags:
        return None, None, interval_s
    sizes = [_inverse(tags[key].value) for key in ("YResolution", "XResolution")]
    if None in sizes:
        return None, None, interval_s
    return (sizes[0] or 1.0, sizes[1] or 1.0), unit, interval_s


def _ome_calibration(
    xml: str,
) -> tuple[tuple[float, float] | None, str | None, float | None]:
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None, None, None
    pixels = root.find(".//{*}Pixels")
    if pixels is None:
        return None, None, None
    get = pixels.attrib.get
    interval = get("TimeIncrement")
    seconds = SECONDS.get(get("TimeIncrementUnit", "s"), 1.0)
    interval_s = float(interval) * seconds if interval else None
    y, x = get("PhysicalSizeY"), get("PhysicalSizeX")
    if not y or not x:
        return None, None, interval_s
    unit = _unit(get("PhysicalSizeXUnit", "µm"))
    return (float(y), float(x)), unit, interval_s


def _unit(text: Any) -> str | None:
    """Spell a unit in ASCII; ``None`` for pixels."""
    name = str(text or "").strip()
    if name.lower() in MICROMETRE_NAMES:
        return "um"
    return None if name.lower() in ("", "pixel", "pixels", "none", "null") else name


def _inverse(fraction: tuple[int, int]) -> float | None:
    """Pixel size from pixels per unit, given as a fraction."""
    numerator, denominator = fraction
    return denominator / numerator if numerator and denominator else None
