"""The models there are, and where each comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from napari_sam2_ivos.core.errors import ModelError

MIRROR_VARIABLE = "NAPARI_SAM2_IVOS_MIRROR"
"""Environment variable with addresses of folders that hold the checkpoint files,
separated by spaces."""

_META_URL = "https://dl.fbaipublicfiles.com/segment_anything_2/"


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalogue.

    Parameters
    ----------
    name : str
        What `model=` and ``--model`` take.
    title : str
        What the window shows.
    size_bytes : int
        Size of the checkpoint file.
    licence : str
    note : str
        What it is good for, in a few words.
    config : str
        Config file: inside this package's ``models/``, or one of sam2's.
    url, sha256 : str or None
        Where the checkpoint is downloaded from; None for the bundled model.
    """

    name: str
    title: str
    size_bytes: int
    licence: str
    note: str
    config: str
    url: str | None = None
    sha256: str | None = None

    @property
    def file_name(self) -> str:
        """Name of the checkpoint file."""
        return "bundled.safetensors" if self.url is None else self.url.rsplit("/", 1)[1]


def _meta(
    version: str, size: str, config: str, path: str, n_bytes: int, sha256: str
) -> ModelEntry:
    notes = {
        "tiny": "fast; a good first choice on a GPU",
        "small": "nearly as fast as tiny, a little more exact",
        "base-plus": "more exact; a GPU is advised",
        "large": "the most exact; needs a good GPU",
    }
    return ModelEntry(
        name=f"sam{version}-{size}",
        title=f"SAM {version} {size}",
        size_bytes=n_bytes,
        licence="Apache-2.0",
        note=notes[size] if version == "2.1" else f"{notes[size]}; the older release",
        config=f"configs/sam{version}/{config}",
        url=_META_URL + path,
        sha256=sha256,
    )


def entries() -> tuple[ModelEntry, ...]:
    """Return all models, the bundled one first."""
    bundled = bundled_file()
    return (
        ModelEntry(
            "bundled",
            "Bundled (small, for cells)",
            bundled.stat().st_size if bundled.exists() else 0,
            "BSD-3-Clause",
            "comes with the plugin; quick on a laptop",
            "bundled.yaml",
        ),
        _meta(
            "2.1",
            "tiny",
            "sam2.1_hiera_t.yaml",
            "092824/sam2.1_hiera_tiny.pt",
            156_008_466,
            "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
        ),
        _meta(
            "2.1",
            "small",
            "sam2.1_hiera_s.yaml",
            "092824/sam2.1_hiera_small.pt",
            184_416_285,
            "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
        ),
        _meta(
            "2.1",
            "base-plus",
            "sam2.1_hiera_b+.yaml",
            "092824/sam2.1_hiera_base_plus.pt",
            323_606_802,
            "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
        ),
        _meta(
            "2.1",
            "large",
            "sam2.1_hiera_l.yaml",
            "092824/sam2.1_hiera_large.pt",
            898_083_611,
            "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
        ),
        _meta(
            "2",
            "tiny",
            "sam2_hiera_t.yaml",
            "072824/sam2_hiera_tiny.pt",
            155_906_050,
            "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125",
        ),
        _meta(
            "2",
            "small",
            "sam2_hiera_s.yaml",
            "072824/sam2_hiera_small.pt",
            184_309_650,
            "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3",
        ),
        _meta(
            "2",
            "base-plus",
            "sam2_hiera_b+.yaml",
            "072824/sam2_hiera_base_plus.pt",
            323_493_298,
            "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071",
        ),
        _meta(
            "2",
            "large",
            "sam2_hiera_l.yaml",
            "072824/sam2_hiera_large.pt",
            897_952_466,
            "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b",
        ),
    )


def find(name: str) -> ModelEntry:
    """Return the model called `name`.

    ``_`` counts as ``-``, and a size alone, such as "tiny", means SAM 2.1.

    Raises
    ------
    ModelError
        If there is none.
    """
    wanted = name.lower().replace("_", "-")
    for entry in entries():
        if entry.name in (wanted, f"sam2.1-{wanted}"):
            return entry
    names = ", ".join(entry.name for entry in entries())
    raise ModelError(f"There is no model '{name}'. Choose one of: {names}.")


def urls(entry: ModelEntry) -> list[str]:
    """Return where the checkpoint can be downloaded: mirrors in their order, Meta last.

    A mirror needs no trust of its own: what it sends must have the hash of the
    catalogue.
    """
    if entry.url is None:
        return []
    mirrors = os.environ.get(MIRROR_VARIABLE, "").split()
    own = [f"{mirror.rstrip('/')}/{entry.file_name}" for mirror in mirrors]
    return [*own, entry.url]


def config_path(entry: ModelEntry) -> Path:
    """Return the config file of a model."""
    if entry.url is None:
        return _package_folder("napari_sam2_ivos") / "models" / entry.config
    return _package_folder("sam2") / entry.config


def bundled_file() -> Path:
    """Return where the bundled checkpoint lies, if this copy has one."""
    return _package_folder("napari_sam2_ivos") / "models" / "bundled.safetensors"


def _package_folder(name: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModelError(f"The Python package '{name}' is not installed.")
    return Path(spec.origin).parent
