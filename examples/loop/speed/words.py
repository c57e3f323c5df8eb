"""Counts words, piece by piece. The constant decides how large a piece is; small ones waste time on seams."""

CHUNK = 64  # search: 16 to 65536, log scale; characters in a piece


def counted(text: str) -> dict[str, int]:
    """Word -> number of times it stands in the text; words are apart by white space."""
    counts: dict[str, int] = {}
    rest = ""
    for start in range(0, len(text), CHUNK):
        piece = rest + text[start : start + CHUNK]
        words = piece.split()
        rest = ""
        if words and not piece[-1].isspace():
            rest = words.pop()
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    if rest:
        counts[rest] = counts.get(rest, 0) + 1
    return counts
