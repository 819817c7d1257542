"""One network at two input sizes: for whole frames, and for windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from napari_sam2_ivos.core.views import View
    from napari_sam2_ivos.engine.checkpoint import LoadedModel


@dataclass(frozen=True, eq=False)
class Networks:
    """Says which network looks at a view.

    A window shows one object, for which a smaller input is enough than for a whole
    frame of them. Both have the same weights.

    Parameters
    ----------
    model : LoadedModel
    whole_view : View
        The whole frame.
    """

    model: LoadedModel
    whole_view: View

    def seeing(self, view: View) -> Any:
        """Return the network that looks at a view, a ``SAM2Base``."""
        if view == self.whole_view:
            return self.model.net
        return self.model.window_net or self.model.net

    @property
    def any(self) -> Any:
        """Either of them, for what does not depend on the input size."""
        return self.model.net

    @property
    def device(self) -> torch.device:
        """Where they compute."""
        return self.model.device

    @property
    def window_size(self) -> int:
        """Side of the input for windows, pixels."""
        return int((self.model.window_net or self.model.net).image_size)
