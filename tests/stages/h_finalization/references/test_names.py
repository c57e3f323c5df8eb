"""Names as programs and people write them: particles, groups, initials, diacritics, order, et al."""

import pytest

from stages.h_finalization.references.names import Authors, authors_of, compare_authors, is_placeholder, person, same_person


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Laurens van der Maaten", "van der Maaten, L."),
        ("Laurens van der Maaten", "Maaten, Laurens van der"),
        ("Raphael Gontijo Lopes", "Gontijo Lopes, R."),
        ("Raphael Gontijo Lopes", "Lopes, R. G."),
        ("Dan Kovács", "D. Kov'acs"),
        ("M. E. Baldassarre", "Baldassarre ME"),
        ("Maria E. Baldassarre", "ME Baldassarre"),
        ("Xi Peng 0001", "Xi Peng"),
        ("Wei Zhang", "Zhang Wei"),
        ("Alexander M. Rush", "Sasha Rush"),
        ("Thomas Müller", "Thomas Mueller"),
        ("J. Alex Smith", "Alex Smith"),
        ("Samuel R. Bowman", "Bowman, Sam"),
        ("{OpenAI Team}", "OpenAI Team"),
        ("DeepSeek-AI", "{DeepSeek AI}"),
        ("Gemma Team", "Team, G."),
        ("Amauri H. Souza Jr", "Souza, Jr., Amauri H."),
        ("Rami Al-Rfou", "Al-Rfou', Rami"),
        ("Sergey Levine", "Sergei Levine"),
    ],
)
def test_two_forms_of_one_name(one: str, other: str) -> None:
    assert same_person(person(one), person(other))
    assert same_person(person(other), person(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ruoxuan Xiong", "Rui Xiong"), ("Jimmy Ba", "Kevin Ba"), ("Ada Lovelace", "Ada Byron"), ("J. Smith", "K. Smith"),
     ("Gemma Team", "Llama Team")],
)  # fmt: skip
def test_two_people(one: str, other: str) -> None:
    assert not same_person(person(one), person(other))


def written(field: str) -> list[str]:
    return [who.written for who in authors_of(field).people]


def test_lists_are_split_where_their_writer_meant_it() -> None:
    assert len(written("Kingma, Diederik P. and Ba, Jimmy")) == 2
    assert len(written("Mihail Stoian, Richard Milbradt, and Christian Mendl")) == 3
    assert len(written("Bergstra, J., Bengio, Y.")) == 2
    assert len(written("{Barnes and Noble, Inc.} and Knuth, Donald")) == 2
    assert len(written("Gontijo Lopes, Raphael A.")) == 1
    assert len(written("A. Smith; B. Jones")) == 2
    assert authors_of("Power, Alethea and others").cut
    assert authors_of("Power, Alethea et al.").cut


def test_placeholders_are_nobody() -> None:
    assert [is_placeholder(person(name)) for name in ("Firstname Lastname", "John Doe", "Anonymous Authors", "John Smith")] == [
        True, True, True, False,
    ]  # fmt: skip


RECORD = authors_of("Ann Zeta and Ben Young and Cid Xu and Dora Wolf and Eve Vance")


@pytest.mark.parametrize(
    ("cited", "kind"),
    [
        ("Zeta, A. and Young, B. and Xu, C. and Wolf, D. and Vance, E.", "same"),
        ("Ann Zeta and others", "cut"),
        ("Ann Zeta and Cid Xu and others", "cut"),
        ("Ben Young and others", "order"),
        ("Ann Zeta and Ben Young", "left out"),
        ("Eve Vance and Ben Young and Cid Xu and Dora Wolf and Ann Zeta", "order"),
        ("Ann Zeta and Ben Young and Cid Xu and Dora Wolf and Fay Uhl", "strangers"),
        ("", "none cited"),
    ],
)
def test_how_a_cited_list_stands_to_the_record(cited: str, kind: str) -> None:
    found = compare_authors(authors_of(cited), RECORD)
    assert found.kind == kind
    assert found.agrees is (kind in ("same", "cut"))


def test_another_order_is_let_pass_where_the_record_is_sorted() -> None:
    sorted_record = authors_of("Ann Abel and Ben Bond and Cid Cox and Dora Dean and Eve Ellis")
    assert (
        compare_authors(authors_of("Eve Ellis and Ben Bond and Cid Cox and Dora Dean and Ann Abel"), sorted_record).kind
        == "alphabetical"
    )


def test_a_cut_record_neither_confirms_nor_denies_the_rest() -> None:
    record = Authors(people=authors_of("Ann Zeta and Ben Young").people, cut=True)
    assert compare_authors(authors_of("Ann Zeta and Ben Young and Cid Xu"), record).agrees
    assert not compare_authors(authors_of("Ann Zeta and Fay Uhl and Cid Xu"), record).agrees
