"""A visitor's VNC connection: what passes, what does not, however the network cuts the stream."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classdesk_desktop.view_only.filter import VIEWING_ENCODINGS, ViewOnlyFilter
from classdesk_desktop.view_only.stream import RfbError

VERSION = b"RFB 003.008\n"
PIXELS = struct.pack(">4B3H3B3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
SERVER_INIT = struct.pack(">HH", 1600, 900) + PIXELS + struct.pack(">I", 5) + b"ada's"
TO_VISITOR = (VERSION, b"\x01\x01", bytes(4), SERVER_INIT)
TO_DESKTOP = (VERSION, b"\x01", b"\x01")
EXTENDED_CLIPBOARD = -1063131698

# What a visitor may send, as it must reach the desktop.
PASSING_TYPES = {0: 20, 3: 10, 150: 10}

short = st.integers(0, 0xFFFF)
word = st.integers(0, 0xFFFFFFFF)
byte = st.integers(0, 0xFF)


def shaken_hands() -> ViewOnlyFilter:
    """A filter whose two sides have met, as noVNC and Xtigervnc do."""
    view = ViewOnlyFilter()
    said = list(TO_DESKTOP)
    for part in TO_VISITOR:
        assert view.from_desktop(part) == part
        if said:
            word = said.pop(0)
            assert view.from_visitor(word) == word
    return view


def in_pieces(feed: Callable[[bytes], bytes], data: bytes, cuts: Sequence[int]) -> bytes:
    """Feeds the data in the pieces that the cuts make."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    parts = zip([0, *places], [*places, len(data)], strict=True)
    return b"".join(feed(data[start:end]) for start, end in parts)


# Strategies: a message, and what of it passes ------------------------------------------------------------------------

Case = tuple[bytes, bytes]


def passes(message: bytes) -> Case:
    return message, message


def dropped(message: bytes) -> Case:
    return message, b""


def encodings(asked: list[int]) -> Case:
    kept = [encoding for encoding in asked if encoding in VIEWING_ENCODINGS]
    return tuple(struct.pack(f">BxH{len(e)}i", 2, len(e), *e) for e in (asked, kept))  # type: ignore[return-value]


harmless = st.one_of(
    st.just(passes(b"\x00\x00\x00\x00" + PIXELS)),
    st.lists(st.one_of(st.sampled_from(sorted(VIEWING_ENCODINGS)), st.integers(-(2**31), 2**31 - 1))).map(encodings),
    st.builds(struct.pack, st.just(">BB4H"), st.just(3), byte, short, short, short, short).map(passes),
    st.builds(struct.pack, st.just(">BB4H"), st.just(150), byte, short, short, short, short).map(passes),
    st.builds(
        lambda flags, data: passes(struct.pack(">B3xIB", 248, flags, len(data)) + data),
        word,
        st.binary(max_size=64),
    ),
)
keys = st.builds(struct.pack, st.just(">BBHI"), st.just(4), byte, short, word)
pointers = st.builds(struct.pack, st.just(">BBHH"), st.just(5), byte, short, short)
texts = st.binary(max_size=300)
changing = st.one_of(
    texts.map(lambda text: struct.pack(">B3xi", 6, len(text)) + text),
    texts.map(lambda text: struct.pack(">B3xi", 6, -len(text)) + text),
    st.builds(struct.pack, st.just(">BBHII"), st.just(255), st.just(0), short, word, word),
    st.builds(struct.pack, st.just(">BxBB"), st.just(250), byte, byte),
    st.builds(
        lambda width, height, screens: struct.pack(">BxHHBx", 251, width, height, len(screens)) + b"".join(screens),
        short,
        short,
        st.lists(st.binary(min_size=16, max_size=16), max_size=3),
    ),
)
viewing = st.lists(st.one_of(harmless, keys.map(dropped), pointers.map(dropped), changing.map(dropped)))
controlling = st.lists(st.one_of(harmless, keys.map(passes), pointers.map(passes), changing.map(dropped)))


def compact(data: bytes) -> bytes:
    """Tight's length before the data."""
    length = len(data)
    if length < 1 << 7:
        return bytes([length]) + data
    if length < 1 << 14:
        return bytes([length & 0x7F | 0x80, length >> 7]) + data
    return bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14]) + data


def basic(stream: int, filter_id: int | None, head: bytes, size: int, data: bytes) -> bytes:
    named = b"" if filter_id is None else bytes([filter_id])
    body = data[:size].ljust(size, b"x") if size < 12 else compact(data)
    return bytes([(stream | (0 if filter_id is None else 4)) << 4]) + named + head + body


