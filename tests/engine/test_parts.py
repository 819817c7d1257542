"""A mask in parts: daughters taken for their mother, but no splinters."""

from __future__ import annotations

import numpy as np

from napari_sam2_ivos.engine.parts import is_in_parts


def test_two_daughters_are_parts_and_one_cell_is_none():
    pixels = np.zeros((20, 40), bool)
    pixels[5:15, 5:15] = True
    assert not is_in_parts(pixels)
    pixels[6:14, 25:33] = True
    assert is_in_parts(pixels)
    pixels[9, 15:25] = True
    assert not is_in_parts(pixels), "a bridge makes them one"


def test_a_splinter_is_no_part_and_nothing_has_none():
    pixels = np.zeros((20, 40), bool)
    assert not is_in_parts(pixels)
    pixels[5:15, 5:15] = True
    pixels[2:5, 30:33] = True
    assert not is_in_parts(pixels)
