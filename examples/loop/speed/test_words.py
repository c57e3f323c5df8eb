"""The guard: whatever the loop does to words.py, these hold."""

import collections
import unittest

import words


class TestWords(unittest.TestCase):
    def test_every_word_is_counted_once_for_each_time_it_stands_there(self) -> None:
        text = "the cat  saw\nthe other cat " * 500 + "end"
        self.assertEqual(words.counted(text), dict(collections.Counter(text.split())))

    def test_a_text_without_words_has_no_counts(self) -> None:
        self.assertEqual(words.counted(" \n\t "), {})

    def test_a_word_that_is_longer_than_any_piece_is_one_word(self) -> None:
        self.assertEqual(words.counted("a" * 200_000 + " b"), {"a" * 200_000: 1, "b": 1})


if __name__ == "__main__":
    unittest.main()
