"""Files in, files out; no torch, no napari."""
