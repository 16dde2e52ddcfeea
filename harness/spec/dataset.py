"""A dataset: where it comes from, its licence, its checksums, its layout and its split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from harness.spec.base import Digest, Identifier, RelativePath, Spec, Text, check_address
from harness.spec.layout import (
    CifarBinary,
    DigitScenes,
    DigitsCsv,
    FileName,
    Format,
    Image,
    PicturePairs,
    TfRecord,
    files_of,
)

ArrayName = Literal[
    "train_images",
    "train_labels",
    "validation_images",
    "validation_labels",
    "test_images",
    "test_labels",
]
"""The arrays that a dataset is materialised to."""

Md5 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""An MD5 in lower-case hexadecimal digits."""

Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+/\S*$", max_length=500),
    AfterValidator(check_address),
]
"""An address that a mirror answers."""

Distribution = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([+.-][a-z0-9]+)*$")]
"""The name of a package, in lower case."""

Share = Annotated[float, Field(gt=0, lt=1)]
"""A part of a whole, larger than none of it and smaller than all of it."""


class Records(Spec):
    """How many labelled images the source holds."""

    train: int = Field(
        ge=1, le=10**9, description="All of them where there is no official test set."
    )
    test: int = Field(0, ge=0, le=10**9, description="The official test set.")


class Content(Spec):
    """A file as it is once it is unpacked."""

    bytes: int = Field(ge=1, le=10**15)
    sha256: Digest


class Debian(Spec):
    """The Debian package that holds the file too."""

    package: Distribution
    path: RelativePath = Field(description="Inside the package, such as `usr/share/…`.")


class Archive(Spec):
    """One file of the source.

    A file is accepted when it has these bytes, or, packed again by somebody else, when it unpacks
    to `content`. Where nobody may publish them, a file has a name only: it is accepted when it is
    of the format's layout, and from its adoption on its own SHA-256 is held against it.
    """

    name: FileName
    bytes: int | None = Field(None, ge=1, le=10**15)
    sha256: Digest | None = None
    md5: Md5 | None = Field(None, description="Where the publisher states no SHA-256.")
    content: Content | None = Field(None, description="For one file in gzip: what is in it.")
    urls: tuple[Url, ...] = Field((), description="Mirrors, tried in this order.")
    debian: Debian | None = None

    @property
    def known(self) -> bool:
        """Whether the spec says which bytes the file has."""
        return self.bytes is not None

    @model_validator(mode="after")
    def _has_an_identity(self) -> Self:
        digests = self.sha256 is not None or self.md5 is not None
        if self.known and not digests:
            raise ValueError("give a 'sha256', or an 'md5' where no SHA-256 is known")
        if not self.known and (digests or self.content or self.urls or self.debian):
            raise ValueError("'bytes' is missing: a file has either its name alone or all of it")
        if self.debian is not None and self.content is None:
            raise ValueError("'debian' needs 'content', since Debian packs the files again")
        return self


class Package(Spec):
    """A file that ships inside an installed Python package."""

    kind: Literal["package"]
    distribution: Distribution
    file: RelativePath = Field(description="The file, from the folder that holds the package.")
    bytes: int = Field(ge=1, le=10**15)
    sha256: Digest


class Archives(Spec):
    """Files that are fetched, or put in place by hand."""

    kind: Literal["archives"]
    files: tuple[Archive, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        if len({file.name for file in self.files}) != len(self.files):
            raise ValueError("each file needs a name of its own")
        return self


Source = Annotated[Package | Archives, Field(discriminator="kind")]


class ClassLabels(Spec):
    """One class an image."""

    kind: Literal["class"]


class MaskLabels(Spec):
    """One class a pixel."""

    kind: Literal["mask"]
    ignore: int = Field(
        255, ge=0, le=255, description="The label of pixels that count for nothing."
    )
    ids: tuple[Annotated[int, Field(ge=0, le=255)], ...] | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="The label that stands for each value of a stored mask, from 0 on; without "
        "it, a mask holds labels.",
    )


Labels = Annotated[ClassLabels | MaskLabels, Field(discriminator="kind")]


class Split(Spec):
    """How the records are divided.

    Every part has the classes in the proportions of the whole; records with masks are drawn
    plainly.
    """

    test: Literal["official"] | Share = Field(
        description="The official test set, or the share of all records that is set aside."
    )
    validation: Share = Field(
        description="The share of the other records on which models are selected."
    )
    seed: int = Field(ge=0, lt=2**32)


