"""Where the model runs."""

from __future__ import annotations

import torch

from napari_sam2_ivos.core.errors import ModelError


def available_devices() -> list[str]:
    """Return the usable devices, fastest first."""
    devices = ["cpu"]
    if torch.backends.mps.is_available():
        devices.insert(0, "mps")
    if torch.cuda.is_available():
        devices.insert(0, "cuda")
    return devices


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called `name`, or the fastest there is.

    Raises
    ------
    ModelError
        If this machine has no such device.
    """
    available = available_devices()
    if name is None or name == "auto":
        return torch.device(available[0])
    if name.split(":")[0] not in available:
        raise ModelError(
            f"Device '{name}' is not available here. Use one of:"
            f" {', '.join(available)}."
        )
    return torch.device(name)


def memory_bytes(device: torch.device) -> int:
    """Return how much memory a graphics card has for models in all."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(torch.mps.recommended_max_memory())
