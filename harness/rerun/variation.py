"""The variations: each changes one thing of the setting that must not change a byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce

from harness.errors import UsageError
from harness.rerun import libc
from harness.rerun.host import Host
from harness.rerun.setting import Setting

_LONGEST_PLACE = 180
_DATES = {
    "next-year": "2027-12-31",
    "leap-day": "2028-02-29",
    "epoch": "1970-01-02",
    "after-2038": "2040-02-29",
}
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "TF_NUM_INTRAOP_THREADS",
)  # fmt: skip


@dataclass(frozen=True)
class Variation:
    """One thing that varies.

    Parameters
    ----------
    name
        One noun.
    says
        What it changes, in one line.
    values
        The values to choose from; the first is taken when none is chosen.
    change
        Returns the setting with the value in it; ValueError when it is no value of this one.
    missing
        Why the value cannot be had on a host; "" when it can.
    """

    name: str
    says: str
    values: tuple[str, ...]
    change: Callable[[Setting, str], Setting]
    missing: Callable[[Host, str], str] = lambda _host, _value: ""


@dataclass(frozen=True)
class Chosen:
    """A variation with the value that it takes."""

    variation: Variation
    value: str

    def __str__(self) -> str:
        return f"{self.variation.name}={self.value}"

    def missing(self, host: Host) -> str:
        """Why it cannot be had on a host; "" when it can."""
        return self.variation.missing(host, self.value)


def _one_of(value: str, values: Sequence[str]) -> str:
    if value not in values:
        raise ValueError(f"one of {', '.join(values)}")
    return value


def _number(value: str, low: int, high: int, base: int = 10) -> int:
    try:
        number = int(value, base)
    except ValueError:
        number = -1
    if not low <= number <= high:
        if base == 8:
            raise ValueError(f"an octal number from {low:03o} to {high:03o}")
        raise ValueError(f"a number from {low} to {high}")
    return number


def _path(setting: Setting, value: str) -> Setting:
    parts = value.split("/")
    if len(value.encode()) > _LONGEST_PLACE or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"a relative path of at most {_LONGEST_PLACE} bytes without '.' and '..'")
    return replace(setting, place=f"{value}/project", linked=True)


def _home(setting: Setting, value: str) -> Setting:
    return replace(setting, home=_one_of(value, ["empty"]) == "empty")


def _time(setting: Setting, value: str) -> Setting:
    try:
        chosen = date.fromisoformat(_DATES.get(value, value))
    except ValueError:
        raise ValueError(f"{', '.join(_DATES)}, or a date as YYYY-MM-DD") from None
    return replace(setting, date=chosen.isoformat())


def _timezone(setting: Setting, value: str) -> Setting:
    return replace(setting, variables=setting.with_variables({"TZ": value}))


def _locale(setting: Setting, value: str) -> Setting:
    if not re.fullmatch(r"[A-Za-z_]+(\.[A-Za-z0-9-]+)?", value):
        raise ValueError("the name of a locale, such as et_EE.UTF-8")
    return replace(setting, locale=value)


def _umask(setting: Setting, value: str) -> Setting:
    return replace(setting, umask=_number(value, 0, 0o077, base=8))


def _hashseed(setting: Setting, value: str) -> Setting:
    number = _number(value, 0, 2**32 - 1)
    return replace(setting, variables=setting.with_variables({"PYTHONHASHSEED": str(number)}))


def _threads(setting: Setting, value: str) -> Setting:
    number = _number(value, 1, 1024)
    variables = setting.with_variables(dict.fromkeys(_THREAD_VARIABLES, str(number)))
    return replace(setting, variables=variables, cores=1)


def _hostname(setting: Setting, value: str) -> Setting:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", value):
        raise ValueError("a host name of letters, digits, dots and hyphens")
    return replace(setting, hostname=value)


def _user(setting: Setting, value: str) -> Setting:
    return replace(setting, user=_number(value, 0, 2**31 - 2))


def _file_order(setting: Setting, value: str) -> Setting:
    listings: dict[str, Setting] = {
        "disorderfs": replace(setting, listing="disorderfs"),
        "shuffled": replace(setting, listing="shuffled"),
    }
    return listings[_one_of(value, list(listings))]


def _environment(setting: Setting, value: str) -> Setting:
    _one_of(value, ["stray"])
    return replace(setting, variables={**stray_variables(), **setting.variables})


def _git(setting: Setting, value: str) -> Setting:
    states: dict[str, Setting] = {
        "none": replace(setting, git="none"),
        "shallow": replace(setting, git="shallow"),
        "dirty": replace(setting, git="dirty"),
    }
    return states[_one_of(value, list(states))]


def _terminal(setting: Setting, value: str) -> Setting:
    if value == "none":
        return replace(setting, terminal="none")
    try:
        return replace(setting, terminal=_number(value, 1, 1000))
    except ValueError:
        raise ValueError("none, or a number of columns from 1 to 1000") from None


def _libc(setting: Setting, value: str) -> Setting:
    libc.libraries(value)
    return replace(setting, libc=value)


def stray_variables() -> dict[str, str]:
    """Return variables that a shell may hold and no byte may depend on, fifty and more."""
    stray = {f"STRAY_{number:02d}": "x" * number for number in range(30)}
    return stray | {
        "DVC_STRAY": "1", "DVC_EXP_NAME": "stray", "DVC_EXP_GIT_REMOTE": "nowhere",
        "DVC_STUDIO_OFFLINE": "true", "DVCLIVE_LOGLEVEL": "DEBUG",
        "HYDRA_FULL_ERROR": "1", "HYDRA_STRAY": "profile=paper",
        "HARNESS_STRAY": "1", "GIT_PAGER": "false", "EDITOR": "false", "PAGER": "false",
        "COLUMNS": "13", "LINES": "3", "FORCE_COLOR": "1", "TERM": "xterm-256color",
        "MPLBACKEND": "svg", "MPLCONFIGDIR": "/nonexistent", "MATPLOTLIBRC": "/nonexistent",
        "NPY_DISABLE_CPU_FEATURES": "", "OPENBLAS_CORETYPE": "Sandybridge",
        "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "SSE4_2",
        "MKL_DYNAMIC": "TRUE", "KMP_AFFINITY": "compact", "OMP_DYNAMIC": "true",
        "OMP_SCHEDULE": "guided", "TF_ENABLE_ONEDNN_OPTS": "1", "SOURCE_DATE_EPOCH": "1",
        "PYTHONPATH": "/nonexistent", "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "0",
        "POSIXLY_CORRECT": "1",
    }  # fmt: skip


def _needs(namespace: str) -> Callable[[Host, str], str]:
    def missing(host: Host, _value: str) -> str:
        return "" if namespace in host.namespaces else f"`unshare` of {namespace} is not permitted"

    return missing


def _needs_faketime(host: Host, _value: str) -> str:
    return "" if host.faketime else "libfaketime is not installed"


def _needs_zone(host: Host, value: str) -> str:
    return "" if host.has_zone(value) else f"no time zone '{value}' is installed"


def _needs_locale(host: Host, value: str) -> str:
    if host.can_make_locale(value):
        return ""
    return f"'{value}' is not installed, and localedef or its sources are not either"


def _needs_disorderfs(host: Host, value: str) -> str:
    if value != "disorderfs" or host.disorderfs:
        return ""
    return "disorderfs is not installed or cannot be mounted"


_LONG = "a path with spaces/and ünïcode/" + "/".join(["that goes on and on"] * 4)

VARIATIONS: Mapping[str, Variation] = {
    one.name: one
    for one in (
        Variation("path", "a long path with spaces, other letters and a link in it",
                  (_LONG,), _path),
        Variation("home", "a new and empty HOME, and new XDG folders", ("empty",), _home),
        Variation("time", "another date, in every process of Python and all that it starts",
                  ("after-2038", "next-year", "leap-day", "epoch"), _time, _needs_faketime),
        Variation("timezone", "another time zone", ("<+1245>-12:45", "<-11>11"), _timezone,
                  _needs_zone),
        Variation("locale", "a locale with a decimal comma, other letters and another order",
                  ("tr_TR.UTF-8", "et_EE.UTF-8", "de_DE.UTF-8", "C"), _locale, _needs_locale),
        Variation("umask", "another file mode creation mask", ("077", "000", "022"), _umask),
        Variation("hashseed", "another order of sets", ("4711",), _hashseed),
        Variation("threads", "numbers of threads set from outside, and one core",
                  ("7",), _threads),
        Variation("hostname", "another name of the host", ("another-host",), _hostname,
                  _needs("uts")),
        Variation("user", "another user and group, without privileges", ("4242", "0"), _user,
                  _needs("user")),
        Variation("file-order", "folders that list their entries in another order",
                  ("disorderfs", "shuffled"), _file_order, _needs_disorderfs),
        Variation("environment", "fifty stray variables", ("stray",), _environment),
        Variation("git", "no git, a shallow clone, or a tree with changes",
                  ("none", "shallow", "dirty"), _git),
        Variation("terminal", "a narrow terminal, or none and a closed standard input",
                  ("20", "none"), _terminal),
    )
}  # fmt: skip
"""Those that are in force when none is named."""

ASKED: Mapping[str, Variation] = {
    "libc": Variation("libc", "another C library, of an unpacked package", (), _libc, libc.missing),
}
"""Those that have a value of the user's alone, and are in force when they are named."""


