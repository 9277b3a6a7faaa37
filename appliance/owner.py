"""Root, working on the files of a service: as the service's own user, for as long as it takes."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UMASK = 0o027


@contextmanager
def as_owner(path: Path) -> Iterator[None]:
    """Whoever owns `path`, when we are root and they are not; otherwise nothing changes.

    A file that root made in a service's folder would lock the service out, and a folder in which somebody else may
    make links is no ground for root to write on.
    """
    try:
        uid = path.stat().st_uid
    except FileNotFoundError:
        uid = 0
    if os.geteuid() != 0 or uid == 0:
        yield
        return
    user = pwd.getpwuid(uid)
    gid, groups, umask = os.getegid(), os.getgroups(), os.umask(_UMASK)
    os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
    os.setegid(user.pw_gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)
        os.umask(umask)
