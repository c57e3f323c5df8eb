"""One SQLite file of definite answers for search and look-ups, and of what was spent today."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

from researchclaw.adapters.sources.answers import Reply
from stages.errors import SettingsError

_TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, status INTEGER, headers TEXT, body BLOB, url TEXT, retrieved_at REAL, expires_at REAL
);
CREATE TABLE IF NOT EXISTS spending (source TEXT, day TEXT, spent REAL, PRIMARY KEY (source, day));
"""


class Cache:
    """Replies under the hash of their request, each with an end; safe for threads and for several processes.

    Only definite answers belong here: the caller puts a reply after it was read as found or absent.
    """

    def __init__(self, path: Path) -> None:
        """Raises:
        SettingsError: the file is no cache that can be read.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_TABLES)
        except sqlite3.DatabaseError as exc:
            raise SettingsError(f"{path}: the cache of literature answers cannot be read ({exc}); delete the file.") from exc

    def get(self, key: str, now: float) -> Reply | None:
        """The reply, if it is there and has not passed its end."""
        with self._lock:
            row = self._connection.execute(
                "SELECT status, headers, body, url, retrieved_at FROM replies WHERE key = ? AND expires_at > ?", (key, now)
            ).fetchone()
        if row is None:
            return None
        status, headers, body, url, retrieved_at = row
        return Reply(status=status, headers=json.loads(headers), body=body, url=url, retrieved_at=retrieved_at)

    def put(self, key: str, reply: Reply, keep_s: float) -> None:
        """Keep the reply for `keep_s` seconds from when it came; what has passed its end goes."""
        row = (
            key,
            reply.status,
            json.dumps(dict(reply.headers)),
            reply.body,
            reply.url,
            reply.retrieved_at,
            reply.retrieved_at + keep_s,
        )
        with self._lock:
            self._connection.execute("DELETE FROM replies WHERE expires_at < ?", (reply.retrieved_at,))
            self._connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def spend(self, source: str, day: str, cost: float) -> None:
        """Add to what the source has cost on a day (UTC)."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO spending VALUES (?, ?, ?) ON CONFLICT (source, day) DO UPDATE SET spent = spent + excluded.spent",
                (source, day, cost),
            )

    def spent(self, source: str, day: str) -> float:
        with self._lock:
            row = self._connection.execute("SELECT spent FROM spending WHERE source = ? AND day = ?", (source, day)).fetchone()
        return float(row[0]) if row else 0.0

    def close(self) -> None:
        with self._lock:
            self._connection.close()
