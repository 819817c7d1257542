"""Clicking in napari and running from a command line give the same labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from napari_sam2_ivos.api import load_segmenter
from napari_sam2_ivos.cli.app import app
from napari_sam2_ivos.io.prompts_csv import write_prompts
from napari_sam2_ivos.testing.movies import synthetic_movie
from napari_sam2_ivos.testing.sample_job import one_prompt_each
from napari_sam2_ivos.viewer.movies import contrast_of
from tests.viewer.bench import annotate

T98G = Path(__file__).parents[3] / "shared" / "data" / "t98g"


def in_napari(viewer, movie):
    """Open a movie as a layer and make a controller on the bundled model."""
    image = viewer.add_image(movie, name="movie")
    return annotate(
        viewer,
        image,
        factory=lambda m: load_segmenter(
            m, device="cpu", contrast=contrast_of(image, m)
        ),
    )


def from_command_line(folder, movie, prompts):
    """Return the labels of `sam2-ivos track` for the same movie and prompts."""
    tifffile.imwrite(folder / "movie.tif", movie, photometric="minisblack")
    arguments = ["track", str(folder / "movie.tif"), "--prompts", str(prompts)]
    arguments += ["--out", str(folder / "labels.tif"), "--device", "cpu"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    return tifffile.imread(folder / "labels.tif")


def test_clicks_and_a_box(viewer, tmp_path):
    sample = synthetic_movie("nuclei", n_frames=4, n_objects=4, seed=1)
    prompts = one_prompt_each(sample.labels[0])
    write_prompts(tmp_path / "prompts.csv", prompts)
    controller = in_napari(viewer, sample.movie)
    for track_id, by_frame in prompts.items():
        controller.new_object()
        controller.select(track_id)
        for point in by_frame[0].points:
            controller.layers.points.add([0, point.y, point.x])
        if (box := by_frame[0].box) is not None:
            corners = [(box.y0, box.x0), (box.y0, box.x1)]
            corners += [(box.y1, box.x1), (box.y1, box.x0)]
            controller.layers.shapes.add_rectangles(
                [np.array([(0, *corner) for corner in corners])]
            )
    controller.track()
    expected = from_command_line(tmp_path, sample.movie, tmp_path / "prompts.csv")
    assert expected.any()
    np.testing.assert_array_equal(controller.session.labels, expected)


@pytest.mark.skipif(not T98G.exists(), reason="no real movie beside the project")
def test_masks_of_the_first_frame_of_real_cells(viewer, tmp_path):
    movie = tifffile.imread(T98G / "t98g_top.tif")[:2]
    masks = tifffile.imread(T98G / "t98g_top_ids.tif")[0]
    tifffile.imwrite(tmp_path / "masks.tif", masks)
    controller = in_napari(viewer, movie)
    for track_id in np.unique(masks[masks > 0]):
        controller.session.add_mask(int(track_id), 0, masks == track_id)
    controller.show_prompts()
    controller.track()
    expected = from_command_line(tmp_path, movie, tmp_path / "masks.tif")
    np.testing.assert_array_equal(controller.session.labels, expected)
    assert set(np.unique(expected[0])) == set(np.unique(masks))
