"""Which variations there are, and what each makes of the setting."""

import pytest

from harness.errors import UsageError
from harness.rerun.host import Host
from harness.rerun.setting import Setting
from harness.rerun.variation import VARIATIONS, choose, setting_of, stray_variables

BARE = Host(frozenset(), privileged=False, faketime="", disorderfs=False, localedef=False,
            diffoscope=False)  # fmt: skip
RICH = Host(frozenset({"net", "mount", "uts", "user"}), privileged=True, faketime="/lib/f.so",
            disorderfs=True, localedef=True, diffoscope=False)  # fmt: skip


def test_all_variations_are_meant_by_none():
    """Without a name every variation is chosen, or its absence is explained."""
    able, missing = choose([], RICH)

    assert {one.variation.name for one in able} | {one.variation.name for one, _ in missing} == set(
        VARIATIONS
    )


def test_each_variation_changes_the_setting():
    """Every variation changes the setting, and one alone changes another part than the next."""
    settings = [setting_of(choose([name], RICH)[0]) for name in VARIATIONS if name != "locale"]

    assert Setting() not in settings
    assert all(one != other for n, one in enumerate(settings) for other in settings[:n])


def test_what_cannot_be_had_says_why():
    """On a machine without tools and privileges each variation that needs them says so."""
    able, missing = choose([], BARE)

    assert {one.variation.name: why for one, why in missing}.keys() >= {
        "time", "hostname", "user"
    }  # fmt: skip
    assert all(why for _, why in missing)
    assert ("file-order", "shuffled") in [(one.variation.name, one.value) for one in able]


def test_chosen_value_is_not_replaced():
    """A value that the user chose and that cannot be had is missing; no other takes its place."""
    able, ((one, why),) = choose(["file-order=disorderfs"], BARE)

    assert not able
    assert one.value == "disorderfs"
    assert "disorderfs is not installed" in why


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("weather", "no such variation; they are path, home, time"),
        ("umask=999", "an octal number from 000 to 077"),
        ("umask=0777", "an octal number"),
        ("hashseed=-1", "a number from 0 to 4294967295"),
        ("time=tomorrow", "a date as YYYY-MM-DD"),
        ("path=../out", "without '.' and '..'"),
        ("path=/abs", "a relative path"),
        ("terminal=0", "a number of columns"),
        ("git=svn", "one of none, shallow, dirty"),
        ("locale=../x", "the name of a locale"),
        ("hostname=a b", "a host name"),
        ("libc", "it needs a value, libc=...: another C library"),
        ("libc=/nowhere", "a folder with an unpacked package of glibc"),
    ],
)
def test_wrong_words_are_refused(word, said):
    """A variation or value that there is not is refused with what is allowed."""
    with pytest.raises(UsageError, match=said.replace(".", r"\.").replace("(", r"\(")):
        choose([word], RICH)


def test_strays_are_fifty_and_more():
    """The stray variables are at least fifty, with PYTHONPATH, DVC's and Hydra's among them."""
    stray = stray_variables()

    assert len(stray) >= 50
    assert {name.partition("_")[0] for name in stray} >= {"PYTHONPATH", "DVC", "HYDRA"}


def test_order_of_names_does_not_matter():
    """Any order of the variations gives one setting."""
    words = [name for name in VARIATIONS if name != "locale"]

    assert setting_of(choose(words, RICH)[0]) == setting_of(choose(words[::-1], RICH)[0])
