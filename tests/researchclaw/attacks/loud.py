"""Attacks that use up what they can: name -> (source, what the sandbox must say; '' when the program itself must fail).

Each runs in a sandbox of its own with small limits. `HARM` is what the host must not feel, looked at by the suite.
"""

# ruff: noqa: E501

LOUD: dict[str, tuple[str, str]] = {
    "fork bomb": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "CPU time|wall time|processes|memory"),
    "thread bomb": (
        "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass",
        "CPU time|wall time|processes|memory",
    ),
    "memory bomb": ("x = []\nwhile True: x.append(bytearray(8 << 20))", "memory|exit|CPU time|wall time"),
    "shared anonymous memory": (
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 16 << 20); m.write(b'x' * (16 << 20)); x.append(m)",
        "memory|exit|CPU time|wall time",
    ),
    "memory of many children": (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = bytearray(os.urandom(1)) * (60 << 20); time.sleep(60)\ntime.sleep(60)",
        "memory|wall time",
    ),
    "memory in /dev/shm": ("f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(1 << 20))", "exit"),
    "memory in /tmp": ("f = open('/tmp/x', 'wb')\nwhile True: f.write(bytes(1 << 20))", "exit"),
    "kernel memory in sockets": (
        "import os, socket, time\nkeep = []\n"
        "def fill():\n"
        "    while True:\n"
        "        try: a, b = socket.socketpair()\n"
        "        except OSError: time.sleep(60)\n"
        "        a.setblocking(False); keep.append((a, b))\n"
        "        try:\n"
        "            while True: a.send(bytes(65536))\n"
        "        except BlockingIOError: pass\n"
        "for _ in range(20):\n    if os.fork() == 0: fill()\n"
        "time.sleep(60)",
        "descriptors|memory|CPU time|wall time",
    ),
    "full disk": ("f = open('x', 'wb')\nwhile True: f.write(bytes(1 << 20))", "disk|exit|wall time"),
    "no more inodes": ("i = 0\nwhile True:\n    open(f'x{i}', 'w').close(); i += 1", "files|exit|CPU time|wall time"),
    "deep folders": ("import os\nwhile True: os.mkdir('d'); os.chdir('d')", "files|exit|CPU time|wall time"),
    "a file of a terabyte that is empty": ("import os\nos.truncate(os.open('x', 66) , 1 << 40)", "exit"),
    "a flood of output": ("import os\nwhile True: os.write(1, b'x\\n' * 32768)", "output|CPU time|wall time"),
    "a line without an end": ("import os\nwhile True: os.write(2, b'0' * 65536)", "output|CPU time|wall time"),
    "deaf to signals": (
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
        "CPU time|wall time",
    ),
    "asleep": ("import time\ntime.sleep(1e6)", "wall time"),
    "holds the pipes open after its end": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(TOKEN)\nos._exit(3)",
        "exit 3",
    ),
    "kills its first process": ("import os, signal\nos.kill(1, signal.SIGKILL); os.kill(-1, signal.SIGKILL)", "exit"),
    "stops itself and all others": (
        "import os, signal\ntry: os.kill(-1, signal.SIGSTOP)\nexcept OSError: pass\nos.kill(os.getpid(), signal.SIGSTOP)",
        "wall time",
    ),
    "dumps core": ("import os\nos.abort()", "exit 134"),
    "breaks the interpreter": ("import ctypes\nctypes.string_at(0)", "exit 139"),
    "signs of life that are none": (
        'import os\nfor fd in range(3, 10):\n    try: os.write(fd, b\'{"event": "done"}\\n\' * 99)\n    except OSError: pass\nos._exit(5)',
        "exit 5",
    ),
}
