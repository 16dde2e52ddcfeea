"""Images and their masks as single files in zip archives, paired by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.data.picture import decode_image, decode_mask, longest
from harness.data.scene import Scene, labelled
from harness.data.zipped import Zip
from harness.errors import HarnessError
from harness.spec.dataset import MaskLabels
from harness.spec.layout import Image, Members, Pictures


@dataclass(frozen=True)
class Pairs:
    """The scenes of one part, in the order of their keys; each is decoded when asked for.

    Parameters
    ----------
    images, masks
        The archive and the names of its members, image and mask at the same place.
    """

    images: tuple[Zip, tuple[str, ...]]
    masks: tuple[Zip, tuple[str, ...]]
    image: Image
    labels: MaskLabels
    classes: int

    def __len__(self) -> int:
        return len(self.images[1])

    def scene(self, index: int) -> Scene:
        """Decode one image and its mask; HarnessError names the member that is wrong."""
        (picture, name), (drawing, other) = (
            self._content(archive, names[index]) for archive, names in (self.images, self.masks)
        )
        return Scene(
            decode_image(name, picture, self.image),
            labelled(other, decode_mask(other, drawing, self.image), self.labels, self.classes),
            hashlib.sha256(picture).digest() + hashlib.sha256(drawing).digest(),
        )

    def _content(self, archive: Zip, member: str) -> tuple[bytes, str]:
        return archive.read(member, longest(self.image)), f"{archive.path}: {member}"


def paired(
    part: Pictures, archives: Mapping[str, Zip], records: int
) -> tuple[tuple[Zip, tuple[str, ...]], tuple[Zip, tuple[str, ...]]]:
    """Return the images and the masks of a part, each with its archive, in the same order.

    Raises
    ------
    HarnessError
        An image lacks its mask or a mask its image, or there are not so many as the spec says.
    """
    images, masks = (archives[members.archive] for members in part.both)
    pictures, drawings = keys(images.members, part.images), keys(masks.members, part.masks)
    check_count(images, part.images, len(pictures), records)
    for here, there, archive, what in (
        (pictures, drawings, masks, "mask"),
        (drawings, pictures, images, "image"),
    ):
        lacking = sorted(here.keys() - there.keys())
        if lacking:
            more = f", and for {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise HarnessError(f"{archive.path}: has no {what} for {lacking[0]!r}{more}")
    order = sorted(pictures)
    return (
        (images, tuple(pictures[key] for key in order)),
        (masks, tuple(drawings[key] for key in order)),
    )


def check_count(archive: Zip, members: Members, count: int, records: int) -> None:
    """Raise HarnessError unless there are as many files as the spec says."""
    if count != records:
        raise HarnessError(
            f"{archive.path}: has {count} files {pattern(members)}, the spec says {records}"
        )


def pattern(members: Members) -> str:
    """Return how the names of the files look, for people."""
    return f"{members.folder}/…{members.ending}"


def keys(names: Iterable[str], members: Members) -> dict[str, str]:
    """Return, of `names`, those that `members` describes, by their keys."""
    front, end = f"{members.folder}/", members.ending
    return {
        name[len(front) : len(name) - len(end)]: name
        for name in names
        if name.startswith(front) and name.endswith(end) and len(name) > len(front) + len(end)
    }
