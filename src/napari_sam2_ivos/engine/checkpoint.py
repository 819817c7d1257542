"""A model from a config and a checkpoint, read without running any code of theirs."""

from __future__ import annotations

import pickle
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from safetensors import SafetensorError
from safetensors.torch import load_file

from napari_sam2_ivos.core.errors import ModelError
from napari_sam2_ivos.engine import catalogue, installed
from napari_sam2_ivos.engine.attention import use_quick_attention
from napari_sam2_ivos.engine.choice import AUTOMATIC, choose
from napari_sam2_ivos.engine.heads import skip_enlarged_masks
from napari_sam2_ivos.engine.precision import use_bfloat16_where_safe
from napari_sam2_ivos.engine.sharing import Sharing

_ALLOWED_TARGETS = ("sam2.modeling.", "sam2.sam2_video_predictor.")
_OWN_TRUNK = "napari_sam2_ivos.engine.trunk."
_BASE = "sam2.modeling.sam2_base.SAM2Base"

# What `build_sam2_video_predictor(apply_postprocessing=True)` sets, but for
# filling holes: a hole in a cell is data.
_INFERENCE_SETTINGS = {
    "sam_mask_decoder_extra_args": {
        "dynamic_multimask_via_stability": True,
        "dynamic_multimask_stability_delta": 0.05,
        "dynamic_multimask_stability_thresh": 0.98,
    },
    "binarize_mask_from_pts_for_mem_enc": True,
}


WINDOW_SIZE = 448
"""Side of the input for windows, pixels, unless a config names another. At 448 the
attention of SAM 2's encoder has nothing to pad."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model ready to run, shared by all sessions of the process.

    Parameters
    ----------
    net : sam2.modeling.sam2_base.SAM2Base
    device : torch.device
    name : str
    sha256 : str
        Of its file.
    window_net : SAM2Base or None
        The same weights with another input size, for windows.
    lock : Lock
        Held while the model computes: sam2's modules keep state in `forward`.
    """

    net: Any
    device: torch.device
    name: str
    sha256: str
    window_net: Any | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_loaded: dict[tuple[object, ...], LoadedModel] = {}
_loading = threading.Lock()


def load_model(
    device: torch.device,
    name: str = AUTOMATIC,
    checkpoint: Path | str | None = None,
    config: Path | str | None = None,
    *,
    input_size: int | None = None,
    window_size: int | None = None,
    compiled: bool = False,
) -> LoadedModel:
    """Load a model of the catalogue, or a checkpoint with its config.

    A model is read once per process, device and state of the file. Before that
    a file of the catalogue is compared with its published SHA-256.

    Parameters
    ----------
    device : torch.device
    name : str
        Name in the catalogue, or "auto" for the best that is installed and fits
        the device; without meaning if `checkpoint` is given.
    checkpoint : path, optional
        A ``.pt``, ``.pth`` or ``.safetensors`` file of any SAM 2 or 2.1 model.
    config : path, optional
        Its YAML config, a file or the name of one that sam2 comes with.
    input_size : int, optional
        Side of the model's input instead of the config's, pixels.
    window_size : int, optional
        Side of the input for windows; by default what the config has for them, or
        `WINDOW_SIZE`, but no more than for whole frames.
    compiled : bool
        Whether to compile the image encoder.

    Raises
    ------
    ModelError
        If a file is missing or damaged, or the two do not fit each other.
    """
    entry = None
    if checkpoint is None:
        entry = choose(name, device).entry
        config_file = catalogue.config_path(entry)
        found = installed.installed_path(entry)
        if found is None:
            raise ModelError(_not_installed(entry))
        checkpoint_file, name = found, entry.name
    else:
        if config is None:
            raise ModelError(
                f"Checkpoint '{checkpoint}' needs its config file too (--config), such"
                " as configs/sam2.1/sam2.1_hiera_t.yaml."
            )
        config_file, checkpoint_file = _find_config(config), Path(checkpoint)
        name = checkpoint_file.stem
    if not checkpoint_file.is_file():
        raise ModelError(f"There is no checkpoint file '{checkpoint_file}'.")
    stamp = checkpoint_file.stat()
    files = str(config_file), str(checkpoint_file), stamp.st_mtime_ns
    key = (*files, str(device), input_size, window_size, compiled)
    with _loading:
        if key not in _loaded:
            if entry is not None:
                installed.check(entry, checkpoint_file)
            known = None if entry is None else entry.sha256
            digest = known or installed.sha256_of(checkpoint_file)
            net = build(config_file, input_size)
            _fill(net, read_weights(checkpoint_file), checkpoint_file, config_file)
            net = net.to(device).eval()
            windows = _for_windows(net, config_file, window_size)
            for each in (net, windows):
                if each is not None:
                    make_fast(each)
                    if compiled:
                        each.image_encoder.compile()
            _loaded[key] = LoadedModel(net, device, name, digest, windows)
        return _loaded[key]


