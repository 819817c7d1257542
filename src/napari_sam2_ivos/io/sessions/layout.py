"""Names of the files in a session's folder, and the version of what is in them."""

from __future__ import annotations

KIND = "sam2-ivos session"

SCHEMA = 1
"""Version of the files; raised when an older program would misread them."""

SUFFIX = ".ivos"

SESSION = "session.json"
"""Movie, model, settings, program; see `io.sessions.about`."""

LABELS = "labels.ome.zarr"
"""The label stack, one chunk per frame or, of large frames, per tile."""

OBJECTS = "objects"
"""One file per object: prompts, name, class, parent, state of its frames."""

FRAMES = "frames"
"""One file per frame that was tracked since: the state of all objects there."""

ACTIONS = "actions"
"""One file per thing that was done, in order."""

IN_DOUBT = "in_doubt.json"
"""There only while label planes are written: which may not fit their objects."""

COMMIT = "commit.json"
"""There only while objects and frames are written: all of them; see `commit`."""

BEFORE = "before"
"""There only while label planes are written: what they were before, by frame."""

LOCK = "lock"
"""Held by the program that has the session open."""

USER = "open_by.json"
"""Which program that is, for another one to tell its user."""
