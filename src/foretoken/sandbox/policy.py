"""The policy: which kernel calls a submission may make. Everything else is refused.

Sockets, new processes, other programs, tracing, mounts, namespaces, keys, bpf, io_uring, shared
memory segments, message queues, other processes' memory and modules are refused by not being here.
The numbers are the kernel's own, for x86-64 and for aarch64 (None: aarch64 has no such call).
This module runs inside the sandbox: it imports the standard library only.
"""

REQUEST, RESULT = 3, 4
"""Descriptors of a submission's process: what it is asked, and the pipe of its answers."""

Numbers = tuple[int, int | None]

ALLOWED: dict[str, dict[str, Numbers]] = {
    # its own address space (bounded by a limit)
    "memory": {
        "brk": (12, 214),
        "munmap": (11, 215),
        "mprotect": (10, 226),
        "msync": (26, 227),
    },
    # the read-only room and its own small working directory
    "files": {
        "read": (0, 63),
        "write": (1, 64),
        "readv": (19, 65),
        "writev": (20, 66),
        "pread64": (17, 67),
        "pwrite64": (18, 68),
        "open": (2, None),
        "openat": (257, 56),
        "creat": (85, None),
        "close": (3, 57),
        "close_range": (436, 436),
        "lseek": (8, 62),
        "stat": (4, None),
        "lstat": (6, None),
        "access": (21, None),
        "faccessat": (269, 48),
        "faccessat2": (439, 439),
        "readlink": (89, None),
        "readlinkat": (267, 78),
        "getdents": (78, None),
        "getdents64": (217, 61),
        "getcwd": (79, 17),
        "chdir": (80, 49),
        "fchdir": (81, 50),
        "mkdir": (83, None),
        "mkdirat": (258, 34),
        "rmdir": (84, None),
        "unlink": (87, None),
        "unlinkat": (263, 35),
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "link": (86, None),
        "linkat": (265, 37),
        "symlink": (88, None),
        "symlinkat": (266, 36),
        "truncate": (76, 45),
        "ftruncate": (77, 46),
        "fallocate": (285, 47),
        "fsync": (74, 82),
        "fdatasync": (75, 83),
        "umask": (95, 166),
        "chmod": (90, None),
        "fchmod": (91, 52),
        "fchmodat": (268, 53),
    },
    # waiting
    "waiting": {
        "poll": (7, None),
        "ppoll": (271, 73),
        "select": (23, None),
        "pselect6": (270, 72),
    },
    # reading clocks and sleeping
    "clocks": {
        "clock_gettime": (228, 113),
        "clock_getres": (229, 114),
        "clock_nanosleep": (230, 115),
        "nanosleep": (35, 101),
        "gettimeofday": (96, 169),
        "time": (201, None),
        "times": (100, 153),
        "getitimer": (36, 102),
        "setitimer": (38, 103),
        "alarm": (37, None),
        "pause": (34, None),
    },
    # threads of its own process
    "threads": {
        "set_robust_list": (273, 99),
        "set_tid_address": (218, 96),
        "rseq": (334, 293),
        "sched_yield": (24, 124),
        "sched_getaffinity": (204, 123),
        "gettid": (186, 178),
        "arch_prctl": (158, None),
    },
    # signals inside its own process number space
    "signals": {
        "rt_sigaction": (13, 134),
        "rt_sigprocmask": (14, 135),
        "rt_sigpending": (127, 136),
        "rt_sigreturn": (15, 139),
        "rt_sigsuspend": (130, 133),
        "rt_sigtimedwait": (128, 137),
        "sigaltstack": (131, 132),
        "restart_syscall": (219, 128),
        "kill": (62, 129),
        "tkill": (200, 130),
        "tgkill": (234, 131),
    },
    # asking who and where it is, and ending
    "identity": {
        "exit": (60, 93),
        "exit_group": (231, 94),
        "wait4": (61, 260),
        "waitid": (247, 95),
        "getpid": (39, 172),
        "getppid": (110, 173),
        "getpgid": (121, 155),
        "getpgrp": (111, None),
        "getsid": (124, 156),
        "getuid": (102, 174),
        "geteuid": (107, 175),
        "getgid": (104, 176),
        "getegid": (108, 177),
        "getresuid": (118, 148),
        "getresgid": (120, 150),
        "getgroups": (115, 158),
        "getrlimit": (97, 163),
        "getrusage": (98, 165),
        "getpriority": (140, 141),
        "sched_getparam": (143, 121),
        "sched_getscheduler": (145, 120),
        "sched_get_priority_max": (146, 125),
        "sched_get_priority_min": (147, 126),
        "uname": (63, 160),
        "getcpu": (309, 168),
        "getrandom": (318, 278),
        "capget": (125, 90),
    },
}
"""Calls that are allowed whatever their arguments, by purpose."""

CONDITIONAL: dict[str, Numbers] = {
    "clone": (56, 220),
    "clone3": (435, 435),
    "prlimit64": (302, 261),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "mmap": (9, 222),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "futex": (202, 98),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "statx": (332, 291),
}
"""clone: threads only, and no descriptor of one, for its number is one of a count of all threads of
the machine. clone3: "no such call", so that the C library falls back to clone. prlimit64: reading
limits only. ioctl: "not a terminal", which is all that Python asks. fcntl: copying a descriptor,
reading flags; no locks and no change of a file's state, for on a shared file either is a signal
that another submission can see (`flock`, `sysinfo` and `mincore` are left out likewise). dup, fstat
and their kin: not of the pipe of answers, for its number is one of a count that the whole machine
shares. statx: "no such call", for it tells the machine's count of mounts; Python asks by
newfstatat. futex: between threads of one process, not on pages that several share. madvise: giving
memory back at once, not what the pages of a shared file come as. mmap: no pages of the machine's
own store, and none that are shared without a file, for no limit counts these; mremap: nowhere but
where the kernel likes."""
