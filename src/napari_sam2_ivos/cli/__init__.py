"""The command ``sam2-ivos``: a run without a screen."""
