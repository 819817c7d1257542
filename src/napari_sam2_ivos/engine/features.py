"""What the image encoder makes of each view of a frame, kept within a byte budget."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from napari_sam2_ivos.engine.frames import to_input
from napari_sam2_ivos.engine.planes import Planes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.feature_files import FeatureFiles
    from napari_sam2_ivos.engine.networks import Networks

    Maps = tuple[torch.Tensor, ...]

PIXELS_AT_ONCE = {"cpu": 1 << 20, "mps": 1 << 21, "cuda": 1 << 23}
"""Pixels of the model's input that go through the encoder together."""


@dataclass(frozen=True, eq=False)
class Features:
    """Feature maps of one or more views of a frame, finest first.

    Positional encodings are the same for all of them and not in here: at 1024 px
    upstream recomputes 88 MB of them per frame.

    Parameters
    ----------
    maps : tuple of Tensor, (U, C, H, W)
        On the model's device.
    rows : tuple of int
        Which of the U views each of N objects is looked for in.
    """

    maps: Maps
    rows: tuple[int, ...]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each map."""
        return [(m.shape[-2], m.shape[-1]) for m in self.maps]

    def flat(self) -> list[torch.Tensor]:
        """Return the maps as sam2's tracking wants them.

        Returns
        -------
        list of Tensor, (H * W, N, C)
            Where all objects share a view nothing is copied.
        """
        flat = [m.flatten(2).permute(2, 0, 1) for m in self.maps]
        if flat[0].shape[1] == 1:
            return [m.expand(-1, len(self.rows), -1) for m in flat]
        return [m[:, list(self.rows)] for m in flat]


class FeatureCache:
    """Encodes a view when it is first needed; drops the least recently used.

    Maps are kept in half precision in main memory, 2.1 MB per view at 512 px, and
    in files too if there is a folder for them. What was rounded once is what is
    used from the beginning, so a frame gives the same whether it was kept or not.

    Parameters
    ----------
    networks : Networks
    movie : Movie
    mapping : IntensityMapping
    budget_bytes : int
        What the kept features may take of the main memory.
    files : FeatureFiles, optional
        Where they are looked for and kept beyond this process.
    """

    def __init__(
        self,
        networks: Networks,
        movie: Movie,
        mapping: IntensityMapping,
        budget_bytes: int,
        files: FeatureFiles | None = None,
    ) -> None:
        self._networks = networks
        self._planes = Planes(movie)
        self._mapping = mapping
        self._budget = budget_bytes
        self._files = files
        self._kept: OrderedDict[tuple[int, View], Maps] = OrderedDict()
        self._n_bytes = 0
        self._current: tuple[int, tuple[View, ...], Maps] | None = None
        self._positions: dict[tuple[int, ...], torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, frame: int, views: Sequence[View]) -> Features:
        """Return the features of views of a frame, encoding them if need be.

        Parameters
        ----------
        frame : int
        views : sequence of View
            One per object, windows or the whole frame; equal ones are encoded once.
        """
        distinct = tuple(dict.fromkeys(views))
        rows = tuple(distinct.index(view) for view in views)
        if self._current is None or self._current[:2] != (frame, distinct):
            maps = self._fetch(frame, distinct)
            on_device = tuple(
                torch.cat(level).to(self._networks.device, torch.float32)
                for level in zip(*maps, strict=True)
            )
            self._current = frame, distinct, on_device
        return Features(self._current[2], rows)

    def expect(self, frame: int, view: View) -> None:
        """Begin to read a frame that will be needed next, unless its view is here."""
        if (frame, view) not in self._kept:
            self._planes.expect(frame)

    def position(self, features: Features) -> torch.Tensor:
        """Return the positional encoding of the coarsest map, ``(H * W, N, C)``."""
        coarsest = features.maps[-1][:1]
        size = tuple(coarsest.shape[-2:])
        if size not in self._positions:
            encoding = self._networks.any.image_encoder.neck.position_encoding(coarsest)
            self._positions[size] = encoding.flatten(2).permute(2, 0, 1)
        return self._positions[size].expand(-1, len(features.rows), -1)

    def clear(self) -> None:
        """Drop everything that is in memory."""
        self._kept.clear()
        self._n_bytes = 0
        self._current = None
        self._planes.clear()

    def _fetch(self, frame: int, views: tuple[View, ...]) -> list[Maps]:
        """Return the maps of views, each ``(1, C, H, W)`` in half precision."""
        found = {view: self._kept.get((frame, view)) for view in views}
        lacking = [view for view in views if found[view] is None]
        net = self._networks.seeing(views[0])
        n = max(1, PIXELS_AT_ONCE[net.device.type] // net.image_size**2)
        for first in range(0, len(lacking), n):
            batch = lacking[first : first + n]
            images = [
                to_input(self._planes.seen(frame, v), self._mapping, net.image_size)
                for v in batch
            ]
            made = self._load_or_encode(net, images)
            for view, maps in zip(batch, made, strict=True):
                self._kept[frame, view] = found[view] = maps
                self._n_bytes += _n_bytes(maps)
        for view in views:
            if (frame, view) in self._kept:
                self._kept.move_to_end((frame, view))
        while self._n_bytes > self._budget and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._n_bytes -= _n_bytes(dropped)
        return [maps for maps in found.values() if maps is not None]

    def _load_or_encode(self, net: Any, images: list[torch.Tensor]) -> list[Maps]:
        files = self._files
        loaded = [None if files is None else files.load(image) for image in images]
        new = [image for image, maps in zip(images, loaded, strict=True) if not maps]
        if not new:
            return [maps for maps in loaded if maps]
        out = net.forward_image(torch.stack(new).to(net.device))
        levels = [m.half().cpu() for m in out["backbone_fpn"]]
        levels = levels[-net.num_feature_levels :]
        # Copies: a view would keep the whole batch alive.
        encoded = iter(
            [tuple(m[i : i + 1].clone() for m in levels) for i in range(len(new))]
        )
        made = []
        for image, maps in zip(images, loaded, strict=True):
            if maps is None:
                maps = next(encoded)
                if files is not None:
                    files.save(image, maps)
            made.append(maps)
        return made


def _n_bytes(maps: Maps) -> int:
    return sum(m.numel() * m.element_size() for m in maps)
