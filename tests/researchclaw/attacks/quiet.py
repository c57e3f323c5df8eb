"""Guest side of the attack suite: attempts that make no noise, one after the other, each in a child of its own.

Prints a JSON list [name, got] a line; got is null when the attempt was refused, else what it won. Standard library only.
"""

# Plain calls of the operating system are what is tried here.
# ruff: noqa

import ctypes
import glob
import json
import os
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

TARGET = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
ATTEMPTS = []
OWN = set()


def attempt(function):
    ATTEMPTS.append((function.__name__.replace("_", " "), function))
    return function


def call(number, *arguments):
    """A raw system call; OSError when it is refused."""
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def opened(paths, mode="rb"):
    """Those of the paths that can be opened."""
    found = []
    for path in paths:
        try:
            with open(path, mode):
                found.append(path)
        except OSError:
            pass
    return found


def first_won(actions):
    """The names of the actions that did not raise."""
    won = []
    for name, action in actions:
        try:
            action()
            won.append(name)
        except (OSError, ValueError):
            pass
    return won


# ------------------------------------------------------------ secrets


@attempt
def read_canaries_by_path():
    return opened(TARGET["canaries"])


@attempt
def find_the_secret_anywhere_in_proc():
    secret, found = TARGET["secret"].encode(), []
    names = ("environ", "cmdline", "mountinfo", "maps", "comm", "stack", "wchan", "cgroup")
    own = {str(os.getpid()), str(os.getppid()), "self", "thread-self"}  # the target list is on our own command line
    for folder in glob.glob("/proc/[0-9]*"):
        if os.path.basename(folder) in own:
            names_here = [n for n in names if n != "cmdline"]
        else:
            names_here = [n for n in names if n != "cmdline" or b"quiet.py" not in safe(folder + "/cmdline")]
        found += [f"{folder}/{name}" for name in names_here if secret in safe(f"{folder}/{name}")]
    return found


