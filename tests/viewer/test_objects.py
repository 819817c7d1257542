"""What the list says about an object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_sam2_ivos.core.results import Flag, ObjectMask
from napari_sam2_ivos.testing.segmenter import FakeSegmenter
from tests.viewer.bench import A, annotate, cells

FLAGS = {2: Flag.ABSENT, 3: Flag.ABSENT, 6: Flag.ABSENT, 7: Flag.JUMPED}


class Doubting(FakeSegmenter):
    """Refuses some of its own masks, as the engine does."""

    def run(self, plan, should_stop=None):
        for result in super().run(plan, should_stop):
            flag = FLAGS.get(result.frame)
            yield (
                result
                if flag is None
                else replace(
                    result, objects=tuple(refused(mask, flag) for mask in result)
                )
            )


def refused(mask, flag):
    nothing = ObjectMask.nothing(mask.track_id, reverse=mask.reverse, score=-1.0)
    return replace(nothing, flag=flag)


def test_empty_frames_are_told_with_their_reason(viewer):
    controller = annotate(viewer, viewer.add_image(cells(10)), factory=Doubting)
    controller.new_object()
    controller.layers.points.add([0, *A])
    assert controller.rows()[0].state_text == "not tracked"
    assert "empty" not in controller.rows()[0].explanation
    controller.track()
    (row,) = controller.rows()
    assert row.state_text == "4 empty"
    assert "not seen on 3 frames (2–3, 6)" in row.explanation
    assert "jumped too far on 1 frame (7)" in row.explanation
    controller.layers.points.add([4, 19, 15])
    assert controller.rows()[0].state_text == "changed"
    assert "not seen on 3 frames" in controller.rows()[0].explanation


def test_many_gaps_are_not_all_listed(controller):
    controller.new_object()
    controller.layers.points.add([0, *A])
    track = controller.session.tracks[1]
    track.flag = np.tile([0, 1], 20)
    text = controller.rows()[0].empty_text
    assert text == "not seen on 20 frames (1, 3, 5, 7, and more)"
