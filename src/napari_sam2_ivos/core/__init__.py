"""The language of the program: movies, prompts, tracks, plans and sessions.

Nothing in here knows torch, napari, Qt or a file format. Axis order is
``(T, Y, X)`` and coordinates are ``(y, x)`` in pixels of the movie.
"""
