"""What lies in a session's folder: plain files, some of which a crash left behind."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from napari_sam2_ivos.core.errors import FormatError

LEFT_BEHIND = re.compile(r"\.\w{8}\.part(\.json)?|.+\.[0-9a-f]{32}\.partial")
"""Names of files that were being written, by us and by zarr, when we were killed."""


def left_behind(path: Path) -> list[Path]:
    """Return the files in a session's folder that were not written to the end.

    Raises
    ------
    FormatError
        If there is anything but files and folders in it. Who writes through a link
        changes what is not the session's, and a pipe is never read to the end.
    """
    found = []
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            item = Path(folder, name)
            with suppress(FileNotFoundError):  # another program is writing
                mode = item.lstat().st_mode
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    raise FormatError(
                        f"'{item}' is a link or no plain file, so the session is not"
                        " opened. Put the file itself in its place."
                    )
        found += [Path(folder, name) for name in files if LEFT_BEHIND.fullmatch(name)]
    return found
