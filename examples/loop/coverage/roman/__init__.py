"""Roman numerals, both ways."""

SIGNS = (("M", 1000), ("CM", 900), ("D", 500), ("CD", 400), ("C", 100), ("XC", 90), ("L", 50), ("XL", 40))
SIGNS += (("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1))


def written(number):
    """12 -> 'XII'."""
    if not isinstance(number, int):
        raise TypeError("a whole number is needed")
    if number < 1:
        raise ValueError("the Romans had no zero")
    if number > 3999:
        raise ValueError("too large for plain numerals")
    text = ""
    for sign, value in SIGNS:
        while number >= value:
            text += sign
            number -= value
    return text


def read(text):
    """'XII' -> 12."""
    total, rest = 0, text.strip().upper()
    if not rest:
        raise ValueError("nothing to read")
    for sign, value in SIGNS:
        while rest.startswith(sign):
            total += value
            rest = rest[len(sign) :]
    if rest:
        raise ValueError(f"{rest!r} is no numeral")
    if written(total) != text.strip().upper():
        raise ValueError("not in the usual form")
    return total