def choose(words: Sequence[str], host: Host) -> tuple[list[Chosen], list[tuple[Chosen, str]]]:
    """Return the variations that `words` mean and can be had, and the others with the reason.

    Parameters
    ----------
    words
        Names, each alone or as ``name=value``; none means all of them.

    Raises
    ------
    UsageError
        A word names no variation, or no value of it.
    """
    chosen = [_chosen(word, host) for word in words or VARIATIONS]
    missing = [(one, why) for one in chosen if (why := one.missing(host))]
    return [one for one in chosen if not one.missing(host)], missing


def _chosen(word: str, host: Host) -> Chosen:
    name, given, value = word.partition("=")
    every = {**VARIATIONS, **ASKED}
    if name not in every:
        known = ", ".join([*every, "cpu"])
        raise UsageError(f"--vary {name}: no such variation; they are {known}")
    variation = every[name]
    if not given and not variation.values:
        raise UsageError(f"--vary {name}: it needs a value, {name}=...: {variation.says}")
    if not given:
        return _first_that_can_be_had(variation, host)
    try:
        variation.change(Setting(), value)
    except ValueError as error:
        raise UsageError(f"--vary {word}: the value must be {error}") from None
    return Chosen(variation, value)


def _first_that_can_be_had(variation: Variation, host: Host) -> Chosen:
    values = [Chosen(variation, value) for value in variation.values]
    return next((one for one in values if not one.missing(host)), values[0])


def setting_of(chosen: Sequence[Chosen]) -> Setting:
    """Return the setting with all of them in force."""
    return reduce(lambda setting, one: one.variation.change(setting, one.value), chosen, Setting())