def safe(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""


@attempt
def use_descriptors_of_the_parent():
    won = []
    for fd in set(range(3, 1024)) - OWN:
        try:
            won.append((fd, os.readlink(f"/proc/self/fd/{fd}")))
        except OSError:
            pass
    return won


@attempt
def look_into_the_first_process():
    return opened([f"/proc/1/{name}" for name in ("mem", "environ", "auxv")]) if safe("/proc/1/environ") else []


@attempt
def leave_by_the_root_of_another_process():
    own = {os.stat("/").st_ino}
    won = []
    for path in glob.glob("/proc/[0-9]*/root"):
        try:
            if os.stat(path).st_ino not in own:
                won.append(path)
        except OSError:
            pass
    return won


@attempt
def read_files_of_the_host():
    return opened(
        [
            "/etc/shadow",
            "/etc/sudoers",
            "/root/.bashrc",
            "/etc/machine-id",
            "/var/log/syslog",
            "/proc/kcore",
            "/proc/kmsg",
            "/proc/vmallocinfo",
            "/proc/slabinfo",
            "/sys/kernel/notes",
            "/dev/mem",
            "/dev/kmsg",
            "/dev/kvm",
            "/dev/fuse",
            "/dev/net/tun",
            "/dev/sda",
            "/dev/vda",
            "/dev/loop-control",
            "/dev/userfaultfd",
            "/dev/vhost-vsock",
        ]
    )


@attempt
def learn_addresses_of_the_kernel():
    lines = safe("/proc/kallsyms").splitlines()[:50]
    return [line.decode() for line in lines if int(line.split()[0], 16)]


@attempt
def see_other_processes():
    mine = [name for name in os.listdir("/proc") if name.isdigit()]
    return mine if len(mine) > 12 else []


# ------------------------------------------------------------ writing outside


@attempt
def write_somewhere():
    won = []
    places = [
        "/",
        "/etc",
        "/usr",
        "/usr/bin",
        "/bin",
        "/lib",
        "/dev",
        "/lab",
        "/lab/input",
        "/home",
        "/root",
        "/var",
        "/run",
        "/sys",
        "/proc",
        "/proc/sys/kernel",
        "/opt",
        sys.prefix,
        os.path.dirname(os.__file__),
        "/mnt",
        "/dev/pts",
        "/dev/mqueue",
        *TARGET["folders"],
    ]
    for folder in places:
        name = f"{folder}/left-by-a-guest"
        for action in (lambda: open(name, "w").close(), lambda: os.mkdir(name), lambda: os.symlink("/etc/passwd", name)):
            try:
                action()
                won.append(folder)
            except OSError:
                pass
    return won


@attempt
def change_what_it_was_given():
    me = __file__
    return first_won(
        [
            ("append", lambda: open(me, "a").close()),
            ("truncate", lambda: os.truncate(me, 0)),
            ("chmod", lambda: os.chmod(me, 0o777)),
            ("utime", lambda: os.utime(me, (1, 1))),
            (
                "chown",
                lambda: os.chown(me, os.getuid(), -1) if os.stat(me).st_uid != os.getuid() else 1 / 0 if False else os.truncate(me, 0),
            ),
            ("unlink", lambda: os.unlink(me)),
            ("rename", lambda: os.rename(me, "/lab/scratch/x")),
            ("hard link", lambda: os.link(me, "/lab/scratch/y")),
            ("xattr", lambda: os.setxattr(me, "user.x", b"1")),
            ("interpreter", lambda: os.chmod(sys.executable, 0o777)),
            ("library", lambda: os.utime(os.__file__, (1, 1))),
        ]
    )


@attempt
def write_kernel_settings():
    won = []
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            path = os.path.join(folder, name)
            try:
                os.close(os.open(path, os.O_WRONLY))
                won.append(path)
            except OSError:
                pass
    return won[:5] + opened(
        ["/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/proc/bus/pci", "/proc/timer_list", "/proc/fb"], "r+b"
    )


@attempt
def steer_other_processes_through_proc():
    won = []
    for pid in (1, os.getppid(), os.getpid()):
        for name, words in (
            ("uid_map", b"0 0 1"),
            ("gid_map", b"0 0 1"),
            ("setgroups", b"allow"),
            ("attr/exec", b"unconfined"),
            ("mem", b"x"),
        ):
            try:
                fd = os.open(f"/proc/{pid}/{name}", os.O_WRONLY)
                os.write(fd, words)
                won.append((pid, name))
            except OSError:
                pass
    return won


@attempt
def change_a_number_in_the_memory_of_the_parent():
    number = ctypes.c_uint64(1000)
    if (child := os.fork()) == 0:
        try:
            with open(f"/proc/{os.getppid()}/mem", "r+b", 0) as memory:
                memory.seek(ctypes.addressof(number))
                memory.write(struct.pack("=Q", 1))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return number.value != 1000


@attempt
def print_through_the_output_of_the_parent():
    _, own = os.pipe()
    os.dup2(own, 1)  # as where the parent captures what its child prints
    return opened([f"/proc/{os.getppid()}/fd/1"], "wb")


@attempt
def escape_the_kernels_memory_killer():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    return "oom_score_adj"


@attempt
def make_devices_and_pipes():
    return first_won(
        [
            ("char device", lambda: os.mknod("d", stat.S_IFCHR | 0o666, os.makedev(1, 1))),
            ("block device", lambda: os.mknod("b", stat.S_IFBLK | 0o666, os.makedev(254, 0))),
            ("fifo", lambda: os.mkfifo("f")),
        ]
    )


@attempt
def make_set_id_files():
    with open("tool", "w"):
        pass
    fd = os.open("tool", os.O_RDWR)
    first_won(
        [
            ("chmod", lambda: os.chmod("tool", 0o4755)),
            ("fchmod", lambda: os.fchmod(fd, 0o6755)),
            ("fchmodat2", lambda: call(452, -100, b"tool", 0o4755, 0)),
            ("open", lambda: os.open("tool2", os.O_CREAT | os.O_RDWR, 0o4755)),
            ("creat", lambda: call(85, b"tool3", 0o4755)),
        ]
    )
    won = [name for name in glob.glob("tool*") if os.stat(name).st_mode & 0o6000]
    return won + first_won([("file capability", lambda: os.setxattr("tool", "security.capability", bytes(20)))])


# ------------------------------------------------------------ network


@attempt
def sockets_of_every_other_family():
    won = []
    for family in range(1, 64):
        for kind in (1, 2, 3, 4, 5, 10):
            for protocol in (0, 1, 2, 9, 12, 33, 58, 115, 132, 136, 255, 262):
                if family == 1 or family in (2, 10) and kind in (1, 2) and protocol == 0 or family == 16 and protocol == 0:
                    continue  # UNIX, TCP, UDP and routing netlink live in a namespace of their own
                try:
                    socket.socket(family, kind, protocol).close()
                    won.append((family, kind, protocol))
                except OSError:
                    pass
    return won


@attempt
def connect_to_listeners_of_the_host():
    def tcp(address, port):
        socket.create_connection((address, port), 0.5).close()

    def udp():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(TARGET["secret"].encode(), ("127.0.0.1", TARGET["udp"]))  # the host looks whether it came

    def unix(name):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(0.5)
            s.connect(name)

    first_won([("udp", udp)])
    return first_won(
        [
            ("loopback", lambda: tcp("127.0.0.1", TARGET["tcp"])),
            ("loopback 6", lambda: tcp("::1", TARGET["tcp6"])),
            ("any", lambda: tcp("0.0.0.0", TARGET["tcp"])),
            ("mapped", lambda: tcp("::ffff:127.0.0.1", TARGET["tcp"])),
            ("metadata service", lambda: tcp("169.254.169.254", 80)),
            ("outside", lambda: tcp("1.1.1.1", 53)),
            ("host address", lambda: tcp(TARGET["address"], TARGET["tcp"])),
            ("abstract", lambda: unix("\0" + TARGET["abstract"])),
            ("path", lambda: unix(TARGET["unix"])),
            ("dbus", lambda: unix("/run/dbus/system_bus_socket")),
            ("docker", lambda: unix("/var/run/docker.sock")),
        ]
    )


@attempt
def make_a_way_out_of_the_network_namespace():
    def routes():
        with socket.socket(16, socket.SOCK_RAW, 0) as s:  # add an interface
            s.send(struct.pack("=IHHII", 32, 16, 0x605, 1, 0) + bytes(16))
            answer = s.recv(4096)
            code = struct.unpack("=i", answer[16:20])[0]
            if code:
                raise OSError(-code, "refused")

    return first_won([("new interface", routes)])


@attempt
def resolve_a_name_outside():
    return [a[4] for a in socket.getaddrinfo("example.org", 80)]


# ------------------------------------------------------------ system calls

HOSTS, FOLDER = os.open(__file__, os.O_RDONLY), os.open("/usr/bin", os.O_RDONLY)
OWN.update((HOSTS, FOLDER))
CALLS = {  # x86_64: number and arguments that would do something
    "unshare user": (272, 0x10000000),
    "unshare mount": (272, 0x20000),
    "unshare net": (272, 0x40000000),
    "unshare pid": (272, 0x20000000),
    "setns": (308, 0, 0),
    "mount": (165, b"tmpfs", b"/tmp", b"tmpfs", 0, 0),
    "umount": (166, b"/proc", 2),
    "pivot_root": (155, b"/tmp", b"/tmp"),
    "chroot": (161, b"/tmp"),
    "fsopen": (430, b"tmpfs", 0),
    "open_tree": (428, -100, b"/", 1),
    "move_mount": (429, -100, b"/tmp", -100, b"/lab", 0),
    "mount_setattr": (442, -100, b"/", 0, 0, 0),
    "ptrace traceme": (101, 0, 0, 0, 0),
    "ptrace attach": (101, 16, os.getppid(), 0, 0),
    "process_vm_readv": (310, os.getppid(), 0, 0, 0, 0, 0),
    "process_vm_writev": (311, os.getppid(), 0, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 1),
    "keyctl": (250, 0, -3, 1),
    "add_key": (248, b"user", b"x", b"y", 1, -2),
    "request_key": (249, b"user", b"x", 0, 0),
    "io_uring_setup": (425, 8, bytes(120)),
    "memfd_create": (319, b"x", 0),
    "memfd_secret": (447, 0),
    "shmget": (29, 0, 4096, 0o1666),
    "semget": (64, 0, 1, 0o1666),
    "msgget": (68, 0, 0o1666),
    "mq_open": (240, b"x", 0o102, 0o666, 0),
    "personality": (135, 0x0040000),
    "swapon": (167, b"/tmp/x", 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0x89ABCDEF, 0),
    "settimeofday": (164, bytes(16), 0),
    "clock_settime": (227, 0, bytes(16)),
    "adjtimex": (159, bytes(208)),
    "acct": (163, 0),
    "syslog": (103, 3, bytes(64), 64),
    "vhangup": (153,),
    "iopl": (172, 3),
    "ioperm": (173, 0, 3, 1),
    "open_by_handle_at": (304, -100, bytes(64), 0),
    "name_to_handle_at": (303, -100, b"/", bytes(64), bytes(4), 0),
    "fanotify_init": (300, 0, 0),
    "kcmp": (312, os.getpid(), os.getppid(), 0, 0, 0),
    "pidfd_getfd": (438, 0, 0, 0),
    "process_madvise": (440, 0, 0, 0, 0, 0),
    "move_pages": (279, os.getppid(), 0, 0, 0, 0, 0),
    "modify_ldt": (154, 0, 0, 0),
    "sethostname": (170, b"x", 1),
    "setdomainname": (171, b"x", 1),
    "kexec_load": (246, 0, 0, 0, 0),
    "init_module": (175, 0, 0, b""),
    "delete_module": (176, b"x", 0),
    "quotactl": (179, 0, 0, 0, 0),
    "ioprio_set": (251, 1, 1, 0),
    "clone3": (435, bytes(88), 88),
    "openat2": (437, -100, b"/", bytes(24), 24),
    "cachestat": (451, 0, 0, 0, 0),
    "mseal": (462, 0, 0, 0),
    "landlock of a later kernel": (463, 0, 0, 0),
    "lookup_dcookie": (212, 0, 0, 0),
    "sysfs": (139, 3),
    "setuid 0": (105, 0),
    "setgid 0": (106, 0),
    "setresuid 0": (117, 0, 0, 0),
    "setgroups 0": (116, 1, bytes(4)),
    "capset": (126, struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", *[1 << 21] * 3, 0, 0, 0)),
    "ambient capability": (157, 47, 2, 21, 0, 0),
    "gain privileges again": (157, 38, 0, 0, 0, 0),
    "nice of all processes": (141, 2, 0, 5),
    "nice of the group": (141, 1, 0, 5),
    "scheduler of the parent": (144, os.getppid(), 3, struct.pack("i", 0)),
    "affinity of the parent": (203, os.getppid(), 8, struct.pack("Q", 1)),
    "limits of the parent": (302, os.getppid(), 7, struct.pack("QQ", 9, 9), 0),
    "real time": (144, 0, 1, struct.pack("i", 1)),
    "less nice": (141, 0, 0, -20),
    "set_mempolicy of pages elsewhere": (256, os.getppid(), 1, 0, 0),
    "contexts of the whole machine": (206, 65536, bytes(8)),
    "inotify_init": (253,),
    "inotify_init1": (294, 0),
    "a lease on a file of the host": (72, HOSTS, 1024, 0),
    "a watch on a folder": (72, FOLDER, 1026, 1),
    "a hint on a file of the host": (72, HOSTS, 1036, struct.pack("Q", 2)),
    "a hint on an open file of the host": (72, HOSTS, 1038, struct.pack("Q", 2)),
    "clone into a user namespace": (56, 0x10000011, 0, 0, 0, 0),
}


@attempt
def refused_system_calls():
    if os.uname().machine != "x86_64":
        return []
    won = []
    for name, (number, *arguments) in CALLS.items():
        try:
            got = call(number, *arguments)
            if name.startswith("clone") and got == 0:
                os._exit(0)
            won.append(name)
        except OSError as exc:
            if exc.errno == 14:  # a bad address: the kernel had begun to listen
                won.append(name + " (EFAULT)")
    return won


@attempt
def call_by_the_32_bit_table():
    if os.uname().machine != "x86_64":
        return []
    import mmap

    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes.fromhex("53b814000000cd805bc3"))  # getpid by int 0x80
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    return function() > 0


@attempt
def call_by_the_x32_table():
    return call(0x40000000 + 39) > 0


@attempt
def push_characters_into_a_terminal():
    import fcntl

    master, slave = os.openpty()
    return first_won(
        [
            ("TIOCSTI", lambda: fcntl.ioctl(slave, 0x5412, b"x")),
            ("TIOCLINUX", lambda: fcntl.ioctl(slave, 0x541C, b"\x02")),
            ("line discipline", lambda: fcntl.ioctl(slave, 0x5423, struct.pack("i", 13))),
        ]
    )


@attempt
def hold_the_controlling_terminal():
    return opened(["/dev/tty", "/dev/console"])


@attempt
def raise_its_limits():
    won = []
    for name in ("NPROC", "DATA", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "AS", "MSGQUEUE", "RTPRIO", "NICE", "SIGPENDING"):
        number = getattr(resource, "RLIMIT_" + name)
        soft, hard = resource.getrlimit(number)
        try:
            resource.setrlimit(number, (soft + 1, hard + 1) if hard != resource.RLIM_INFINITY else (soft, hard))
            won.append(name)
        except (OSError, ValueError):
            pass
    return won


@attempt
def gain_rights_by_a_set_user_id_program():
    won = []
    for program in ("su", "sudo", "mount", "passwd", "newgrp", "newuidmap", "pkexec", "fusermount", "bwrap"):
        for folder in ("/usr/bin", "/bin", "/usr/local/bin"):
            path = f"{folder}/{program}"
            if os.path.exists(path) and os.stat(path).st_mode & 0o6000:
                done = subprocess.run([path, "-c", "id -u"], capture_output=True, text=True, timeout=3, stdin=subprocess.DEVNULL)
                if done.stdout.strip() == "0":
                    won.append(path)
    return won


@attempt
def nest_a_sandbox():
    done = subprocess.run(["bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"], capture_output=True, timeout=5)
    return done.returncode == 0


# ------------------------------------------------------------ the parent and the others


@attempt
def fill_the_accounts_room_for_descriptors_on_their_way():
    fd, keep, sent = os.open("/dev/null", os.O_RDONLY), [], 0
    try:
        while sent < 4000:
            keep.append(socket.socketpair())
            for _ in range(8):
                socket.send_fds(keep[-1][0], [b"x"], [fd] * 250)
                sent += 250
    except OSError:
        pass
    return sent if sent > 1024 else None  # more, and no process of the account with the usual limit can send any


@attempt
def signal_the_parent():
    for pid in (TARGET["pid"], -TARGET["pid"]):
        try:
            os.kill(pid, signal.SIGTERM)
            return pid
        except (ProcessLookupError, PermissionError):
            pass
    return None


@attempt
def kill_everything_in_sight():
    for number in (signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(1, number)  # the first process of the namespace does not listen
        except OSError:
            pass
    return None


@attempt
def open_the_output_of_the_parent_for_reading():
    fd = os.open("/proc/self/fd/1", os.O_RDONLY | os.O_NONBLOCK)
    os.read(fd, 1)  # its own pipe: nothing of others is in it
    return None


@attempt
def leave_traps_for_the_next_run():
    home = os.environ["HOME"]
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "x.pth",
        "json.py",
        "torch.py",
        ".pdbrc",
        ".gitconfig",
        ".bashrc",
        "LD_PRELOAD.so",
    ):
        for folder in (home, "/tmp", "/dev/shm"):
            with open(f"{folder}/{name}", "w") as file:
                file.write(TARGET["secret"])
    os.makedirs(f"{home}/.git/hooks")
    os.makedirs(f"{home}/.local/lib/python3/site-packages")
    return None  # the host looks whether anything is left


def run(name, function):
    """What the attempt won, through a pipe, from a child that may be killed for it."""
    reading, writing = os.pipe()
    OWN.update((reading, writing))
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            got = function() or None
        except BaseException:
            got = None
        os.write(writing, json.dumps(got, default=str).encode()[:60000])
        os._exit(0)
    os.close(writing)
    content = b""
    while part := os.read(reading, 65536):
        content += part
    os.close(reading)
    os.waitpid(child, 0)
    print(json.dumps([name, json.loads(content) if content else None]), flush=True)


for pair in ATTEMPTS:
    run(*pair)
print(json.dumps("end"))
