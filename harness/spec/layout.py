"""The layouts of the files that datasets come in."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from harness.spec.base import RelativePath, Spec

FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)
]
"""The name of a file, without a folder."""


class Image(Spec):
    """The shape of one image and its largest pixel value."""

    height: int = Field(ge=1, le=4096)
    width: int = Field(ge=1, le=4096)
    channels: int = Field(ge=1, le=4)
    maximum: int = Field(ge=1, le=255, description="Pixels are whole numbers from 0 to this.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.height, self.width, self.channels

    @property
    def size(self) -> int:
        """Number of values of one image."""
        return self.height * self.width * self.channels


class DigitsCsv(Spec):
    """One image a line: its pixels row by row, then its label; gzip."""

    kind: Literal["digits-csv"]


class Pair(Spec):
    """The file of the images and the file of their labels."""

    images: FileName
    labels: FileName


class Idx(Spec):
    """MNIST's format: a header of big-endian sizes, then the values; gzip."""

    kind: Literal["idx"]
    train: Pair
    test: Pair


class CifarBinary(Spec):
    """CIFAR's binary format: records of label bytes and three planes of pixels; tar, gzip."""

    kind: Literal["cifar-binary"]
    label_bytes: Literal[1, 2] = Field(description="The last one is the label that is used.")
    train: tuple[RelativePath, ...] = Field(min_length=1, description="Members, in this order.")
    test: tuple[RelativePath, ...] = Field(min_length=1)


class DigitScenes(Spec):
    """Scenes composed from single digits on textured grounds; the digits as in `digits-csv`.

    The digits are divided first and each part is composed from its own. The class of a pixel is
    the place of its digit among those shown, from 1; 0 is the ground, and a border of one pixel
    round each digit has the label to ignore. The same seed gives the same scenes on every machine.
    """

    kind: Literal["digit-scenes"]
    digit: Image = Field(description="One digit, as the source has it.")
    train: int = Field(ge=1, le=10**5, description="How many scenes of the train part.")
    validation: int = Field(ge=1, le=10**5)
    test: int = Field(ge=1, le=10**5)
    digits: tuple[int, int] = Field(description="The fewest and the most digits of a scene.")
    scales: tuple[int, ...] = Field(
        min_length=1, description="The whole factors by which digits are enlarged."
    )
    shown: tuple[int, ...] = Field(
        tuple(range(10)),
        min_length=1,
        description="Which digits are in the scenes, in the order of their classes.",
    )
    seed: int = Field(ge=0, lt=2**32)

    @model_validator(mode="after")
    def _sensible_numbers(self) -> Self:
        fewest, most = self.digits
        if not 1 <= fewest <= most <= 32:
            raise ValueError("'digits' is the fewest and the most, from 1 to 32")
        if min(self.scales) < 1 or max(self.scales) > 64:
            raise ValueError("'scales' are whole factors from 1 to 64")
        if len(set(self.shown)) != len(self.shown) or not set(self.shown) <= set(range(10)):
            raise ValueError("'shown' has digits from 0 to 9, each once")
        return self


class Members(Spec):
    """Files of one kind inside a zip file: all those under a folder that have an ending.

    A file's key is its path from `folder`, without `ending`: an image and its mask have the same.
    """

    archive: FileName
    folder: RelativePath
    ending: str = Field(pattern=r"^[A-Za-z0-9._-]*\.(png|jpg)$", max_length=64)


class Pictures(Spec):
    """The images and the masks of one part."""

    images: Members
    masks: Members

    @model_validator(mode="after")
    def _exact_masks(self) -> Self:
        if not self.masks.ending.endswith(".png"):
            raise ValueError("masks are in PNG: JPEG would change their values")
        return self

    @property
    def both(self) -> tuple[Members, Members]:
        """The images, then the masks."""
        return self.images, self.masks


class PicturePairs(Spec):
    """Images in PNG or JPEG and a mask in PNG for each, in zip files or in a folder.

    `harness data adopt` makes the zip files out of a folder that has the same paths. The records
    are taken in the order of their keys.
    """

    kind: Literal["picture-pairs"]
    train: Pictures
    test: Pictures | None = None

    @property
    def parts(self) -> tuple[Pictures, ...]:
        """The parts of the source that there are."""
        return (self.train,) if self.test is None else (self.train, self.test)


class TfRecord(Spec):
    """TFRecord files with one `Example` a record: an image and its mask.

    The keys are `image/encoded` in PNG or JPEG, `image/filename`, `image/height`, `image/width`
    and `image/segmentation/class/encoded` in PNG, as segmentation tools write them.
    """

    kind: Literal["tfrecord"]
    train: tuple[FileName, ...] = Field(min_length=1, description="Files, in this order.")
    test: tuple[FileName, ...] = ()

    @model_validator(mode="after")
    def _distinct_files(self) -> Self:
        if len({*self.train, *self.test}) != len(self.train) + len(self.test):
            raise ValueError("a file is named twice")
        return self


Format = Annotated[
    DigitsCsv | Idx | CifarBinary | DigitScenes | PicturePairs | TfRecord,
    Field(discriminator="kind"),
]


def files_of(layout: Format) -> set[str]:
    """Return the names of the files that a format reads."""
    match layout:
        case Idx():
            return {name for part in (layout.train, layout.test) for name in _names(part)}
        case PicturePairs():
            return {members.archive for part in layout.parts for members in part.both}
        case TfRecord():
            return {*layout.train, *layout.test}
        case _:
            return set()


def _names(pair: Pair) -> tuple[str, str]:
    return pair.images, pair.labels
