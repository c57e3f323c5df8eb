"""Authors: reading the ways in which names are written, and whether two names, or two lists, are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from stages.contracts import Contract
from stages.h_finalization.references.folding import decoded, folded

_PARTICLES: Final = frozenset("van von der den de del della di da dos du la le ter ten el al bin ibn zu zur af av".split())
_SUFFIXES: Final = frozenset("jr sr ii iii iv".split())
_OTHERS: Final = frozenset({"others", "et al", "al"})
_GROUP_WORDS: Final = frozenset(
    "team collaboration consortium group ai inc research openai deepmind google meta project committee initiative network lab "
    "laboratory labs community association".split()
)
_NICKNAMES: Final = tuple(
    frozenset(line.split())
    for line in (
        "alexander alexandre aleksandr sasha alex sacha xander", "william bill will", "robert bob rob", "richard rich dick",
        "james jim jimmy", "john jack johnny jon", "jonathan jon", "michael mike misha mikhail", "anthony tony", "joseph joe",
        "elizabeth liz beth", "thomas tom", "daniel dan danny", "david dave", "andrew andy drew", "edward ed ted",
        "katherine kate katie", "christopher chris", "matthew matt", "nicholas nick nicolas", "charles charlie", "timothy tim",
        "samuel sam", "samantha sam", "benjamin ben", "gregory greg", "jeffrey jeff geoffrey geoff", "stephen steve steven",
        "peter pete", "dmitry dima dmitri dmitriy", "sergey sergei", "yury yuri iurii", "susan sue", "deborah debbie",
        "vladimir volodymyr", "ekaterina katya", "maria masha", "ronald ron", "donald don", "lawrence larry", "zachary zach zack",
        "vincent vince", "patricia pat", "leonard len", "albert al", "frederick fred",
        "eugene gene evgeny evgenii", "phillip phil philip",
    )
)  # fmt: skip
_PLACEHOLDERS: Final = frozenset(
    "firstname lastname;first last;john doe;jane doe;jane smith and others;anonymous;anonymous authors;anonymous author;author one;"
    "author two;a author;some author;name surname;first author;second author;given family;author name;unknown;unknown author;"
    "tba;tbd;n a;alice smith;bob jones;john q public;alan smithee;foo bar".split(";")
)
"""Names that stand where a writer, or a model, did not know the name. 'John Smith' is a person and is not here."""


class Person(Contract):
    """One author as written, folded: family and given names as words; `group` for names that are not a person's."""

    written: str
    family: tuple[str, ...]
    given: tuple[str, ...]
    group: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return self.given + self.family


class Authors(Contract):
    """A list of authors; `cut` when it says 'and others'."""

    people: tuple[Person, ...]
    cut: bool = False


def authors_of(field: str) -> Authors:
    """The authors of a BibTeX field; lists with commas and semicolons instead of 'and' are understood as well."""
    pieces = _pieces(field)
    names = [piece for piece in pieces if folded(piece) not in _OTHERS]
    cut = len(names) < len(pieces)
    if len(names) > 1 and names[-1].count("{") > names[-1].count("}"):  # the field broke off inside a name: what followed is not known
        names.pop()
        cut = True
    if names and re.search(r"\bet\.? al\.?$", names[-1], re.IGNORECASE):
        cut = True
        names[-1] = re.sub(r",?\s*\bet\.? al\.?$", "", names[-1], flags=re.IGNORECASE)
    return Authors(people=tuple(person(name) for name in names if folded(name)), cut=cut)


def _pieces(field: str) -> list[str]:
    """Split at ' and ' outside braces, else at ';', else at the commas of a list of full names."""
    text = " ".join(field.split())
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[{}]|(?:,\s*|\s)(?:and|AND|&|\\&)\s", text):
        if found[0] in "{}":
            depth += 1 if found[0] == "{" else -1
        elif depth <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    if len(parts) == 1 and ";" in text and "{" not in text:
        parts = text.split(";")
    return [name.strip() for part in parts for name in _comma_list(part) if name.strip()]


def _comma_list(part: str) -> list[str]:
    """'A B, C D' are two people, 'B, A' and 'B, Jr., A' are one; 'B, A., D, C.' are two."""
    pieces = [piece.strip() for piece in part.split(",") if piece.strip()]
    if part.startswith("{") or len(pieces) < 2 or any(folded(piece) in _SUFFIXES for piece in pieces):
        return [part]
    if len(pieces) > 2 and len(pieces) % 2 == 0 and all(_initials_only(piece) for piece in pieces[1::2]):
        return [f"{family}, {given}" for family, given in zip(pieces[::2], pieces[1::2], strict=True)]
    several = [len(piece.split()) >= 2 for piece in pieces]
    if len(pieces) > 2 and sum(several) >= len(pieces) - 1:
        return pieces
    two_people = len(pieces) == 2 and all(several) and not _initials_only(pieces[1])
    particle = pieces[0].split()[0].lower() in _PARTICLES
    return pieces if two_people and not particle and len(pieces[1].split()) < 4 and _looks_full(pieces) else [part]


