"""Parts of a network that are timed once for each shape, and what they tell of every window."""

import json
import re

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.devices.record import SeriesName
from reproductions.shunt.architecture import describe
from reproductions.shunt.architecture.shunt import Site, describe_shunt, site_of
from reproductions.shunt.params.export import Export
from reproductions.shunt.params.latency import PartsParams
from reproductions.shunt.params.network import DeepLabV3, MobileNetV2, MobileNetV3
from reproductions.shunt.params.shunt import Shunt
from reproductions.shunt.params.window import Window, windows_of
from reproductions.shunt.parts import block_parts, by_window, shunt_part, shunts_by_part
from reproductions.shunt.search.latencies import Latencies

SMALL = MobileNetV3(family="mobilenetv3", size="small", change_stride_layers=2)
LARGE = MobileNetV2(family="mobilenetv2", change_stride_layers=2)
PUBLISHED = DeepLabV3(family="deeplabv3", output_stride=8)
SHUNTS = PartsParams(network=SMALL).shunts


def names(network):
    """Return the names of all parts of a network but itself."""
    return [*block_parts(describe(network)), *shunts_by_part(describe(network), SHUNTS)]


@pytest.mark.parametrize("network", [SMALL, LARGE, PUBLISHED])
def test_parts_have_names_that_a_record_takes(network):
    """Each name is one of a series, with the window's ends and its dilation in it."""
    known = TypeAdapter(SeriesName)
    form = re.compile(r"block-\d+|shunt-[145](-\d+x\d+x\d+){2}(-d\d+\.\d+)?")

    for name in names(network):
        assert known.validate_python(name) == name
        assert form.fullmatch(name)
    assert len(set(names(network))) == len(names(network))


def test_a_dilated_window_has_parts_of_its_own():
    """A shunt's name tells all that its layers depend on."""
    site = Site((8, 8, 48), (8, 8, 48), (1, 2))

    assert shunt_part(site, Shunt(architecture=5, width="window")) == "shunt-5w-8x8x48-8x8x48-d1.2"
    assert shunt_part(Site((8, 8, 40), (4, 4, 96)), Shunt()) == "shunt-1-8x8x40-4x4x96"
    assert any(name.endswith("-d2.4") for name in names(PUBLISHED))


def test_shapes_are_measured_once():
    """Of MobileNetV2's 349 shunts that cost no more than their window 68 differ."""
    found = shunts_by_part(describe(LARGE), SHUNTS)

    assert len(found) == 68
    assert sum(map(len, found.values())) == 349


@pytest.mark.parametrize("network", [SMALL, LARGE])
def test_shunts_of_one_part_are_alike(network):
    """All windows of a part get the same layers, and the shunt is dearer than none."""
    whole = describe(network)

    for places in shunts_by_part(whole, SHUNTS).values():
        built = [describe_shunt(site_of(whole, window), shunt) for window, shunt in places]
        assert len({(one.image, one.output, one.macs, one.parameters) for one in built}) == 1
        for (window, _), one in zip(places, built, strict=True):
            within = whole.blocks[window.first : window.last + 1]
            assert one.macs <= sum(block.macs for block in within)


def test_every_window_gets_its_time():
    """Times by shape become times by window, by which the search asks; the others keep names."""
    whole = describe(SMALL)
    measured = {"original": 10_000, **dict.fromkeys(block_parts(whole), 100)}
    measured |= {name: 10 + place for place, name in enumerate(shunts_by_part(whole, SHUNTS))}
    found = Latencies(by_window(measured, whole, SHUNTS))

    assert found.whole == 10_000
    assert found.blocks(Window(first=4, last=6)) == 300
    offered = {place for places in shunts_by_part(whole, SHUNTS).values() for place in places}
    for window in windows_of(len(whole.blocks)):
        for shunt in SHUNTS:
            time = found.shunt(window, shunt)
            assert (time is not None) == ((window, shunt) in offered)
            if time is not None:
                assert time == measured[shunt_part(site_of(whole, window), shunt)]


def test_a_part_that_was_not_measured_has_no_time():
    """Nothing stands in the place of a missing measurement."""
    whole = describe(SMALL)

    assert by_window({"original": 5}, whole, SHUNTS) == {"original": 5}


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        (Export, {"precisions": ["int8", "int8"]}, "each precision is given once"),
        (Export, {"precisions": ["float16"]}, "'float32' or 'int8'"),
        (Export, {"tolerance": 0}, "greater than 0"),
        (Export, {"calibration": 0}, "greater than or equal to 1"),
        (PartsParams, {"architectures": [1, 1]}, "each architecture is given once"),
        (PartsParams, {"architectures": [6]}, "1, 4 or 5"),
    ],
)
def test_what_is_wrong_is_told(model, given, words):
    """A value that a step does not know is refused."""
    more = {"network": SMALL.model_dump()} if model is PartsParams else {}

    with pytest.raises(ValidationError, match=words):
        model.model_validate_json(json.dumps({**more, **given}))


def test_both_precisions_unless_told_otherwise():
    """By default networks are exported in float32, within 1e-5 of Keras, and in 8 bits."""
    assert Export().precisions == ("float32", "int8")
    assert Export().tolerance == 1e-5
