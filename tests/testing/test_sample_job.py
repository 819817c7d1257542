"""The demo's prompts lie in the cells they are for."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.testing.sample_job import one_prompt_each, sample_movie


def test_prompts_lie_in_their_objects():
    labels = np.zeros((20, 30), np.uint16)
    labels[0:8, 0:8] = 3
    labels[2:6, 2:6] = 0  # a ring: its centre is not in it
    labels[12:18, 5:25] = 9
    prompts = one_prompt_each(labels, frame=4)
    (point,) = prompts[3][4].points
    assert labels[int(point.y), int(point.x)] == 3
    box = prompts[9][4].box
    assert (box.y0, box.x0, box.y1, box.x1) == (12, 5, 17, 24)


def test_the_sample_is_the_same_every_time():
    first, second = sample_movie(), sample_movie()
    np.testing.assert_array_equal(first.movie, second.movie)
    assert len(one_prompt_each(first.labels[0])) >= 5