def _looks_full(pieces: Sequence[str]) -> bool:
    """No piece ends with an initial: 'Gontijo Lopes, Raphael A.' is one person."""
    return not any(re.search(r"\b[A-Z]\.?$", piece) for piece in pieces)


def _initials_only(text: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Z]\.?[ -]?){1,4}", text.strip()))


def person(name: str) -> Person:
    """One name: 'Given Family', 'Family, Given', 'Family, Jr., Given', 'Family GI', '{A Group}'."""
    text = re.sub(r"\s+\d{4}$", "", name.strip())  # DBLP numbers people of one name
    if text.startswith("{") and text.endswith("}") and text.count("{") == 1 and len(text.split()) > 1:
        return Person(written=decoded(name), family=tuple(folded(text).split()), given=(), group=True)
    plain = decoded(text)
    pieces = [piece.strip() for piece in plain.split(",") if piece.strip()]
    pieces = pieces[:1] + [piece for piece in pieces[1:] if folded(piece) not in _SUFFIXES]
    if len(pieces) >= 2:
        family, given = pieces[0], " ".join(pieces[1:])
    else:
        family, given = _split(pieces[0] if pieces else plain)
    words = folded(plain).split()
    if _GROUP_WORDS & set(words) and "," not in plain:
        return Person(written=plain, family=tuple(words), given=(), group=True)
    return Person(written=plain, family=_family(family), given=_given(given))


def _split(name: str) -> tuple[str, str]:
    words = name.split()
    while len(words) > 2 and folded(words[-1]) in _SUFFIXES:
        words.pop()
    if len(words) < 2:
        return name, ""
    if re.fullmatch(r"[A-Z]{1,3}|(?:[A-Z]\.-?){1,3}", words[-1]) and not re.fullmatch(r"[A-Z]{1,3}|(?:[A-Z]\.)+", words[0]):
        return " ".join(words[:-1]), words[-1]  # 'Baldassarre ME'
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    if words[0].lower() in _PARTICLES and words[0][0].islower():
        start = 0
    return " ".join(words[start:]), " ".join(words[:start])


def _family(text: str) -> tuple[str, ...]:
    words = [word for word in folded(text).split() if word not in _SUFFIXES]
    return tuple(words) or tuple(folded(text).split())


def _given(text: str) -> tuple[str, ...]:
    """Given names as words; glued initials ('ME', 'J.-P.') come apart."""
    words = []
    for word in re.split(r"[\s.\-]+", text):
        if re.fullmatch(r"[A-Z]{2,3}", word):
            words += list(word)
        else:
            words.append(word)
    return tuple(part for word in words for part in folded(word).split())


def is_placeholder(who: Person) -> bool:
    return " ".join(who.words) in _PLACEHOLDERS or {"firstname", "lastname"} <= set(who.words)


def same_person(one: Person, other: Person) -> bool:
    """Family names agree (particles and one part of a compound may be missing), given names do not contradict."""
    if one.group or other.group:
        return "".join(one.words) == "".join(other.words) or _shortened_group(one, other) or _shortened_group(other, one)
    if _SUFFIXES.issuperset(one.family) or _SUFFIXES.issuperset(other.family):
        return _letters(one) == _letters(other)
    if sorted(one.words) == sorted(other.words):
        return True  # also 'Zhang Wei' for 'Wei Zhang'
    return same_family(one, other) and _given_agree(one, other)


def _shortened_group(short: Person, group: Person) -> bool:
    """'Team, G.' is what a program makes of 'Gemma Team'."""
    return (
        len(short.words) == len(group.words)
        and short.family[-1:] == group.words[-1:]
        and bool(short.given)
        and all(len(initial) == 1 and word.startswith(initial) for initial, word in zip(short.given, group.words, strict=False))
    )


def _letters(who: Person) -> list[str]:
    """'Jr, A. H. S.' is what a program makes of 'Amauri H. Souza Jr': only the first letters can be compared."""
    return [word[0] for word in who.words if word not in _SUFFIXES]


def same_family(one: Person, other: Person) -> bool:
    mine, yours = one.family, other.family
    if _spelled_alike("".join(mine), "".join(yours)):
        return True
    if not mine or not yours:
        return False
    return (
        _ends_with(mine, yours)
        or _ends_with(yours, mine)
        or (len(mine) > 1 and _ends_with(other.words, mine))
        or (len(yours) > 1 and _ends_with(one.words, yours))
        or (len(mine[0]) > 3 and mine == yours[: len(mine)])
        or (len(yours[0]) > 3 and yours == mine[: len(yours)])
    )


