"""Start a program that dies with its starter, also when that is killed.
 prctl(PR_SET_PDEATHSIG) has to be called in the new process, and Python code between fork and exec is unsafe
in a process with threads. So a second, bare interpreter calls it and then becomes the program: the setting
survives execve(2), and the pid stays the same.

The signal is sent when the *thread* that started the program ends: start it from a thread that lives on.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_NOT_STARTED = 127


def bound(argv: list[str]) -> list[str]:
    """The command line that runs `argv` bound to this process; exit code 127 when it cannot be started."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv]


def main() -> None:
    """Bind, then become the program."""
    import ctypes

    starter, *argv = sys.argv[1:]
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit("launch: prctl(PR_SET_PDEATHSIG) is not allowed here")
    if os.getppid() != int(starter):
        return  # the starter died before the kernel knew of us
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"launch: {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(_NOT_STARTED)


if __name__ == "__main__":
    main()
