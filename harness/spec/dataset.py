"""A dataset: where it comes from, its licence, its checksums, its layout and its split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from harness.spec.base import Digest, Identifier, RelativePath, Spec, Text, check_address

ArrayName = Literal[
    "train_images",
    "train_labels",
    "validation_images",
    "validation_labels",
    "test_images",
    "test_labels",
]
"""The arrays that a dataset is materialised to."""

FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)
]
"""The name of a file, without a folder."""

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
    to `content`.
    """

    name: FileName
    bytes: int = Field(ge=1, le=10**15)
    sha256: Digest | None = None
    md5: Md5 | None = Field(None, description="Where the publisher states no SHA-256.")
    content: Content | None = Field(None, description="For one file in gzip: what is in it.")
    urls: tuple[Url, ...] = Field((), description="Mirrors, tried in this order.")
    debian: Debian | None = None

    @model_validator(mode="after")
    def _has_an_identity(self) -> Self:
        if self.sha256 is None and self.md5 is None:
            raise ValueError("give a 'sha256', or an 'md5' where no SHA-256 is known")
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


Format = Annotated[DigitsCsv | Idx | CifarBinary, Field(discriminator="kind")]


class Split(Spec):
    """How the records are divided. Every part has the classes in the proportions of the whole."""

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
        if isinstance(self.format, DigitsCsv) != isinstance(self.source, Package):
            raise ValueError("format 'digits-csv' goes with a source of kind 'package'")
        if isinstance(self.format, CifarBinary) and len(self.archives) != 1:
            raise ValueError("format 'cifar-binary' reads exactly one archive")
        if isinstance(self.format, Idx):
            named = {*_names(self.format.train), *_names(self.format.test)}
            unknown = sorted(named - {file.name for file in self.archives})
            if unknown:
                raise ValueError(f"'{unknown[0]}' is not the name of one of the source's files")
        return self

    @model_validator(mode="after")
    def _split_fits_records(self) -> Self:
        if (self.split.test == "official") != (self.records.test > 0):
            raise ValueError("a test part is 'official' where 'records.test' counts one, only so")
        return self


def _names(pair: Pair) -> tuple[str, str]:
    return pair.images, pair.labels