def _ends_with(words: tuple[str, ...], end: tuple[str, ...]) -> bool:
    return len(end) <= len(words) and words[len(words) - len(end) :] == end


def _spelled_alike(one: str, other: str) -> bool:
    return one == other or _plain_vowels(one) == _plain_vowels(other)


def _plain_vowels(word: str) -> str:
    """'mueller' and 'muller' (Müller), 'soerensen' and 'sorensen', 'aastroem' and 'astrom'."""
    return re.sub(r"([aou])e", r"\1", word).replace("aa", "a")


def _given_agree(one: Person, other: Person) -> bool:
    """The first given names agree as far as both are written; an initial says only its letter."""
    if not one.given or not other.given:
        return True
    first, second = one.given[0], other.given[0]
    if _name_agrees(first, second) or "".join(one.given) == "".join(other.given):
        return True
    # A person known by the second name: 'J. Alex' and 'Alex'.
    return any(len(first) > 1 and _name_agrees(first, name) for name in other.given[1:] if len(name) > 1) or any(
        len(second) > 1 and _name_agrees(second, name) for name in one.given[1:] if len(name) > 1
    )


def _name_agrees(one: str, other: str) -> bool:
    if len(one) == 1 or len(other) == 1:
        return one[0] == other[0]
    if one == other or one.startswith(other) or other.startswith(one) or _spelled_alike(one, other):
        return True
    return any({one, other} <= names for names in _NICKNAMES) or (min(len(one), len(other)) > 4 and _one_edit(one, other))


def _one_edit(one: str, other: str) -> bool:
    """They differ by one letter put in, left out or replaced: transliterations such as 'Sergey' and 'Sergei'."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[start + 1 :] == other[start + 1 :] or one[start + 1 :] == other[start:] or one[start:] == other[start + 1 :]


Kind = Literal["same", "cut", "alphabetical", "order", "left out", "strangers", "none cited"]


class AuthorComparison(Contract):
    """How a cited list stands to a record's."""

    kind: Kind
    first_agrees: bool
    shared: int = Field(description="Cited people whom the record names.")
    note: str | None = Field(default=None, description="What differs, or what was let pass.")

    @property
    def agrees(self) -> bool:
        return self.kind in ("same", "cut", "alphabetical")


def compare_authors(cited: Authors, record: Authors) -> AuthorComparison:
    """The cited people against the record's, in order.

    'and others' may end a cited list; a list that leaves people out without a word disagrees. Where the record's list is in
    alphabetical order (some sources sort), another order of the same people is let pass. Where the record's own list is cut,
    the people after the cut can be neither confirmed nor denied.
    """
    mine, yours = cited.people, record.people
    if not mine:
        return AuthorComparison(kind="none cited", first_agrees=False, shared=0, note="no author is cited")
    partner = _partners(mine, yours)
    known = [index for index in partner if index is not None]
    confirmable = mine[: len(yours)] if record.cut else mine
    strangers = [who.written for who, index in zip(confirmable, partner, strict=False) if index is None]
    kind, note = _relation(cited, record, known, strangers)
    return AuthorComparison(kind=kind, first_agrees=same_person(mine[0], yours[0]), shared=len(known), note=note)


def _relation(cited: Authors, record: Authors, known: list[int], strangers: list[str]) -> tuple[Kind, str | None]:
    yours = record.people
    if strangers:
        return "strangers", f"not among the record's authors: {', '.join(strangers)}"
    everybody, in_order = len(known) == len(yours), known == list(range(len(known)))
    if everybody and in_order:
        return "same", None
    if everybody and _alphabetical(yours):
        return "alphabetical", "the same people in another order; the record's list is alphabetical"
    if cited.cut and known[0] == 0 and known == sorted(known):  # 'and others' also stands for people in between
        return "cut", None
    if everybody or cited.cut:
        return "order", "the same people in another order"
    missing = [who.written for index, who in enumerate(yours) if index not in known]
    shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return "left out", f"left out without 'and others': {shown}"


def _partners(mine: Sequence[Person], yours: Sequence[Person]) -> list[int | None]:
    """For each cited person the place in the record: the same place first, else the first free one."""
    free = set(range(len(yours)))
    partner: list[int | None] = [None] * len(mine)
    for index, who in enumerate(mine):
        if index in free and same_person(who, yours[index]):
            partner[index] = index
            free.discard(index)
    for index, who in enumerate(mine):
        if partner[index] is None:
            found = next((place for place in sorted(free) if same_person(who, yours[place])), None)
            partner[index] = found
            free.discard(-1 if found is None else found)
    return partner


def _alphabetical(people: Sequence[Person]) -> bool:
    """Sorted by family name, and long enough that this is hardly chance (five people: one list in 120)."""
    families = [who.family[-1] if who.family else "" for who in people]
    return len(families) >= 5 and families == sorted(families)
