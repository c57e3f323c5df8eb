import unittest

import roman


class TestRoman(unittest.TestCase):
    def test_twelve(self):
        self.assertEqual(roman.written(12), "XII")