@st.composite
def rectangles(draw: st.DrawFn) -> bytes:
    width, height = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    data = draw(st.binary(max_size=300)) * draw(st.sampled_from([1, 1, 70]))
    colours = draw(st.integers(1, 256))
    row = (width + 7) // 8 if colours <= 2 else width
    stream = draw(st.integers(0, 3))
    encoding, body = draw(
        st.sampled_from(
            [
                (0, bytes(4 * width * height)),
                (1, b"abcd"),
                (16, struct.pack(">I", len(data)) + data),
                (-223, b""),
                (7, b"\x80rgb"),
                (7, b"\x9f" + compact(data)),
                (7, basic(stream, None, b"", 3 * width * height, data)),
                (7, basic(stream, 0, b"", 3 * width * height, data)),
                (7, basic(stream, 2, b"", 3 * width * height, data)),
                (
                    7,
                    basic(stream, 1, bytes([colours - 1]) + b"rgb" * colours, row * height, data),
                ),
            ]
        )
    )
    return struct.pack(">4Hi", 1, 2, width, height, encoding) + body


LAST = struct.pack(">4Hi", 0, 0, 0, 0, -224)
shown = st.one_of(
    st.lists(rectangles(), max_size=4).map(lambda parts: struct.pack(">BxH", 0, len(parts)) + b"".join(parts)),
    st.lists(rectangles(), max_size=4).map(lambda parts: struct.pack(">BxH", 0, 0xFFFF) + b"".join(parts) + LAST),
    st.just(b"\x02"),
    st.just(b"\x96"),
    st.binary(max_size=30).map(lambda d: struct.pack(">BxHH", 1, 0, len(d)) + b"rrggbb" * len(d)),
    st.binary(max_size=64).map(lambda d: struct.pack(">B3xIB", 248, 1, len(d)) + d),
)
secret = texts.map(lambda text: struct.pack(">B3xi", 3, len(text)) + text) | texts.map(
    lambda text: struct.pack(">B3xi", 3, -len(text)) + text
)
cuts = st.lists(st.integers(0, 1 << 20), max_size=8)


def types_of(sent: bytes) -> set[int]:
    """The message types in what reaches the desktop; read by other code than the filter's."""
    seen, at = set(), 0
    while at < len(sent):
        kind = sent[at]
        seen.add(kind)
        if kind == 2:
            at += 4 + 4 * int.from_bytes(sent[at + 2 : at + 4])
        elif kind == 248:
            at += 9 + sent[at + 8]
        else:
            at += PASSING_TYPES[kind]
    return seen


# Properties -----------------------------------------------------------------------------------------------------------


@given(viewing, cuts)
def test_of_a_visitors_messages_only_the_harmless_pass(cases: list[Case], cuts: list[int]) -> None:
    view = shaken_hands()
    sent = in_pieces(view.from_visitor, b"".join(message for message, _ in cases), cuts)
    assert sent == b"".join(part for _, part in cases)
    assert types_of(sent) <= {0, 2, 3, 150, 248}


@given(controlling, cuts)
def test_with_control_keys_and_pointer_pass_and_no_more(cases: list[Case], cuts: list[int]) -> None:
    view = shaken_hands()
    view.allow_control()
    sent = in_pieces(view.from_visitor, b"".join(message for message, _ in cases), cuts)
    assert sent == b"".join(part for _, part in cases)


@given(st.lists(st.one_of(shown.map(passes), secret.map(dropped))), cuts)
def test_the_picture_passes_and_the_clipboard_does_not(cases: list[Case], cuts: list[int]) -> None:
    view = shaken_hands()
    shown = in_pieces(view.from_desktop, b"".join(message for message, _ in cases), cuts)
    assert shown == b"".join(part for _, part in cases)


@given(st.binary(max_size=600), cuts)
def test_whatever_bytes_come_no_key_and_no_pointer_pass(data: bytes, cuts: list[int]) -> None:
    view = shaken_hands()
    sent = bytearray()

    def feed(part: bytes) -> bytes:
        sent.extend(view.from_visitor(part))
        return b""

    try:
        in_pieces(feed, data, cuts)
    except RfbError:
        with pytest.raises(RfbError, match="before"):
            view.from_visitor(b"\x02\x00\x00\x00")
    # A fence's content goes on as it comes, so that the last message may be cut.
    assert types_of(bytes(sent)) <= {0, 2, 3, 150, 248}


