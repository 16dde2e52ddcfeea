"""How a fleet finds its peers and hands them their models."""

import socket
import threading

import pytest
from fleet_samples import EXPECTED, IMAGE, LONG, RIGHT, closed_port, is_right
from scripted_peer import PATIENCE, Peer, honest

from harness.errors import HarnessError
from reproductions.nonn.deployment import message
from reproductions.nonn.deployment.fleet import Fleet
from reproductions.nonn.deployment.message import Kind


def test_models_are_loaded_at_once(fleet_of):
    """Nodes that are ready only when all others have their model do load, each its own."""
    everybody = threading.Barrier(2)
    models = []

    def script(host):
        frame = host.hear()
        everybody.wait(PATIENCE)
        models.append(frame.body)
        host.say(message.pack(Kind.LOADED, frame.number))
        host.stay()

    peers = [Peer(script), Peer(script)]
    with Fleet([peer.address for peer in peers], LONG) as fleet:
        fleet.load([b"first", b"second"], [EXPECTED] * 2)
        assert sorted(models) == [b"first", b"second"]
    for peer in peers:
        peer.end()


def test_load_names_who_cannot():
    """A strict load fails with the name, the address and the reason of each node that cannot."""
    broken = Peer(lambda host: host.say(message.fault(host.hear().number, "no such model")))
    with (
        closed_port() as port,
        Fleet([broken.address, ("127.0.0.1", port)], LONG, ["left", "right"]) as fleet,
    ):
        with pytest.raises(HarnessError) as told:
            fleet.load([b""] * 2, [EXPECTED] * 2)
        assert told.value.message.splitlines() == [
            f"left at 127.0.0.1:{broken.address[1]}: failed: no such model",
            f"right at 127.0.0.1:{port}: refused: connection refused",
        ]
        # Who has no model is not asked for an answer.
        assert [reply.fault for reply in fleet.ask(IMAGE)] == list(fleet.faults().values())
    broken.end()


def test_last_words_are_heard():
    """Why a node refuses is told also when it ends the connection while the model is sent."""
    peer = Peer(lambda host: host.say(message.fault(0, "not here")), receive_buffer=4096)
    with (
        Fleet([peer.address], LONG) as fleet,
        pytest.raises(HarnessError, match="refused: not here"),
    ):
        fleet.load([bytes(1 << 25)], [EXPECTED])
    peer.end()


def test_who_listens_but_never_accepts_is_late():
    """A worker that never takes the connection in is late at loading, and left out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Fleet([listener.getsockname()], LONG) as fleet,
    ):
        with pytest.raises(HarnessError, match="late: no answer within 1 s"):
            fleet.load([b"model"], [EXPECTED], patience_s=1)
        assert list(fleet.faults()) == [0]


def test_host_name_with_several_addresses():
    """A name is tried at each of its addresses until one lets the host in."""
    peer = Peer(honest(RIGHT))
    with Fleet([("localhost", peer.address[1])], LONG) as fleet:
        fleet.load([b"model"], [EXPECTED])
        assert is_right(fleet.ask(IMAGE)[0])
    peer.end()


@pytest.mark.parametrize(
    ("address", "words"), [(("a..b", 80), "not known"), (("127.0.0.1", 65616), "port must be")]
)
def test_no_address(address, words):
    """A name that is none, and a port that is none, are refused in words, at loading."""
    with Fleet([address], LONG) as fleet, pytest.raises(HarnessError, match=f"refused: .*{words}"):
        fleet.load([b"model"], [EXPECTED])
