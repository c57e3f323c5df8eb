from researchclaw.adapters.isolation.streams import KeptStream, one_line, plain_text


def test_both_ends_are_kept_and_the_gap_is_named() -> None:
    stream = KeptStream(100)
    for number in range(1000):
        stream.add(b"%04d " % number)
    kept = stream.kept()
    assert kept.startswith(b"0000 0001 ")
    assert kept.endswith(b"0998 0999 ")
    assert b"[4900 bytes left out]" in kept
    assert stream.left_out == 4900


def test_a_short_stream_is_kept_whole() -> None:
    stream = KeptStream(100)
    stream.add(b"a" * 99)
    assert stream.kept() == b"a" * 99
    assert stream.left_out == 0


def test_nothing_that_steers_a_terminal_is_left() -> None:
    data = b"\x1b[2Jred\x1b]0;title\x07 \x9b31m \x08\x00over\rwritten \xe2\x80\xaeflipped\n\ttab"
    assert plain_text(data) == "red \ufffd31m over\nwritten flipped\n\ttab"


def test_what_only_python_takes_for_the_end_of_a_line_ends_none() -> None:
    assert plain_text("ValueError: x\u2028verdict ok\u2029\u200f!\x85".encode()) == "ValueError: x verdict ok !"
    assert one_line(" a\x1b[1m\n b\u2028c\t") == "a b c"