@given(st.lists(st.one_of(keys, pointers)))
def test_when_control_ends_nothing_stays_pressed(messages: list[bytes]) -> None:
    view = shaken_hands()
    view.allow_control()
    sent = view.from_visitor(b"".join(messages)) + view.end_control()
    down: set[bytes] = set()
    buttons = 0
    while sent:
        if sent[0] == 4:
            (down.add if sent[1] else down.discard)(sent[4:8])
            sent = sent[8:]
        else:
            buttons, sent = sent[1], sent[6:]
    assert (down, buttons) == (set(), 0)
    assert view.from_visitor(b"".join(messages)) == b""


# The handshake --------------------------------------------------------------------------------------------------------


def test_a_visitor_never_has_the_desktop_alone() -> None:
    view = ViewOnlyFilter()
    for part in TO_VISITOR[:3]:
        view.from_desktop(part)
    assert view.from_visitor(VERSION + b"\x01\x00") == VERSION + b"\x01\x01"


@pytest.mark.parametrize("turn", range(4))
def test_a_visitor_who_speaks_before_his_turn_is_cut_off(turn: int) -> None:
    view = ViewOnlyFilter()
    for part in TO_VISITOR[:turn]:
        view.from_desktop(part)
    with pytest.raises(RfbError, match="before"):
        view.from_visitor(b"".join(TO_DESKTOP) + b"\x03" + bytes(9))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"RFB 003.003\n", id="an old version"),
        pytest.param(b"GET / HTTP/1.1", id="another protocol"),
        pytest.param(VERSION + b"\x02", id="a security type with a password"),
        pytest.param(b"".join(TO_DESKTOP) + b"\x01", id="the message type nobody uses"),
        pytest.param(b"".join(TO_DESKTOP) + b"\xfd\x00\x00\x00", id="the message type of gii"),
        pytest.param(b"".join(TO_DESKTOP) + b"\xff\x01", id="QEMU's audio"),
        pytest.param(b"".join(TO_DESKTOP) + b"\xf8" + bytes(7) + b"\x41", id="a fence too long"),
        pytest.param(b"".join(TO_DESKTOP) + b"\x00\x00\x00\x00\x08\x08" + bytes(14), id="pixels of 8 bits"),
    ],
)
def test_what_a_visitor_cannot_mean_ends_the_connection(said: bytes) -> None:
    view = ViewOnlyFilter()
    for part in TO_VISITOR:
        view.from_desktop(part)
    with pytest.raises(RfbError):
        view.from_visitor(said)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"RFB 004.001\n", id="an unknown version"),
        pytest.param(VERSION + b"\x01\x02", id="a password is wanted"),
        pytest.param(VERSION + b"\x00", id="refused"),
        pytest.param(VERSION + b"\x01\x01\x00\x00\x00\x01", id="refused in the end"),
        pytest.param(b"".join(TO_VISITOR) + b"\x04", id="an unknown message"),
        pytest.param(
            b"".join(TO_VISITOR) + b"\x00\x00\x00\x01" + struct.pack(">4Hi", 0, 0, 1, 1, 5),
            id="an encoding nobody asked for",
        ),
        pytest.param(
            b"".join(TO_VISITOR) + b"\x00\x00\x00\x01" + struct.pack(">4Hi", 0, 0, 1, 1, -308) + b"\x01",
            id="the size that could be changed",
        ),
        pytest.param(
            b"".join(TO_VISITOR) + b"\x00\x00\x00\x01" + struct.pack(">4Hi", 0, 0, 1, 1, 7) + b"\xa0",
            id="an unknown kind of Tight",
        ),
        pytest.param(
            b"".join(TO_VISITOR) + b"\x00\x00\x00\x01" + struct.pack(">4Hi", 0, 0, 1, 1, 7) + b"\x40\x03",
            id="an unknown filter of Tight",
        ),
    ],
)
def test_what_the_desktop_cannot_mean_ends_the_connection(said: bytes) -> None:
    with pytest.raises(RfbError):
        ViewOnlyFilter().from_desktop(said)


def test_no_encoding_passes_that_opens_more_than_a_view() -> None:
    opening = [
        EXTENDED_CLIPBOARD,
        -308,  # ExtendedDesktopSize
        -258,  # QEMU's keys
        -259,  # QEMU's audio
        -309,  # xvp
        -316,  # more buttons
        -305,  # gii
    ]
    asked, _ = encodings([7, *opening, 0])
    assert shaken_hands().from_visitor(asked) == struct.pack(">BxH2i", 2, 2, 7, 0)
