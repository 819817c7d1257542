"""Movies in video files: exact frame numbers, one frame in memory at a time."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from napari_sam2_ivos.core.errors import FormatError, MovieError
from napari_sam2_ivos.io.lazy_array import FrameArray
from napari_sam2_ivos.io.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

N_CACHED = 8
"""Frames kept decoded, for someone stepping to and fro."""
N_PROBED = 40
"""Frames decoded when opening, to see whether time stamps can be trusted."""

VIDEO_ERRORS = (av.error.FFmpegError, OSError, ValueError, LookupError)


def open_video(path: Path) -> Source:
    """Open a video; grey formats stay grey (8 or 16 bits), others become RGB.

    The frame rate of a video is that of the player, not of the microscope, so
    no frame interval is taken from it.
    """
    try:
        reader = VideoReader(path)
        first = reader.read(0)
    except VIDEO_ERRORS as error:
        raise FormatError(
            f"'{path.name}' cannot be read as a video: {error}. If it plays elsewhere,"
            " convert it to .mp4 (H.264) or to a folder of frames."
        ) from error
    data = FrameArray(reader.n_frames, first.shape, first.dtype, reader.read)
    rgb = first.ndim == 3
    return Source(data, 0, rgb=rgb, axes="TYXS" if rgb else "TYX")


class VideoReader:
    """Random access to the frames of a video file by number.

    Time stamps of all packets are listed once, without decoding; a frame is
    found by seeking to the key frame before it. Where a file's time stamps do
    not fit what its decoder gives (H.264 in AVI), frames are counted from the
    beginning instead: slower backward, but right.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._container: Any = av.open(str(path))
        if not self._container.streams.video:
            raise ValueError("it holds no pictures")
        self._stream: Any = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        packets = [
            (packet.pts, packet.is_keyframe)
            for packet in self._container.demux(self._stream)
            if packet.size and not packet.is_discard
        ]
        if not packets or self._stream.format is None:
            raise ValueError("it holds no frames")
        self._format = _pixel_format(self._stream.format)
        stamps = [pts for pts, _ in packets]
        known = sorted(stamp for stamp in stamps if stamp is not None)
        self._stamps = known if len(known) == len(stamps) else None
        self._frames: Iterator[Any] = iter(())
        self._next = 0
        self.n_frames = len(packets)
        if self._stamps is not None and not self._stamps_hold():
            self._stamps = None
        if self._stamps is not None:
            number = {pts: i for i, pts in enumerate(self._stamps)}
            self._key_frames = sorted(
                number[pts] for pts, key in packets if key and pts is not None
            )

    def read(self, frame: int) -> np.ndarray:
        """Return frame `frame`, ``(Y, X)`` grey or ``(Y, X, 3)`` uint8."""
        with self._lock:
            if frame in self._cache:
                self._cache.move_to_end(frame)
                return self._cache[frame]
            try:
                picture = self._decode(frame)
            except VIDEO_ERRORS as error:
                self._next = self.n_frames  # seek anew next time
                raise MovieError(
                    f"Frame {frame} of '{self.path.name}' cannot be read: {error}. The"
                    " video may be cut short; convert it again."
                ) from error
            self._cache[frame] = picture
            if len(self._cache) > N_CACHED:
                self._cache.popitem(last=False)
            return picture

    def _decode(self, frame: int) -> np.ndarray:
        if self._is_far(frame):
            self._seek(frame)
        try:
            return self._decode_on(frame)
        except LookupError:  # the seek landed behind it
            self._seek(0)
            return self._decode_on(frame)

    def _decode_on(self, frame: int) -> np.ndarray:
        for picture in self._frames:
            found = self._next
            if self._stamps is not None:
                found = int(np.searchsorted(self._stamps, picture.pts))
            self._next = found + 1
            if found == frame:
                return np.asarray(picture.to_ndarray(format=self._format))
            if found > frame:
                break
        raise LookupError("it is missing in the file")

    def _is_far(self, frame: int) -> bool:
        """Whether seeking beats decoding on from where we are."""
        if self._next == 0 or frame < self._next:
            return True
        if self._stamps is None:
            return False
        i = int(np.searchsorted(self._key_frames, frame, side="right")) - 1
        return i >= 0 and self._key_frames[i] > self._next

    def _seek(self, frame: int) -> None:
        """Go to the key frame at or before `frame`."""
        if self._stamps is None or frame == 0:
            stamp = min(0, self._stream.start_time or 0)
        else:
            stamp = self._stamps[frame]
        self._container.seek(stamp, stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)
        self._next = 0

    def _stamps_hold(self) -> bool:
        """Whether decoding gives the listed time stamps, in order."""
        assert self._stamps is not None
        self._seek(0)
        given = []
        for picture in self._frames:
            given.append(picture.pts)
            if len(given) == N_PROBED:
                break
        self._next = 0
        return bool(given) and given == self._stamps[: len(given)]


def _pixel_format(source: Any) -> str:
    name = str(source.name)
    if name.startswith("gray"):
        return "gray" if name == "gray" else "gray16le"
    return "rgb24"
