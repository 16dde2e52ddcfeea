"""Calls that say more than their answer are heard by who asks alone."""

import io
import logging
import sys
import warnings

import pytest

from reproductions.quiet import quiet

LOG = logging.getLogger("exporter")


@pytest.fixture
def logged():
    """Give what is logged, as it appears."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    LOG.addHandler(handler)
    yield stream
    LOG.removeHandler(handler)


def talk():
    """Print, log and warn, as an exporter does."""
    print("on the way")
    print("half of it is done", file=sys.stderr)
    LOG.warning("an old operation")
    warnings.warn("soon gone", FutureWarning, stacklevel=1)


def test_what_is_said_reaches_who_asks_alone(capsys, logged):
    """Prints are kept for who asks; warnings and what is logged below an error are dropped."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet() as said:
            talk()
            LOG.error("no memory")

    assert said.getvalue() == "on the way\nhalf of it is done\n"
    assert logged.getvalue() == "no memory\n"
    assert capsys.readouterr() == ("", "")
    assert caught == []


@pytest.mark.parametrize("before", [logging.NOTSET, logging.ERROR])
def test_all_is_as_it_was_afterwards(capsys, logged, monkeypatch, before):
    """An error leaves the streams, the warnings and the level of the log as they were."""
    monkeypatch.setattr(logging.root.manager, "disable", before)
    filters = list(warnings.filters)
    with pytest.raises(ZeroDivisionError), quiet():
        raise ZeroDivisionError

    with pytest.warns(FutureWarning, match="soon gone"):
        talk()
    assert capsys.readouterr() == ("on the way\n", "half of it is done\n")
    assert logged.getvalue() == ("" if before else "an old operation\n")
    assert logging.root.manager.disable == before
    assert warnings.filters == filters
