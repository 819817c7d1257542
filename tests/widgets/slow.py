"""A fake model that takes its time."""

from __future__ import annotations

import time

from napari_sam2_ivos.testing.segmenter import FakeSegmenter


class SlowSegmenter(FakeSegmenter):
    """Takes a while, as a model does, and counts what the user asked for."""

    def __init__(self, movie, delay=0.0, **kwargs):
        super().__init__(movie, **kwargs)
        self.delay = delay
        self.n_runs = 0

    def run(self, plan, should_stop=None):
        self.n_runs += any(s.track_ids and not s.is_glance for s in plan.steps)
        for result in super().run(plan, should_stop):
            time.sleep(self.delay)
            yield result
