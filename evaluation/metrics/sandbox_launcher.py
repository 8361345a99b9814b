"""Runs one program that nobody trusts, in a process that can only compute and read. Started by ``sandbox``.

Standard input is JSON ``{program, secret, seconds, megabytes}``; ``secret`` on standard output says that the program
ran to its end. The kernel's seccomp filter lets through a fixed list of calls and refuses every other: no socket, no
process or thread, no file opened for writing, removed or renamed. Exit 3: the filter could not be set.
"""

import ctypes
import json
import platform
import resource
import struct
import sys

UNPROTECTED = 3

# Linux's numbers of the calls that Python needs to compute and read, by machine: name, x86-64, arm64.
CALLS = """
read 0 63 | write 1 64 | close 3 57 | fstat 5 80 | lseek 8 62 | mmap 9 222 | mprotect 10 226 | munmap 11 215
brk 12 214 | rt_sigaction 13 134 | rt_sigprocmask 14 135 | rt_sigreturn 15 139 | ioctl 16 29 | pread64 17 67
readv 19 65 | writev 20 66 | sched_yield 24 124 | mremap 25 216 | madvise 28 233 | dup 32 23 | nanosleep 35 101
getpid 39 172 | exit 60 93 | uname 63 160 | fcntl 72 25 | getcwd 79 17 | gettimeofday 96 169 | getrusage 98 165
sysinfo 99 179 | times 100 153 | getuid 102 174 | getgid 104 176 | geteuid 107 175 | getegid 108 177
getppid 110 173 | sigaltstack 131 132 | gettid 186 178 | futex 202 98 | sched_getaffinity 204 123
getdents64 217 61 | clock_gettime 228 113 | clock_getres 229 114 | clock_nanosleep 230 115 | exit_group 231 94
newfstatat 262 79 | readlinkat 267 78 | faccessat 269 48 | pselect6 270 72 | ppoll 271 73 | set_robust_list 273 99
dup3 292 24 | getrandom 318 278 | statx 332 291 | rseq 334 293 | faccessat2 439 439
"""
OLD_READS = (4, 6, 7, 21, 89)  # x86-64 only: stat, lstat, poll, access, readlink
OPENAT = {"x86_64": 257, "aarch64": 56}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND, O_TMPFILE

# Classic BPF (linux/filter.h): load a word, jump if equal, jump if any bit is set, return.
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, KILL, NOT_PERMITTED = 0x7FFF0000, 0x80000000, 0x00050001
NUMBER, ARCHITECTURE, THIRD_ARGUMENT = 0, 4, 32


def allowed(machine: str) -> list[int]:
    column = 1 if machine == "x86_64" else 2
    calls = [int(entry.split()[column]) for line in CALLS.strip().splitlines() for entry in line.split("|")]
    return calls + (list(OLD_READS) if machine == "x86_64" else [])


def rules(machine: str) -> bytes:
    def rule(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    found = [rule(LOAD, ARCHITECTURE), rule(EQUAL, ARCHITECTURES[machine], 1), rule(RETURN, KILL), rule(LOAD, NUMBER)]
    for call in allowed(machine):
        found += [rule(EQUAL, call, 0, 1), rule(RETURN, ALLOW)]
    found += [rule(EQUAL, OPENAT[machine], 0, 3), rule(LOAD, THIRD_ARGUMENT)]
    found += [rule(ANY_BIT, WRITING, 1, 0), rule(RETURN, ALLOW), rule(RETURN, NOT_PERMITTED)]
    return b"".join(found)


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("rules", ctypes.c_char_p))


def lock(machine: str) -> bool:
    """No new privileges, then the filter; False where the kernel or the machine has none."""
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        return False
    filter_ = rules(machine)
    program = Program(len(filter_) // 8, filter_)
    library = ctypes.CDLL(None, use_errno=True)
    set_no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
    if library.prctl(set_no_new_privileges, 1, 0, 0, 0):
        return False
    return not library.prctl(set_seccomp, mode_filter, ctypes.byref(program), 0, 0)


def limit(seconds: int, megabytes: int) -> None:
    for kind, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_FSIZE, 1 << 16),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def main() -> None:
    task = json.load(sys.stdin)
    limit(task["seconds"], task["megabytes"])
    if not lock(platform.machine()):
        sys.exit(UNPROTECTED)
    exec(compile(task["program"], "program", "exec"), {"__name__": "__main__"})  # noqa: S102 - what this file is for
    sys.__stdout__.write(task["secret"])  # type: ignore[union-attr]  # set for every process started with a pipe
    sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
