"""How the bundle is made."""

LEVEL = 1  # search: 0 to 9; effort of the compression
WITH_COMMENTS = True  # search: True, False; comments and docstrings are shipped
INDENT = 4  # search: 1, 2, 4; spaces of one level of indentation
