"""Saving a session by itself, on another thread, from its first object on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal

from napari_sam2_ivos.core.errors import IvosError
from napari_sam2_ivos.io.sessions.about import About, MovieNote
from napari_sam2_ivos.io.sessions.folder import SessionFolder
from napari_sam2_ivos.io.sessions.places import place_for
from napari_sam2_ivos.io.sessions.saving import Saving
from napari_sam2_ivos.viewer.movies import movie_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam2_ivos.io.sessions.saved import SavedSession
    from napari_sam2_ivos.viewer.controller import Controller


class Background(Protocol):
    """Runs one thing at a time on another thread."""

    def start(
        self,
        work: Callable[[], object],
        on_end: Callable[[Exception | None], None],
    ) -> None:
        """Begin; `on_end` is called on the thread of the window."""
        ...


class Autosave:
    """Writes what happens in a session into its folder, and says how that goes.

    The folder is made when there is an object. What cannot be written is said once, and
    tried again with whatever happens next.

    Parameters
    ----------
    controller : Controller
    background : Background
    saved : SavedSession, optional
        The folder that the session came from, to go on with it.

    Attributes
    ----------
    path : Path or None
        The session's folder; None until it is made.
    problem : str
        Why what happened last is not saved; empty if it is.
    """

    changed = Signal()
    """Emitted when the path, the problem or `is_busy` changed."""
    failed = Signal(str)
    """Emitted once with a problem, until it is over."""

    def __init__(
        self,
        controller: Controller,
        background: Background,
        saved: SavedSession | None = None,
    ) -> None:
        self._controller = controller
        self._background = background
        self._making = Lock()
        self._made: tuple[SessionFolder, About] | None = None
        self._saving: Saving | None = None
        self._about: About | None = None
        self.is_busy = False
        self._is_wanted = False
        self._is_closed = False
        self.problem = ""
        session = controller.session
        session.tracks_changed.connect(self._begin_if_needed)
        session.frame_computed.connect(self._note_model)
        if saved is not None:
            self._about = saved.about
            saving = Saving(
                session, saved.folder, is_new=False, in_doubt=saved.in_doubt
            )
            self._follow(saving)
            file, note = path_of(controller.image), saved.about.movie
            if file is not None and file != note.path:  # the movie has moved
                self._about = replace(saved.about, movie=replace(note, path=file))
                saving.note_about(self._about)
            if saved.mended:
                words = "Mend what was not saved to the end"
                saving.note_objects(words, sorted(saved.mended))

    @property
    def path(self) -> Path | None:
        """The session's folder; None until there is one."""
        return None if self._saving is None else self._saving.folder.path

    @property
    def read_only(self) -> str:
        """Why nothing may be written into the folder; empty if it may."""
        return "" if self._saving is None else self._saving.folder.lock.refusal

    def save_as(self, path: Path) -> None:
        """Go on in another folder; the one so far stays as it is."""
        controller = self._controller
        note = self._movie_note()
        about = About(note, **controller.calibration, **self._made_with())
        folder = SessionFolder.create(path, about)
        if self._saving is not None:
            self._saving.close()
        self._about, self.problem = about, ""
        self._follow(Saving(controller.session, folder))
        self._write_soon()

    def retry(self) -> None:
        """Try again to save what could not be saved."""
        if self.problem and not self.is_busy:
            self._begin_if_needed()
            self._write_soon()

    def finish(self) -> None:
        """Save what is not saved yet, now, and let other programs write.

        Raises
        ------
        IvosError
            If it cannot be saved.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._saving is None and self._controller.session.tracks:
                self._make()
                self._take_folder()
            if self._saving is not None and not self.read_only:
                self._saving.write()
        finally:
            if self._saving is not None:
                self._saving.close()

    # ---- inside ------------------------------------------------------------

    def _begin_if_needed(self) -> None:
        is_there = self._saving is not None or not self._controller.session.tracks
        if is_there or self.is_busy or self._is_closed:
            return
        self._run(self._make, self._take_folder)

    def _make(self) -> None:
        """Make the folder; on another thread, since a share may be slow."""
        controller = self._controller
        with self._making:
            if self._made is None:
                note = self._movie_note()
                about = About(note, **controller.calibration, **self._made_with())
                path = place_for(controller.movie.name, note.path)
                self._made = SessionFolder.create(path, about), about

    def _take_folder(self) -> None:
        if self._made is not None and self._saving is None:
            folder, self._about = self._made
            self._follow(Saving(self._controller.session, folder))
            self._is_wanted = True

    def _follow(self, saving: Saving) -> None:
        self._saving = saving
        saving.pending.connect(self._write_soon)

    def _write_soon(self) -> None:
        self._is_wanted = True
        if self._saving is None or self.is_busy or self._is_closed:
            return
        if self.read_only:
            return
        self._is_wanted = False
        self._run(self._saving.write)

    def _run(
        self, work: Callable[[], object], after: Callable[[], object] = lambda: None
    ) -> None:
        def on_end(error: Exception | None) -> None:
            self.is_busy = False
            if self._is_closed:
                return
            if error is None:
                self.problem = ""
                after()
            else:
                self._complain(error)
            if error is None and self._is_wanted:
                self._write_soon()
            self.changed.emit()

        self.is_busy = True
        self._background.start(work, on_end)
        self.changed.emit()

    def _complain(self, error: Exception) -> None:
        words = str(error) if isinstance(error, IvosError) else repr(error)
        is_new = not self.problem
        self.problem = words
        if is_new:
            self.failed.emit(
                f"Not saved: {words} It is tried again; 'Save as …' takes another"
                " place."
            )

    def _note_model(self) -> None:
        """Write what the masks are made with, once it is known or has changed."""
        if self._saving is None or self._about is None:
            return
        known = self._made_with()
        if known != {"model": self._about.model, "settings": self._about.settings}:
            self._about = replace(self._about, **known)
            self._saving.note_about(self._about)

    def _made_with(self) -> dict[str, Any]:
        controller = self._controller
        step = controller.session.guards.max_step_px
        settings = {
            "max_step_px": step,
            "colours": [layer.name for layer in controller.others],
        }
        return {"model": controller.segmenter.made_with, "settings": settings}

    def _movie_note(self) -> MovieNote:
        """Describe the movie by its first image; its colours are other layers."""
        c = self._controller
        primary = movie_of(c.image, c.target.time_axis, c.held)
        return MovieNote.of(primary, path_of(c.image))


def path_of(layer: Any) -> Path | None:
    """Return the file that an image layer was opened from, if there is one."""
    known = layer.source.path or layer.metadata.get("path")
    if not isinstance(known, str | Path) or not Path(known).exists():
        return None
    return Path(known)
