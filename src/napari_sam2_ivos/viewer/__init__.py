"""Between napari's layers and the core; runs on ViewerModel, without Qt."""
