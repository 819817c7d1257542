"""What the image encoder makes of each frame, kept within a byte budget."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from napari_sam2_ivos.engine.frames import to_input

if TYPE_CHECKING:
    import numpy as np

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie
    from napari_sam2_ivos.engine.feature_files import FeatureFiles


@dataclass(frozen=True, eq=False)
class Features:
    """Feature maps of one frame, finest first, each ``(1, C, H, W)``.

    Positional encodings are the same on every frame and not in here: at
    1024 px upstream recomputes 88 MB of them per frame.
    """

    maps: tuple[torch.Tensor, ...]

    @property
    def n_bytes(self) -> int:
        """Size in memory."""
        return sum(m.numel() * m.element_size() for m in self.maps)

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each map."""
        return [(m.shape[-2], m.shape[-1]) for m in self.maps]

    def flat(self, n: int) -> list[torch.Tensor]:
        """Return the maps as sam2's tracking wants them, for `n` objects.

        Returns
        -------
        list of Tensor, (H * W, n, C)
            Views: nothing is copied.
        """
        return [m.flatten(2).permute(2, 0, 1).expand(-1, n, -1) for m in self.maps]


class FeatureCache:
    """Encodes a frame when it is first needed; drops the least recently used.

    Maps are kept in half precision in main memory, 2.1 MB per frame at 512 px, and
    in files too if there is a folder for them. What was rounded once is what is
    used from the beginning, so a frame gives the same whether it was kept or not.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
    movie : Movie
    mapping : IntensityMapping
    budget_bytes : int
        What the kept features may take of the main memory.
    files : FeatureFiles, optional
        Where they are looked for and kept beyond this process.
    """

    def __init__(
        self,
        net: Any,
        movie: Movie,
        mapping: IntensityMapping,
        budget_bytes: int,
        files: FeatureFiles | None = None,
    ) -> None:
        self._net = net
        self._movie = movie
        self._mapping = mapping
        self._budget = budget_bytes
        self._files = files
        self._kept: OrderedDict[int, Features] = OrderedDict()
        self._n_bytes = 0
        self._current: tuple[int, Features] | None = None
        self._position: torch.Tensor | None = None
        self._reader = ThreadPoolExecutor(1, "ivos-read")
        self._coming: tuple[int, Future[np.ndarray]] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, frame: int) -> Features:
        """Return the features of a frame, encoding it if need be."""
        if self._current is not None and self._current[0] == frame:
            return self._current[1]
        kept = self._kept.get(frame)
        if kept is None:
            kept = Features(self._load_or_encode(self._read(frame)))
            self._keep(frame, kept)
        self._kept.move_to_end(frame)
        device = self._net.device
        features = Features(tuple(m.to(device, torch.float32) for m in kept.maps))
        self._current = frame, features
        return features

    def expect(self, frame: int) -> None:
        """Begin to read a frame that will be needed next, on another thread.

        Only to read: two threads that compute would stand in each other's way.
        """
        if frame in self._kept or (self._coming and self._coming[0] == frame):
            return
        self._coming = frame, self._reader.submit(self._movie.plane, frame)

    def position(self, n: int) -> torch.Tensor:
        """Return the positional encoding of the coarsest map, ``(H * W, n, C)``."""
        if self._position is None:
            assert self._current is not None, "asked for once there is a frame"
            coarsest = self._current[1].maps[-1]
            encoding = self._net.image_encoder.neck.position_encoding(coarsest)
            self._position = encoding[:1].flatten(2).permute(2, 0, 1)
        return self._position.expand(-1, n, -1)

    def clear(self) -> None:
        """Drop everything that is in memory."""
        self._kept.clear()
        self._n_bytes = 0
        self._current = self._coming = None

    def _keep(self, frame: int, features: Features) -> None:
        self._kept[frame] = features
        self._n_bytes += features.n_bytes
        while self._n_bytes > self._budget and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._n_bytes -= dropped.n_bytes

    def _read(self, frame: int) -> torch.Tensor:
        coming, self._coming = self._coming, None
        if coming is not None and coming[0] == frame:
            plane = coming[1].result()
        else:
            plane = self._movie.plane(frame)
        return to_input(plane, self._mapping, self._net.image_size)

    def _load_or_encode(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = None if self._files is None else self._files.load(image)
        if maps is None:
            out = self._net.forward_image(image[None].to(self._net.device))
            levels = out["backbone_fpn"][-self._net.num_feature_levels :]
            maps = tuple(level.half().cpu() for level in levels)
            if self._files is not None:
                self._files.save(image, maps)
        return maps
