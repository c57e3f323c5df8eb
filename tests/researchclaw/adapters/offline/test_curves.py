"""Made-up curves of a score of which less is better."""

from researchclaw.adapters.offline.curves import Means, by_budget, enlarged_from, still_descending


def test_a_curve_that_has_come_to_rest_is_level() -> None:
    assert not still_descending([6.0, 3.0, 2.31, 2.30])
    assert not still_descending([2.30, 2.30])
    assert not still_descending([2.30])
    assert not still_descending([6.0, 2.2, 2.3])


def test_a_curve_in_motion_is_not_level_though_its_last_piece_is_small_beside_the_first() -> None:
    assert still_descending([6.5, 4.2, 4.0, 3.92])  # two per cent of the value, three of the whole fall
    assert still_descending([2.0, 1.995, 1.990])  # a small fall, of which the last piece is half


def test_a_score_of_which_more_is_better_rises() -> None:
    assert still_descending([0.1, 0.5, 0.7], lower_is_better=False)
    assert not still_descending([0.1, 0.7, 0.701], lower_is_better=False)


def test_the_last_part_is_drawn_again_only_where_the_beginning_hides_it() -> None:
    steep = Means(x=(10, 20, 40, 70, 100), y=(6.0, 4.0, 3.2, 3.1, 3.0))
    assert enlarged_from([steep]) == 50
    even = Means(x=(10, 20, 40, 70, 100), y=(4.0, 3.8, 3.5, 3.1, 2.6))
    assert enlarged_from([even]) is None


def test_unequal_numbers_of_steps_are_drawn_over_the_budget() -> None:
    assert by_budget([700, 623])
    assert not by_budget([700, 700])