def build(config_file: Path, input_size: int | None = None) -> Any:
    """Build the network of a config, with random weights.

    Parameters
    ----------
    config_file : Path
    input_size : int, optional
        Side of the input instead of the config's, pixels.

    Raises
    ------
    ModelError
        If the config cannot be read or names anything but parts of SAM 2.
    """
    try:
        config = OmegaConf.load(config_file)
    except (OSError, ValueError, OmegaConfBaseException) as error:
        raise ModelError(f"Config '{config_file}' cannot be read: {error}") from error
    if not isinstance(config, DictConfig) or "model" not in config:
        raise ModelError(f"Config '{config_file}' has no 'model' section.")
    model = OmegaConf.merge(config.model, _INFERENCE_SETTINGS, {"_target_": _BASE})
    if input_size is not None:
        if input_size % 32 or not 64 <= input_size <= 2048:
            raise ModelError(
                f"Input size {input_size} does not work: take a multiple of 32 from 64"
                " to 2048, such as 448 or 896."
            )
        model.image_size = input_size
    plain = OmegaConf.to_container(model, resolve=True)
    for target in _targets(plain):
        if not target.startswith((*_ALLOWED_TARGETS, _OWN_TRUNK)):
            raise ModelError(
                f"Config '{config_file}' names '{target}', which is no part of SAM 2."
                " It was not run."
            )
    try:
        net = instantiate(plain, _recursive_=True)
    except Exception as error:  # hydra passes on whatever a module raises
        raise ModelError(
            f"Config '{config_file}' does not describe a SAM 2 model: {error}"
        ) from error
    return net


def _for_windows(net: Any, config_file: Path, size: int | None) -> Any | None:
    """Return a network with the weights of `net` for windows, if it is another."""
    if size is None:
        config = OmegaConf.load(config_file)
        asked = OmegaConf.select(config, "window_size", default=WINDOW_SIZE)
        size = min(int(asked), int(net.image_size))
    if size == net.image_size:
        return None
    other = build(config_file, size).to(net.device).eval()
    other.load_state_dict(net.state_dict(), assign=True)
    return other


def make_fast(net: Any) -> Any:
    """Return a network that computes the same in less time; changed in place."""
    net.sharing = Sharing(net)
    skip_enlarged_masks(net)
    if net.device.type == "cpu":
        use_quick_attention(net)
        use_bfloat16_where_safe(net)
    return net


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read the weights of a checkpoint file; pickled code in it is never run.

    Returns
    -------
    dict of str to Tensor
        In float32, on the CPU.
    """
    damaged = (
        f"Checkpoint '{path}' cannot be read: it is damaged, cut short or not a"
        " checkpoint. Get it again."
    )
    try:
        if path.suffix == ".safetensors":
            found: Any = load_file(path)
        else:
            with warnings.catch_warnings():
                # torch wonders about odd files; below we say it in words.
                warnings.simplefilter("ignore", UserWarning)
                found = torch.load(path, map_location="cpu", weights_only=True)
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,  # torch's word for a broken zip archive
        pickle.UnpicklingError,
        SafetensorError,
    ) as error:
        if "nsupported global" in str(error) or "nsupported class" in str(error):
            raise ModelError(
                f"Checkpoint '{path}' holds Python objects beside its weights, which"
                " could run code; it was not read. Have the weights saved alone, as"
                " .safetensors or by torch.save(model.state_dict(), file)."
            ) from error
        raise ModelError(damaged) from error
    for section in ("model", "state_dict"):
        if isinstance(found, dict) and isinstance(found.get(section), dict):
            found = found[section]
    if not isinstance(found, dict) or not found:
        raise ModelError(damaged)
    if not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ModelError(damaged)
    return {name: value.float() for name, value in found.items()}


def _fill(
    net: Any, weights: dict[str, torch.Tensor], checkpoint: Path, config: Path
) -> None:
    """Put weights into a network, or say in words why they do not fit."""
    own = net.state_dict()
    problems = []
    missing = sorted(own.keys() - weights.keys())
    unexpected = sorted(weights.keys() - own.keys())
    common = own.keys() & weights.keys()
    other = sorted(k for k in common if own[k].shape != weights[k].shape)
    if missing:
        problems.append(f"{len(missing)} weights are missing ({_some(missing)})")
    if unexpected:
        problems.append(f"{len(unexpected)} are not part of it ({_some(unexpected)})")
    if other:
        problems.append(f"{len(other)} have another size ({_some(other)})")
    if problems:
        raise ModelError(
            f"Checkpoint '{checkpoint.name}' does not fit config '{config.name}':"
            f" {'; '.join(problems)}. Choose the config of this very model."
        )
    net.load_state_dict(weights)


def _some(names: list[str]) -> str:
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")


def _targets(node: Any) -> list[str]:
    """Return every ``_target_`` in a config."""
    if isinstance(node, dict):
        own = [str(node["_target_"])] if "_target_" in node else []
        return own + [t for value in node.values() for t in _targets(value)]
    if isinstance(node, list):
        return [t for value in node for t in _targets(value)]
    return []


def _find_config(config: Path | str) -> Path:
    path = Path(config)
    if path.is_file():
        return path
    known = [catalogue.config_path(entry) for entry in catalogue.entries()]
    for file in known:
        if file.as_posix().endswith(f"/{path.as_posix()}"):
            return file
    names = ", ".join(file.name for file in known)
    raise ModelError(f"There is no config file '{config}'. sam2 brings {names}.")


def _not_installed(entry: catalogue.ModelEntry) -> str:
    if entry.url is None:
        return "This copy of the plugin has no bundled model. Choose another model."
    return (
        f"Model '{entry.name}' is not on this machine. Download it (the model panel, or"
        f" sam2-ivos models --download {entry.name}). {installed.by_hand(entry)}"
        f" {installed.misfit(entry)}"
    ).strip()
