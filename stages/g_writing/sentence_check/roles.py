"""What a number of a sentence is: a level, a difference, a deviation, a count, a setting, a p-value."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.cues import amounts, constants, counted, fragments, no_values, tests_made
from stages.g_writing.sentence_check.cues.place import Cue, Place
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.settings import Settings
from stages.g_writing.sentence_check.study import Study

ORDER: tuple[Cue, ...] = (
    amounts.headed_by_deviation,
    amounts.mean_and_deviation,
    no_values.one_sign,
    tests_made.smallest_p_in_reach,
    no_values.every_one,
    no_values.close_to_zero,
    amounts.updates,
    counted.listed_behind,
    counted.not_one,
    counted.times_out_of,
    counted.out_of_all,
    amounts.within_of_each_other,
    counted.values_of_a_setting,
    amounts.factor_of,
    counted.seeds_apiece,
    counted.values_of_seeds,
    counted.seeds_of_a_condition,
    tests_made.largest_p,
    tests_made.level_of_an_interval,
    tests_made.level_of_a_test,
    tests_made.p_values_bounded,
    tests_made.p_value,
    counted.n_equals,
    tests_made.effect_size,
    tests_made.effect_size_listed,
    fragments.statistic_headed,
    tests_made.first_end_of_an_interval,
    tests_made.end_of_an_interval,
    tests_made.bound_with_confidence,
    tests_made.named_end_of_an_interval,
    tests_made.zero_of_an_interval,
    tests_made.extreme_p_of_a_rank_test,
    no_values.seed_by_its_name,
    no_values.article,
    no_values.anaphora,
    no_values.the_one_with,
    no_values.shared_by_all,
    no_values.one_device,
    fragments.conditions_headed,
    fragments.named_in_brackets,
    fragments.one_data_set,
    fragments.pronoun_of_a_test,
    fragments.seeds_headed,
    fragments.wins_told,
    fragments.all_of_the_wins,
    fragments.lost_of_them,
    fragments.difference_headed,
    fragments.distance_told,
    constants.constant_by_cases,
    constants.one_of_many,
    constants.constant_of_a_definition,
    constants.as_many_symbols,
    counted.times_made,
    counted.so_many_of_the_seeds,
    counted.all_of_them,
    counted.with_so_many,
    counted.so_many_finished,
    counted.the_others,
    amounts.one_range,
    counted.bound_on_seeds,
    amounts.of_a_whole,
    counted.models_in_total,
    counted.sets_of_runs,
    counted.counted_noun,
    amounts.behind_plus_minus,
    amounts.behind_a_deviation,
    amounts.setting,
    amounts.share_of_another,
    amounts.change,
    no_values.in_a_definition,
)
"""The first cue that speaks decides: exact phrases before single words, numbers of tests before counts, counts before amounts."""


class Roles:
    """The role of each number of one sentence, from the words beside it."""

    def __init__(self, sentence: Sentence, study: Study, settings: Settings) -> None:
        self.sentence, self.study, self.settings = sentence, study, settings

    def all(self) -> list[tuple[Number, str]]:
        """Every number with its role; 'by 365 s, or 20 %' names one difference twice."""
        found: list[tuple[Number, str]] = []
        for number in self.sentence.numbers:
            role = self.role(number)
            before, _ = self.sentence.near(number)
            again = r"\s*(?:\S+ ?)?(?:(?:per|a|for each|for every) \w+ ?)?[,;(]?\s*(?:or|i\.\s?e\.|that is|equivalently|\()[,\s\\]*(?:about |roughly |around |nearly )?"
            if role == "level" and found and found[-1][1] == "difference" and number.unit and re.fullmatch(again, before):
                role = "difference"
            listed = re.search(r"\bby (?:about )?$", self.sentence.text[: found[-1][0].start]) if found else None
            if role == "level" and listed and found[-1][1] == "difference" and re.fullmatch(r"\s?(?:%|points?|pp)?,? and ", before):
                role = "difference" if number.unit == found[-1][0].unit else role  # 'lag behind by 32.1 and 56.8'
            if (
                role == "level"
                and found
                and found[-1][1] == "p"
                and not number.unit
                and re.search(r"\band (?:one )?(?:of )?$", before)
            ):
                role = "p"
            found.append((number, role))
        return found

    def role(self, number: Number) -> str:
        """The role by the first cue that speaks; a plain value where none does."""
        place = Place(number, self.sentence, self.study, self.settings)
        return next((role for cue in ORDER if (role := cue(place)) is not None), "level")
