"""Whether this sandbox has what torch.compile needs on a GPU: a C compiler, Python's headers, the driver's library.

    python -I -B try_compiler.py

Prints 'ok', or one of 'compiler', 'headers', 'driver' and what was said. Triton compiles such modules, in this way, when a
program first runs; without this it would end minutes later, in the middle of a traceback.
"""

import ctypes
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path


def fault() -> str:
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return f"compiler none in {os.environ.get('PATH')}"
    scheme = sysconfig.get_default_scheme()
    include = sysconfig.get_paths("posix_prefix" if scheme == "posix_local" else scheme)["include"]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "main.c")
        for kind, header in (("compiler", "stdlib.h"), ("headers", "Python.h")):
            source.write_text(f"#include <{header}>\nint answer(void) {{ return 1; }}\n")
            words = [compiler, str(source), "-shared", "-fPIC", f"-I{include}", "-o", f"{folder}/main.so"]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"{kind} {next((line for line in done.stderr.splitlines() if 'error' in line), done.stderr)}"
        ctypes.CDLL(f"{folder}/main.so")
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError as exc:
        return f"driver {exc}"
    return "ok"


if __name__ == "__main__":
    print(" ".join(fault().split())[:400])
