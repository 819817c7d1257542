"""Every dependency is used, and what is used is declared."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_sam2_ivos"
IMPORT_NAMES = {
    "geff-spec": "geff_spec",
    "hydra-core": "hydra",
    "pillow": "PIL",
    "scikit-image": "skimage",
}
NOT_IMPORTED = {
    "torchvision",  # sam2 imports it, and its version must fit torch's
    "imagecodecs",  # tifffile imports it, for LZW and other compressed TIFFs
}


def declared() -> set[str]:
    """Return the import names of all declared dependencies, of the extra too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["all"]
    names = {re.match(r"[\w-]+", entry).group() for entry in wanted}
    return {IMPORT_NAMES.get(name, name) for name in names - NOT_IMPORTED}


def imported() -> set[str]:
    """Return the top-level names of other people's modules that the package uses."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    for path in (PACKAGE / "models").glob("*.yaml"):
        targets = re.findall(r"_target_: (\w+)", path.read_text("utf-8"))
        found |= set(targets)
    return found - sys.stdlib_module_names - {"napari_sam2_ivos"}


def test_every_dependency_is_used():
    assert declared() <= imported()


def test_what_is_imported_is_declared():
    assert imported() <= declared()
