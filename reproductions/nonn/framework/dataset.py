"""The images of a configuration: from its dataset_root, made there when they are missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.formats import arrays
from reproductions.materialise import ROOT, materialise
from reproductions.nonn.framework.config import Config, DatasetConfigs
from reproductions.nonn.images import Part, Split, split_of

_PARTS: tuple[Part, ...] = ("train", "validation", "test")
_ABOUT = ("classes", "maximum", "mean", "std")


@dataclass(frozen=True)
class Images:
    """A dataset in its three parts.

    Parameters
    ----------
    digest
        SHA-256 of its manifest, which holds those of its arrays.
    """

    train: Split
    validation: Split
    test: Split
    classes: int
    digest: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, height, width, channels = self.train.images.shape
        return (channels, height, width)


def open_images(config: Config) -> Images:
    """Return the images of a configuration.

    Raises
    ------
    HarnessError
        They are not there and may not be fetched; or they have another split or other classes
        than the configuration says.
    """
    folder = Path(config.dataset_configs.dataset_root)
    if not (folder / arrays.MANIFEST).is_file():
        _make(folder, config.dataset_configs)
    about, content = arrays.about(folder), arrays.read_folder(folder)
    _check_whole(folder, about, content)
    _check_fit(folder, about, config)
    digest = hashlib.sha256((folder / arrays.MANIFEST).read_bytes()).hexdigest()
    train, validation, test = (split_of(content, about, part) for part in _PARTS)
    return Images(train, validation, test, int(about["classes"]), digest)


def _make(folder: Path, wanted: DatasetConfigs) -> None:
    from harness.spec.files import SpecFiles

    field = f"dataset_configs.dataset_root '{wanted.dataset_root}'"
    every = SpecFiles.read(ROOT / "specs").datasets()
    known = {name: spec for name, spec in every.items() if spec.labels.kind == "class"}
    # "CIFAR10", "cifar-10" and "cifar_10" are all cifar10.
    plain = {name.replace("_", ""): name for name in known}
    name = plain.get(folder.name.lower().replace("-", "").replace("_", ""))
    if name is None:
        raise HarnessError(
            f"{field}: there are no images, and '{folder.name}' is no dataset that could be made",
            f"end it with the name of one: {', '.join(sorted(known))}",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HarnessError(
            f"{field}: it holds other files and no {arrays.MANIFEST}",
            "name a folder that does not exist yet",
        )
    store = ROOT / ".harness" / "downloads" / name
    here = all((store / archive.name).is_file() for archive in known[name].archives)
    if not here and not wanted.download:
        raise HarnessError(
            f"{field}: there are no images, and download_train, download_val and download_test "
            "are false",
            f"set one of them to true, or run: harness data adopt {name} FOLDER",
        )
    materialise(name, folder, field, share=wanted.val_split)


def _check_whole(folder: Path, about: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    parts = [f"{part}_{kind}" for part in _PARTS for kind in ("images", "labels")]
    missing = [name for name in parts if name not in content]
    missing += [f"about.{name}" for name in _ABOUT if name not in about]
    if missing:
        raise HarnessError(
            f"{folder / arrays.MANIFEST}: it is no dataset: {', '.join(missing)} is missing",
            "name a folder that does not exist yet, to have the dataset made there",
        )


def _check_fit(folder: Path, about: Mapping[str, Any], config: Config) -> None:
    # A folder of the user's own may say nothing about its split.
    share = about.get("split", {}).get("validation", config.dataset_configs.val_split)
    if share != config.dataset_configs.val_split:
        raise HarnessError(
            f"dataset_configs.val_split {config.dataset_configs.val_split}: the images in "
            f"{folder} are split with {share}",
            "set val_split to that, or remove the folder to have it made anew",
        )
    if about["classes"] != config.base.num_classes:
        raise HarnessError(
            f"base.num_classes {config.base.num_classes}: the dataset in {folder} has "
            f"{about['classes']} classes",
            f"set num_classes to {about['classes']}",
        )
