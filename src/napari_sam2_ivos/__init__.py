"""Interactive video object segmentation of microscopy time-lapses with SAM 2."""

__version__ = "0.1.0"
