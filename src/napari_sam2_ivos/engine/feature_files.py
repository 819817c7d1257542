"""Features of frames in files, so that the next opening of a movie finds them."""

from __future__ import annotations

import logging
import os
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    import torch

_log = logging.getLogger(__name__)

FEATURES_DIR_VARIABLE = "NAPARI_SAM2_IVOS_FEATURES"
"""Environment variable naming a folder for them, such as one on a scratch disk."""

KEPT_WHEN_FULL = 0.9
"""Share of the budget that is left when old files have made room."""


def features_folder() -> Path:
    """Return the folder that `FEATURES_DIR_VARIABLE` names, or the user's own."""
    named = os.environ.get(FEATURES_DIR_VARIABLE)
    if named:
        return Path(named).expanduser()
    return user_cache_path("napari-sam2-ivos", appauthor=False) / "features"


class FeatureFiles:
    """A folder with one file per encoded frame, the least recently used go first.

    A file is named after the pixels that the encoder saw and the encoder's weights. So
    the same frame is found again whatever its movie is called or where it lies, and
    a movie, intensity mapping, model or input size that has changed finds nothing.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
    folder : path, optional
        Made when the first file is; others may use it at the same time.
        `features_folder` by default.
    budget_bytes : int
        What the files of all movies and models may take together.
    """

    def __init__(
        self, net: Any, folder: Path | None = None, budget_bytes: int = 4 << 30
    ) -> None:
        self._folder = folder or features_folder()
        self._net = net
        self._budget = budget_bytes
        self._encoder: bytes | None = None
        self._n_bytes: int | None = None

    def load(self, image: torch.Tensor) -> tuple[torch.Tensor, ...] | None:
        """Return the kept maps of an input ``(3, S, S)``, finest first, or None."""
        path = self._path(image)
        try:
            maps = load_file(path)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError) as error:
            _log.warning("Kept features '%s' cannot be read: %s", path, error)
            path.unlink(missing_ok=True)
            return None
        return tuple(maps[str(level)] for level in range(len(maps)))

    def save(self, image: torch.Tensor, maps: tuple[torch.Tensor, ...]) -> None:
        """Keep the maps of an input; a disk that is full is no reason to stop."""
        path = self._path(image)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
                pass
            try:
                named = {str(i): level.contiguous() for i, level in enumerate(maps)}
                save_file(named, part.name)
                Path(part.name).replace(path)
            finally:
                Path(part.name).unlink(missing_ok=True)
            self._make_room(path.stat().st_size)
        except (OSError, SafetensorError) as error:
            _log.warning("Features cannot be kept in '%s': %s", self._folder, error)

    def _path(self, image: torch.Tensor) -> Path:
        name = blake2b(self._fingerprint(), digest_size=20)
        name.update(image.numpy().tobytes())
        digest = name.hexdigest()
        return self._folder / digest[:2] / f"{digest}.safetensors"

    def _fingerprint(self) -> bytes:
        """Digest of everything that the features depend on beside the pixels."""
        if self._encoder is None:
            digest = blake2b(self._net.device.type.encode())
            decoder = self._net.sam_mask_decoder
            parts = [self._net.image_encoder]
            if self._net.use_high_res_features_in_sam:
                parts += [decoder.conv_s0, decoder.conv_s1]
            for part in parts:
                for name, weight in part.state_dict().items():
                    digest.update(name.encode())
                    digest.update(weight.cpu().contiguous().numpy().tobytes())
            self._encoder = digest.digest()
        return self._encoder

    def _make_room(self, n_new: int) -> None:
        if self._n_bytes is None:
            self._n_bytes = sum(size for _, size, _ in self._files())
        else:
            self._n_bytes += n_new
        if self._n_bytes <= self._budget:
            return
        files = sorted(self._files())
        self._n_bytes = sum(size for _, size, _ in files)
        for _, size, path in files:
            if self._n_bytes <= KEPT_WHEN_FULL * self._budget:
                return
            path.unlink(missing_ok=True)
            self._n_bytes -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return when each file was last used, its bytes and its path."""
        found = []
        for path in self._folder.glob("??/*.safetensors"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process has made room
                continue
            found.append((stat.st_mtime, stat.st_size, path))
        return found
