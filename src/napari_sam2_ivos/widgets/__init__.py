"""Qt views of a controller."""