class Dataset(Spec):
    """Labelled images: what they are, whose, where they come from and how they are divided."""

    dataset: Identifier
    title: Text
    licence: Text = Field(description="SPDX identifier, or what the publisher states.")
    homepage: Annotated[
        str, StringConstraints(pattern=r"^https?://\S+$"), AfterValidator(check_address)
    ]
    access: Literal["embedded", "open", "manual"] = Field(
        description="`embedded`: ships in a package. `open`: fetched when it is needed. `manual`: "
        "behind a login or a form; `harness data adopt` puts it in place."
    )
    classes: tuple[Text, ...] = Field(min_length=2, max_length=256, description="By label.")
    labels: Labels = ClassLabels(kind="class")
    image: Image
    records: Records
    source: Source
    format: Format
    split: Split
    arrays: dict[ArrayName, Digest] = Field(
        {}, description="SHA-256 of each materialised `<array>.npy`, before any limit."
    )

    @property
    def archives(self) -> tuple[Archive, ...]:
        """The files to obtain; none for a dataset that ships in a package."""
        return self.source.files if isinstance(self.source, Archives) else ()

    @model_validator(mode="after")
    def _source_fits_access(self) -> Self:
        if (self.access == "embedded") != isinstance(self.source, Package):
            raise ValueError("access 'embedded' goes with a source of kind 'package', and only so")
        for file in self.archives if self.access == "open" else ():
            if not file.urls and file.debian is None:
                raise ValueError(f"'{file.name}' needs 'urls' or 'debian', or access 'manual'")
        return self

    @model_validator(mode="after")
    def _source_fits_format(self) -> Self:
        if isinstance(self.format, DigitsCsv | DigitScenes) != isinstance(self.source, Package):
            raise ValueError(f"format '{self.format.kind}' goes with a source of kind 'package'")
        if isinstance(self.format, CifarBinary) and len(self.archives) != 1:
            raise ValueError("format 'cifar-binary' reads exactly one archive")
        unknown = sorted(files_of(self.format) - {file.name for file in self.archives})
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not the name of one of the source's files")
        for file in self.archives:
            # Only these layouts are looked into when a file is adopted.
            if not file.known and not isinstance(self.format, PicturePairs | TfRecord):
                raise ValueError(f"'{file.name}' needs 'bytes' and 'sha256'")
        return self

    @model_validator(mode="after")
    def _labels_fit_format(self) -> Self:
        masked = isinstance(self.format, DigitScenes | PicturePairs | TfRecord)
        if masked != isinstance(self.labels, MaskLabels):
            kind = "mask" if masked else "class"
            raise ValueError(f"format '{self.format.kind}' goes with labels of kind '{kind}'")
        if isinstance(self.labels, MaskLabels):
            _check_labels(self.labels, len(self.classes))
        if isinstance(self.format, DigitScenes):
            _check_scenes(self.format, self.image, len(self.classes))
        elif masked and (self.image.maximum != 255 or self.image.channels == 2):
            raise ValueError("PNG and JPEG have 1, 3 or 4 channels with a maximum of 255")
        return self

    @model_validator(mode="after")
    def _split_fits_records(self) -> Self:
        if (self.split.test == "official") != (self.records.test > 0):
            raise ValueError("a test part is 'official' where 'records.test' counts one, only so")
        if isinstance(self.format, PicturePairs | TfRecord):
            if bool(self.format.test) != (self.records.test > 0):
                raise ValueError("'format.test' is given where 'records.test' counts one, only so")
        elif isinstance(self.format, DigitScenes) and self.records.test:
            raise ValueError("format 'digit-scenes' divides all digits: 'records.test' is 0")
        return self


def _check_labels(labels: MaskLabels, classes: int) -> None:
    if labels.ignore < classes:
        raise ValueError(f"the label to ignore, {labels.ignore}, is one of the {classes} classes")
    for value in labels.ids or ():
        if value >= classes and value != labels.ignore:
            raise ValueError(f"'ids' has {value}: neither one of the {classes} classes nor ignored")


def _check_scenes(layout: DigitScenes, image: Image, classes: int) -> None:
    if classes != 1 + len(layout.shown):
        raise ValueError(
            f"format 'digit-scenes' has {1 + len(layout.shown)} classes here: the ground and the "
            "digits of 'shown'"
        )
    if (image.channels, image.maximum, layout.digit.channels) != (3, 255, 1):
        raise ValueError("format 'digit-scenes' makes images of 3 channels, up to 255, of grey")
    largest = max(layout.scales)
    if largest * layout.digit.height > image.height or largest * layout.digit.width > image.width:
        raise ValueError(f"a digit enlarged {largest} times does not fit into an image")
