"""The command as a user runs it, with a segmenter that needs no model."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import tifffile

from napari_sam2_ivos.testing.segmenter import FakeSegmenter


@pytest.fixture
def run_cli(capsys, monkeypatch):
    """Return a function that runs the command: exit code, stdout, stderr."""
    from napari_sam2_ivos.cli.app import main

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["sam2-ivos", *map(str, args)])
        monkeypatch.setenv("COLUMNS", "200")
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def fake_model(monkeypatch):
    """Take a fake segmenter wherever a model would be loaded."""
    made = []

    def load(movie, **options):
        made.append(FakeSegmenter(movie, **fake_model.options))
        made[-1].asked_for = options
        return made[-1]

    fake_model.options = {}
    monkeypatch.setattr("napari_sam2_ivos.api.load_segmenter", load)
    return made


@pytest.fixture
def blobs():
    """Two squares that move: movie and labels, ``(12, 40, 60)``."""
    labels = np.zeros((12, 40, 60), np.uint16)
    for frame in range(12):
        labels[frame, 5 : 5 + 10, 4 + frame : 14 + frame] = 1
        labels[frame, 25:33, 40 - frame : 50 - frame] = 2
    return np.where(labels > 0, 3000, 200).astype(np.uint16), labels


@pytest.fixture
def movie_file(tmp_path, blobs):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(
        path,
        blobs[0],
        imagej=True,
        resolution=(2, 2),
        metadata={"axes": "TYX", "unit": "um", "finterval": 60},
    )
    return path


@pytest.fixture
def clicks(tmp_path):
    path = tmp_path / "clicks.csv"
    path.write_text(
        "frame,track_id,kind,y,x,y2,x2,positive\n"
        "0,1,point,10,9,,,1\n"
        "0,2,box,25,40,32,49,\n"
    )
    return path
