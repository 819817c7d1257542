"""A real time-lapse to try things on, downloaded once and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pooch

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.sources import Source, open_source

if TYPE_CHECKING:
    import os


@dataclass(frozen=True)
class Sample:
    """A movie on the web.

    Parameters
    ----------
    name, title : str
    url : str
    sha256 : str
        Of the file, as published; anything else is refused.
    credit : str
        Whom to cite.
    """

    name: str
    title: str
    url: str
    sha256: str
    credit: str


# URL and hash are those of scikit-image's own registry (skimage 0.26,
# skimage.data.protein_transport): a fixed commit, so it cannot change.
NUCLEUS = Sample(
    name="nucleus.tif",
    title="A protein moving to the nuclear envelope, 15 frames, 2 channels",
    url=(
        "https://gitlab.com/scikit-image/data/-/raw/"
        "2cdc5ce89b334d28f06a58c9f0ca21aa6992a5ba/NPCsingleNucleus.tif"
    ),
    sha256="a8e24e8d187f33e92ee28508d5615286c850ca75374af7e74e527d290e8b06ea",
    credit="Boni et al., J Cell Biol 209(5):705-720 (2015), doi 10.1083/jcb.201409133",
)


def fetch(
    sample: Sample = NUCLEUS, folder: str | os.PathLike[str] | None = None
) -> Path:
    """Download a sample, or find it in the cache.

    Parameters
    ----------
    sample : Sample
    folder : path-like, optional
        Where to keep it; the user's cache folder by default.

    Raises
    ------
    FormatError
        If it cannot be downloaded, or is not what it should be. A download
        cut short is never kept.
    """
    if folder is None:
        folder = platformdirs.user_cache_path("napari-sam2-ivos") / "samples"
    try:
        return Path(
            pooch.retrieve(
                sample.url,
                known_hash=f"sha256:{sample.sha256}",
                fname=sample.name,
                path=Path(folder),
                downloader=pooch.HTTPDownloader(chunk_size=1 << 16, timeout=30),
            )
        )
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise FormatError(
            f"The sample '{sample.title}' could not be downloaded from {sample.url}:"
            f" {error}. Check the connection and try again; the synthetic sample needs"
            " none."
        ) from error


def open_sample(sample: Sample = NUCLEUS) -> Source:
    """Download a sample if needed, and open it as a movie."""
    return open_source(fetch(sample))
