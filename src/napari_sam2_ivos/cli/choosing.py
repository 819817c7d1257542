"""Which model runs where: what the options say, and the line that tells."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from napari_sam2_ivos.cli.screen import say
from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine.choice import AUTOMATIC


class Look(StrEnum):
    """What the model looks at, as `core.views.LookAt` has it."""

    automatic = "automatic"
    windows = "windows"
    whole_frame = "whole-frame"


ModelName = Annotated[
    str,
    typer.Option(
        help="A name that 'sam2-ivos models' lists; auto is the best that is"
        " installed and fits the device."
    ),
]
Checkpoint = Annotated[
    Path | None, typer.Option(help="Weights of another SAM 2 or 2.1 model.")
]
Config = Annotated[str | None, typer.Option(help="Config that goes with --checkpoint.")]
DeviceName = Annotated[
    str | None, typer.Option(help="cpu, cuda or mps; the fastest there is by default.")
]
InputSize = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS",
        help="Side of the square that whole frames are resized to for the model: 448 or"
        " 896 instead of the published models' 1024 is faster and sees less.",
    ),
]
WindowSize = Annotated[
    int | None,
    typer.Option(
        metavar="PIXELS",
        help="The same for windows around objects; by default 448, or 256 for the"
        " bundled model, but no more than for whole frames.",
    ),
]
LookAtName = Annotated[
    Look,
    typer.Option(
        help="What the model looks at: windows, a square around each object that"
        " follows it and shows small cells in far more detail; whole-frame, all of the"
        " frame squeezed to the model's size; automatic decides for each object by its"
        " size."
    ),
]
KeepFeatures = Annotated[
    bool,
    typer.Option(
        "--keep-features",
        help="Keep what the model's encoder makes of each frame (4 GB at most, in your"
        " cache folder), so that the next run on this movie is faster.",
    ),
]


def check_model(model: str, checkpoint: Path | None, config: str | None) -> None:
    """Refuse options that contradict each other."""
    if checkpoint is None and config is not None:
        raise ModelError("--config goes with --checkpoint. Give both, or --model.")
    if checkpoint is not None and model != AUTOMATIC:
        raise ModelError("Give either --model or --checkpoint, not both.")


def name_model(model: str, checkpoint: Path | None, device: str | None) -> None:
    """Say which model will be loaded, by name.

    Raises
    ------
    ModelError
        If there is no such model or device.
    """
    from napari_sam2_ivos.engine.choice import choose
    from napari_sam2_ivos.engine.device import choose_device

    place = choose_device(device)
    if checkpoint is not None:
        say(f"Model: {checkpoint.name} on {place}")
        return
    choice = choose(model, place)
    why = f" ({choice.reason}; --model names another)" if model == AUTOMATIC else ""
    say(f"Model: {choice.entry.name} on {place}{why}")
