"""What the image encoder makes of each frame, kept within a byte budget."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_sam2_ivos.engine.frames import to_input

if TYPE_CHECKING:
    import torch

    from napari_sam2_ivos.core.intensity import IntensityMapping
    from napari_sam2_ivos.core.movie import Movie


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

    Parameters
    ----------
    model : sam2.modeling.sam2_base.SAM2Base
    movie : Movie
    mapping : IntensityMapping
    budget_bytes : int
        What the kept features may take together.
    """

    def __init__(
        self, model: Any, movie: Movie, mapping: IntensityMapping, budget_bytes: int
    ) -> None:
        self._model = model
        self._movie = movie
        self._mapping = mapping
        self._budget = budget_bytes
        self._kept: OrderedDict[int, Features] = OrderedDict()
        self._n_bytes = 0
        self.position: torch.Tensor | None = None
        """Positional encoding of the coarsest map, ``(H * W, 1, C)``."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, frame: int) -> Features:
        """Return the features of a frame, encoding it if need be."""
        found = self._kept.get(frame)
        if found is not None:
            self._kept.move_to_end(frame)
            return found
        features = self._encode(frame)
        self._kept[frame] = features
        self._n_bytes += features.n_bytes
        while self._n_bytes > self._budget and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._n_bytes -= dropped.n_bytes
        return features

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._n_bytes = 0

    def _encode(self, frame: int) -> Features:
        plane = self._movie.plane(frame)
        image = to_input(plane, self._mapping, self._model.image_size)
        out = self._model.forward_image(image[None].to(self._model.device))
        n_levels = self._model.num_feature_levels
        if self.position is None:
            position = out["vision_pos_enc"][-1]
            self.position = position.flatten(2).permute(2, 0, 1)
        return Features(tuple(out["backbone_fpn"][-n_levels:]))
