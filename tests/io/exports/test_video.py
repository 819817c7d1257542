"""The overlay video and the picture: decoded, and looked at where the cells are."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from napari_sam2_ivos.core.errors import Cancelled, FormatError, StoreError
from napari_sam2_ivos.core.movie import Movie
from napari_sam2_ivos.io.exports import overlay_video, picture
from napari_sam2_ivos.io.overlay import colour_of
from tests.io.exports.movies import (
    EVERY,
    annotate,
    blank,
    comes_late,
    division,
    leaves_and_returns,
    nothing,
    one_frame,
)


def decoded(path):
    """Return the frames of a video, ``(T, Y, X, 3)``, and how long it lasts in s."""
    with av.open(str(path)) as video:
        frames = [f.to_ndarray(format="rgb24") for f in video.decode(video=0)]
        return np.stack(frames).astype(int), video.duration / 1e6


def near(frame, colour, within=90):
    """Where a frame has a colour, about: ``(Y, X)`` bool."""
    return np.abs(frame - colour).sum(axis=-1) < within


def grey(labels):
    """A movie that is the same grey everywhere, but for one dark pixel."""
    values = np.full(labels.shape, 100, np.uint8)
    values[:, 0, 0] = 0
    return Movie(values)


@pytest.mark.parametrize("make", EVERY)
def test_all_frames_at_a_size_that_players_want(tmp_path, make):
    annotated = make()
    assert overlay_video.write(tmp_path / "v.mp4", annotated) == []
    frames, seconds = decoded(tmp_path / "v.mp4")
    assert frames.shape == (annotated.n_frames, 640, 960, 3)
    assert seconds >= 2
    assert [item.name for item in tmp_path.iterdir()] == ["v.mp4"]
    with av.open(str(tmp_path / "v.mp4")) as video:
        context = video.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_ten_frames_per_second(tmp_path):
    overlay_video.write(tmp_path / "v.mp4", annotate(blank(45)))
    assert decoded(tmp_path / "v.mp4")[1] == pytest.approx(4.5)


def test_outlines_follow_the_cell(tmp_path):
    labels = blank(4)
    for t in range(4):
        labels[t, 10:25, 5 + 10 * t : 25 + 10 * t] = 6
    overlay_video.write(tmp_path / "v.mp4", annotate(labels, movie=grey(labels)))
    frames, _ = decoded(tmp_path / "v.mp4")
    for t, frame in enumerate(frames):  # enlarged 16 times
        rows, columns = np.nonzero(near(frame, colour_of(6)))
        left = 16 * (5 + 10 * t)
        assert (rows.min(), columns.min()) == pytest.approx((160, left), abs=2)
        assert (rows.max(), columns.max()) == pytest.approx((399, left + 319), abs=2)


def test_each_object_has_its_colour_and_one_that_left_has_none(tmp_path):
    overlay_video.write(tmp_path / "v.mp4", leaves_and_returns())
    frames, _ = decoded(tmp_path / "v.mp4")
    there = [(near(f, colour_of(4)).sum() > 100) for f in frames]
    assert there == [True, True, False, True, False, True]
    assert all(near(f, colour_of(7)).sum() > 100 for f in frames)


def test_brightness_does_not_depend_on_the_frame(tmp_path):
    values = np.zeros((5, 40, 60), np.uint16)
    values[:, :, 30:] = np.array([100, 80, 60, 40, 20])[:, None, None]
    overlay_video.write(tmp_path / "v.mp4", annotate(blank(5), movie=Movie(values)))
    frames, _ = decoded(tmp_path / "v.mp4")
    bright = frames[:, 400, 800, 1]
    np.testing.assert_allclose(bright / 255, [1, 0.8, 0.6, 0.4, 0.2], atol=0.03)


def test_a_large_movie_is_made_smaller_and_that_is_said(tmp_path):
    labels = blank(2, 150, 3000)
    labels[:, 50:100, 2000:2500] = 3
    (said,) = overlay_video.write(
        tmp_path / "v.mp4", annotate(labels, movie=grey(labels))
    )
    assert said == "The video has 96 x 1920 pixels, the movie 150 x 3000."
    frames, _ = decoded(tmp_path / "v.mp4")
    assert frames.shape == (2, 96, 1920, 3)
    columns = np.nonzero(near(frames[1], colour_of(3)))[1]
    assert columns.min() == pytest.approx(1280, abs=2)
    assert columns.max() == pytest.approx(1599, abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (501, 3)])
def test_odd_and_tiny_movies(tmp_path, shape):
    labels = np.ones((3, *shape), np.uint16)
    overlay_video.write(tmp_path / "v.mp4", annotate(labels))
    frames, _ = decoded(tmp_path / "v.mp4")
    assert len(frames) == 3
    assert max(frames.shape[1:3]) == 960
    assert not any(size % 2 for size in frames.shape[1:3])


def test_a_movie_in_colour(tmp_path):
    colours = np.zeros((3, 40, 60, 3), np.uint8)
    colours[..., :30, 0] = 200
    colours[..., 30:, 2] = 200
    annotated = annotate(blank(3), movie=Movie(colours, rgb=True))
    overlay_video.write(tmp_path / "v.mp4", annotated)
    frames, _ = decoded(tmp_path / "v.mp4")
    np.testing.assert_allclose(frames[:, 400, 200], [[200, 0, 0]] * 3, atol=12)
    np.testing.assert_allclose(frames[:, 400, 800], [[0, 0, 200]] * 3, atol=12)


@pytest.mark.parametrize("write", [overlay_video.write, picture.write])
def test_a_cancel_keeps_the_earlier_file(tmp_path, write):
    def stop(frame):
        if frame == 3:
            raise Cancelled("Stopped.")

    path = tmp_path / "x.png"
    path.write_bytes(b"earlier")
    with pytest.raises(Cancelled):
        write(path, replace(division(), on_frame=stop))
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk(tmp_path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    values = np.random.default_rng(0).integers(0, 255, (30, 200, 300), np.uint8)
    annotated = annotate(blank(30, 200, 300), movie=Movie(values))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(StoreError, match="could not be saved"):
            overlay_video.write(tmp_path / "v.mp4", annotated)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_without_an_encoder_there_is_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(overlay_video, "CODEC", "no-such-codec")
    with pytest.raises(FormatError, match="pip install"):
        overlay_video.write(tmp_path / "v.mp4", division())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("make", "n_panels"), [(division, 6), (comes_late, 2), (one_frame, 1), (nothing, 6)]
)
def test_the_picture_has_the_frames_with_objects(tmp_path, make, n_panels):
    assert picture.write(tmp_path / "p.png", make()) == []
    with Image.open(tmp_path / "p.png") as image:
        columns, rows = image.width // 240, image.height // 160
    assert columns * rows == n_panels


def test_the_picture_has_the_colours_of_the_video(tmp_path):
    annotated = division()
    picture.write(tmp_path / "p.png", annotated)
    with Image.open(tmp_path / "p.png") as image:
        pixels = np.asarray(image).astype(int)
    for track_id in annotated.tracks:
        assert near(pixels, colour_of(track_id), 30).sum() > 100
