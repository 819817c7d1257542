"""Which model a user gets who has named none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam2_ivos.engine.catalogue import entries, find
from napari_sam2_ivos.engine.installed import installed_path

if TYPE_CHECKING:
    import torch

    from napari_sam2_ivos.engine.catalogue import ModelEntry

AUTOMATIC = "auto"
"""In the place of a model's name: the best that is installed and fits the device."""

ROOM_BYTES = 4 << 30
"""What a graphics card must have beside the weights: a segmenter's two caches of
1 GiB each, and an estimate of as much again for what is being computed."""


@dataclass(frozen=True)
class Choice:
    """A model, and in a few words why it."""

    entry: ModelEntry
    reason: str


def foreseen(device: str | None) -> Choice | None:
    """Return what `choose` will choose, if that can be told without torch.

    It can where the device does not matter, for a new user above all, or is known
    to be the CPU. So a window names the model before anything is loaded.

    Parameters
    ----------
    device : str or None
        Type of the device, or None if the fastest is to be taken.
    """
    if not _downloaded():
        return Choice(find("bundled"), "no other model is installed")
    if device == "cpu":
        # SAM 2.1 tiny takes about 4 s per frame and object on one.
        return Choice(find("bundled"), "the others are slow on a processor")
    return None


def choose(name: str, device: torch.device) -> Choice:
    """Return the model called `name`; for "auto", the best there is for a device.

    On a CPU that is the bundled one. On a graphics card it is the largest
    SAM 2.1 model, or if there is none the largest SAM 2 model, that is installed
    and whose weights leave `ROOM_BYTES` of the card's memory; the bundled one if
    there is none.

    Raises
    ------
    ModelError
        If there is no model of that name.
    """
    if name != AUTOMATIC:
        return Choice(find(name), "as asked for")
    known = foreseen(device.type)
    if known is not None:
        return known
    from napari_sam2_ivos.engine.device import memory_bytes

    memory = memory_bytes(device)
    for entry in _downloaded():
        if entry.size_bytes + ROOM_BYTES <= memory:
            return Choice(entry, "the best that is installed and fits")
    return Choice(find("bundled"), "the others need a card with more memory")


def _downloaded() -> list[ModelEntry]:
    """Return the published models that are installed, best first."""
    here = [e for e in entries() if e.url is not None and installed_path(e) is not None]
    return sorted(
        here, key=lambda e: (e.name.startswith("sam2.1-"), e.size_bytes), reverse=True
    )
