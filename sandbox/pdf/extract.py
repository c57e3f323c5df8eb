"""Guest code: a PDF on standard input, its text page by page as JSON on standard output. Imported by nobody.

A PDF is hostile: it may loop, nest and swell. So the limits are set before the first byte is looked at, no file can be written
and no process started; what passes a limit ends this process and nothing else. The network is not blocked: pypdf opens no
connection.
"""

import json
import resource
import sys

MEMORY = 1 << 30
CPU_S = 30
MOST_PAGES = 400
MOST_SIGNS = 20_000
"""Of one page; a page of two dense columns has some 8,000."""


def main() -> int:
    data = sys.stdin.buffer.read()
    import io
    import logging

    from pypdf import PdfReader

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    sys.setrecursionlimit(500)
    most = int(sys.argv[1]) if len(sys.argv) > 1 else MOST_PAGES
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            print(json.dumps({"failed": "it is locked with a password"}))
            return 0
        pages = [page.extract_text()[:MOST_SIGNS] for _, page in zip(range(min(most, MOST_PAGES)), reader.pages, strict=False)]
    except MemoryError:
        print(json.dumps({"failed": f"it needs more than {MEMORY >> 20} MB"}))
        return 0
    except Exception as error:  # noqa: BLE001 - whatever a broken file does to the parser is an answer about the file
        print(json.dumps({"failed": f"{type(error).__name__}: {error}"[:200]}))
        return 0
    print(json.dumps({"pages": pages}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
