"""Whether somebody has asked this program to end: the command line sets it, and threads that wait for the world look at it."""

from __future__ import annotations

import threading
from typing import Final

interrupted: Final = threading.Event()
