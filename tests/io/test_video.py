"""Every frame of a video has its own number, however it is reached."""

from __future__ import annotations

import av
import numpy as np
import pytest

from napari_sam2_ivos.core.errors import FormatError
from napari_sam2_ivos.io.sources import open_source
from napari_sam2_ivos.io.video import N_CACHED, VideoReader

N_FRAMES = 90
KINDS = {
    "h264_b_frames.mp4": ("libx264", "yuv420p", {"g": "12", "bf": "3"}),
    "h264_b_frames.avi": ("libx264", "yuv420p", {"g": "12", "bf": "3"}),
    "h264_one_key_frame.mp4": ("libx264", "yuv420p", {"g": "500", "bf": "2"}),
    "mpeg4.mov": ("mpeg4", "yuv420p", {"g": "12"}),
    "mpeg4_b_frames.avi": ("mpeg4", "yuv420p", {"g": "12", "bf": "2"}),
    "mjpeg.avi": ("mjpeg", "yuvj420p", {}),
    "grey.avi": ("rawvideo", "gray", {}),
    "grey16.avi": ("ffv1", "gray16le", {}),
}


def write(path, codec, pixel_format, options):
    """Write frames whose left part shows their number in eight black or white bars."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 64, pixel_format
        for i in range(N_FRAMES):
            bits = [255 * (i >> b & 1) for b in range(8)]
            plane = np.repeat(np.array(bits, np.uint8), 16)[None].repeat(64, 0)
            rgb = np.ascontiguousarray(np.stack([plane] * 3, axis=-1))
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def number(picture):
    grey = picture.mean(axis=-1) if picture.ndim == 3 else picture
    bars = grey[32, 8::16] > grey.max() / 2 if grey.max() > 100 else np.zeros(8, bool)
    return int(sum(1 << b for b in range(8) if bars[b]))


@pytest.fixture(scope="module", params=KINDS)
def video(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / request.param
    codec, pixel_format, options = KINDS[request.param]
    try:
        write(path, codec, pixel_format, options)
    except (av.error.FFmpegError, ValueError) as error:
        pytest.skip(f"this PyAV cannot write {codec}: {error}")
    return path


def test_frames_in_order(video):
    data = open_source(video).data
    assert len(data) == N_FRAMES
    assert [number(data[i]) for i in range(N_FRAMES)] == list(range(N_FRAMES))


def test_frames_in_any_order(video):
    data = open_source(video).data
    order = np.random.default_rng(1).permutation(N_FRAMES)[:25].tolist()
    order += [N_FRAMES - 1, 0, 1, 50, 49, 48, 48, 50, N_FRAMES - 1]
    assert [number(data[i]) for i in order] == order


def test_memory_stays_bounded(video):
    reader = VideoReader(video)
    for i in range(0, N_FRAMES, 3):
        reader.read(i)
    assert len(reader._cache) <= N_CACHED


def test_grey_stays_grey_and_colour_is_rgb(video):
    source = open_source(video)
    if "grey" in video.name:
        assert not source.rgb
        assert source.data.dtype == ("uint16" if "16" in video.name else "uint8")
    else:
        assert source.rgb
        assert source.data.dtype == "uint8"
        assert source.axes == "TYXS"
    assert source.interval_s is None


def test_a_video_cut_short(tmp_path):
    path = tmp_path / "m.mp4"
    write(path, "mpeg4", "yuv420p", {})
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(FormatError, match=r"m\.mp4"):
        open_source(path)


def test_sound_only(tmp_path):
    path = tmp_path / "m.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 800), np.int16), format="s16", layout="mono"
        )
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(FormatError, match="no pictures"):
        open_source(path)
