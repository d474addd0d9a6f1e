"""A seccomp filter: the kernel refuses system calls that no exercise needs.

Landlock guards files; this guards the rest: no new process, no program, no socket, no signal to others,
nothing that changes a file's owner or mode (Landlock does not look at those), no namespaces, no kernel
interfaces. Refused calls return EPERM: Python raises the usual `PermissionError` and the student's exercise
goes on. Threads stay allowed. The filter lists what is refused; calls younger than Linux 5.17 "do not
exist".
"""

import ctypes
import platform
import struct

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: number on x86_64, number on aarch64 (-1: does not exist there)
REFUSED = {
    # new processes and programs (fork and threads share `clone`, see below)
    "fork": (57, -1), "vfork": (58, -1), "execve": (59, 221), "execveat": (322, 281),
    # network, also over sockets of the own machine
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    # other processes: looking at them, signals, priorities
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "setsid": (112, 157), "setpgid": (109, 154), "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # what Landlock does not look at: owner, mode, times, attributes, watching
    "chmod": (90, -1), "fchmod": (91, 52), "fchmodat": (268, 53), "chown": (92, -1), "fchown": (93, 55),
    "lchown": (94, -1), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, -1), "utimes": (235, -1), "futimesat": (261, -1), "utimensat": (280, 88),
    "truncate": (76, 45), "ftruncate": (77, 46), "mknod": (133, -1), "mknodat": (259, 33),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "inotify_init": (253, -1), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    # memory and messages that outlive or leave the process
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "swapon": (167, 224), "swapoff": (168, 225),
    "quotactl": (179, 60), "quotactl_fd": (443, 443),
    # the kernel and the machine
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142),
    "personality": (135, 92), "syslog": (103, 116), "acct": (163, 89), "vhangup": (153, 58),
    "clock_settime": (227, 112), "clock_adjtime": (305, 266), "adjtimex": (159, 171),
    "settimeofday": (164, 170), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, -1), "ioperm": (173, -1),
}  # fmt: skip
CLONE, CLONE3, KILL, TGKILL = (56, 220), (435, 435), (62, 129), (234, 131)
PRLIMIT, PRCTL, SECCOMP = (302, 261), (157, 167), (317, 277)
# What makes the kernel send a signal later: F_SETOWN, F_SETSIG, F_SETOWN_EX; FIOSETOWN, SIOCSPGRP.
SIGNALLING = {"fcntl": ((72, 25), (8, 10, 15)), "ioctl": ((16, 29), (0x8901, 0x8902))}
WAITING = frozenset({"socket", "bind", "listen"})  # what CUDA needs; `connect` stays refused
AF_UNIX, SOCK_SEQPACKET, SOCK_TYPES = 1, 5, 0xF
FIRST_UNKNOWN = 451  # what came after Linux 5.17 "does not exist": the C library then uses older calls
CLONE_THREAD, PR_SET_PDEATHSIG = 0x10000, 1

LOAD, AND, EQUAL, HAS_BITS, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x45, 0x35, 0x06  # BPF instructions
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = (
    0,
    4,
    16,
    24,
)  # offsets in struct seccomp_data (low halves)
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050001, 0x00050026  # SECCOMP_RET_ERRNO | the error's number

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def program(pid: int, machine: str, *, cuda: bool = False) -> list[Instruction]:
    """The filter for the process `pid`: signals and limits for itself pass, for others they do not.

    With `cuda` it may also wait at a socket of the own machine: the GPU's driver does not start without.
    """
    column = list(ARCHITECTURES).index(machine)
    code: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, KILL_PROCESS),  # system calls of another architecture have other numbers
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, FIRST_UNKNOWN),  # the x32 numbers lie here too
        (RETURN, 0, 0, ENOSYS),
    ]
    for name, numbers in REFUSED.items():
        if numbers[column] >= 0 and not (cuda and name in WAITING):
            code += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, EPERM)]
    # clone3 hides its flags behind a pointer; without it the C library falls back to clone.
    code += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, ENOSYS)]
    code += _argument(CLONE[column], [(HAS_BITS, 1, 0, CLONE_THREAD)])
    if cuda:
        code += _waiting_socket(REFUSED["socket"][column])
    code += _argument(KILL[column], [(EQUAL, 1, 0, pid)])
    code += _argument(TGKILL[column], [(EQUAL, 1, 0, pid)])
    code += _argument(PRLIMIT[column], [(EQUAL, 2, 0, 0), (EQUAL, 1, 0, pid)])
    code += _argument(PRCTL[column], [(EQUAL, 0, 1, PR_SET_PDEATHSIG)])
    for numbers, commands in SIGNALLING.values():
        code += _commands(numbers[column], commands)
    code += [(RETURN, 0, 0, ALLOW)]
    return code


def _argument(number: int, tests: list[Instruction]) -> list[Instruction]:
    """Refuse call `number` unless a test on its first argument jumps over the refusal."""
    body = [(LOAD, 0, 0, FIRST_ARGUMENT), *tests, (RETURN, 0, 0, EPERM), (RETURN, 0, 0, ALLOW)]
    return [(EQUAL, 0, len(body), number), *body]


def _commands(number: int, refused: tuple[int, ...]) -> list[Instruction]:
    """Refuse call `number` with one of these second arguments."""
    body: list[Instruction] = [(LOAD, 0, 0, SECOND_ARGUMENT)]
    for command in refused:
        body += [(EQUAL, 0, 1, command), (RETURN, 0, 0, EPERM)]
    body += [(RETURN, 0, 0, ALLOW)]
    return [(EQUAL, 0, len(body), number), *body]


def _waiting_socket(number: int) -> list[Instruction]:
    """Refuse call `number`, `socket`, but for sockets of this machine that only send where they are connected."""
    body: list[Instruction] = [
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 0, 4, AF_UNIX),
        (LOAD, 0, 0, SECOND_ARGUMENT),
        (AND, 0, 0, SOCK_TYPES),
        (EQUAL, 0, 1, SOCK_SEQPACKET),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, EPERM),
    ]
    return [(EQUAL, 0, len(body), number), *body]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install(libc: ctypes.CDLL, pid: int, *, cuda: bool = False) -> None:
    """Put the filter on this process, for good; raises `OSError` where the kernel does not take it."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise OSError(f"no table of system calls for {machine}")
    code = program(pid, machine, cuda=cuda)
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
    whole = _Program(len(code), ctypes.addressof(instructions))
    number = SECCOMP[list(ARCHITECTURES).index(machine)]
    set_filter, keep_speculation = 1, 4  # without the latter old kernels make the whole process slower
    for flags in (keep_speculation, 0):
        if libc.syscall(number, set_filter, flags, ctypes.byref(whole)) == 0:
            return
    error = ctypes.get_errno()
    raise OSError(error, "the kernel did not take the seccomp filter")
