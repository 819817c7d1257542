"""Make `tests/io/sessions/schema_N.ivos`: a session that every later version opens.

Run it once for every new `SCHEMA`, and never again for an old one.
"""

from __future__ import annotations

from pathlib import Path

from napari_sam2_ivos.core.edits.lives import divide
from napari_sam2_ivos.core.edits.notes import accept, set_class, set_name
from napari_sam2_ivos.io.sessions.layout import SCHEMA
from tests.core.bench import MOVES, RESTS, blob_movie, run, session_on, square
from tests.io.sessions.bench import begin


def main() -> None:
    """Draw, track, correct, accept, divide and name, and save."""
    session = session_on(blob_movie())
    session.add_points(1, 0, [RESTS, (30, 30)], [True, False])
    session.add_box(2, 0, [[38, 8], [52, 22]])
    run(session)
    session.add_mask(2, 5, square(41, 24))
    accept(session, 1, 3)
    divide(session, 2, 8)
    session.add_points(3, 8, [(MOVES[0], MOVES[1] + 24)])
    set_class(session, [1, 3], "nucleus")
    set_name(session, 1, "Ω")
    home = Path(__file__).parents[1] / "tests" / "io" / "sessions"
    known = {"scale": (0.5, 0.25), "unit": "um", "interval_s": 30.0}
    model = {"model": "bundled", "sha256": "0" * 64, "contrast": [0.0, 1000.0]}
    saving = begin(session, home / f"schema_{SCHEMA}.ivos", **known, model=model)
    saving.write()
    saving.close()
    for left in ("lock", "open_by.json"):
        (saving.folder.path / left).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
