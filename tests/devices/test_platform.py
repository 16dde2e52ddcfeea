"""The description of the machine."""

import subprocess
import sys

import pytest

from harness.devices.platform import UNAVAILABLE, cpu_fingerprint, describe

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: A fine CPU
cpu MHz\t\t: {mhz}
flags\t\t: {flags}

processor\t: 1
vendor_id\t: GenuineIntel
"""


@pytest.fixture
def machine(tmp_path):
    """Make a /proc and a /sys from a few facts."""

    def make(name, flags="fpu avx2", mhz="2000", cache="32K", governor=None):
        proc, sysfs = tmp_path / name / "proc", tmp_path / name / "sys"
        index = sysfs / "devices/system/cpu/cpu0/cache/index0"
        index.mkdir(parents=True)
        proc.mkdir()
        (proc / "cpuinfo").write_text(CPUINFO.format(flags=flags, mhz=mhz))
        for field, text in (("level", "1"), ("type", "Data"), ("size", cache)):
            (index / field).write_text(f"{text}\n")
        if governor:
            (sysfs / "devices/system/cpu/cpu0/cpufreq").mkdir()
            place = sysfs / "devices/system/cpu/cpu0/cpufreq/scaling_governor"
            place.write_text(f"{governor}\n")
        return proc, sysfs

    return make


def test_fingerprint_is_of_the_cpu_alone(machine):
    """The order of flags and the clock rate of the moment do not change the fingerprint."""
    one = cpu_fingerprint(*machine("one"))

    assert one == cpu_fingerprint(*machine("two", flags="avx2 fpu", mhz="3500"))
    assert len(one) == 16


@pytest.mark.parametrize("change", [{"flags": "fpu"}, {"cache": "48K"}])
def test_another_cpu_has_another_fingerprint(machine, change):
    """A flag more or another cache changes the fingerprint."""
    assert cpu_fingerprint(*machine("one")) != cpu_fingerprint(*machine("two", **change))


def test_description(machine):
    """A record tells model, threads and governor, and says when the governor is hidden."""
    where = describe({"torch": "2.13.0"}, *machine("one", governor="performance"))

    assert (where.cpu, where.threads, where.governor) == ("A fine CPU", 2, "performance")
    assert where.libraries == {"torch": "2.13.0"}
    assert describe({}, *machine("two")).governor == UNAVAILABLE


def test_machine_that_tells_nothing(tmp_path):
    """Without /proc and /sys there still is a description."""
    nowhere = tmp_path / "nothing"

    assert describe({}, nowhere, nowhere).threads >= 1


def test_this_machine():
    """The machine that runs the tests can be described, without its name."""
    where = describe()

    assert where.usable >= 1
    assert where.memory > 0


def test_fingerprint_needs_the_standard_library_only():
    """Every environment can ask for the fingerprint: nothing else is imported."""
    code = (
        "import sys; from harness.devices.platform import cpu_fingerprint; cpu_fingerprint();"
        "print([name for name in ('pydantic', 'numpy', 'psutil', 'yaml') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
