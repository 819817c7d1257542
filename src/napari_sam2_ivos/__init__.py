"""Interactive video object segmentation of microscopy time-lapses with SAM 2."""
