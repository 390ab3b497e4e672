# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Reads files that a user names: regular ones only, up to a limit.

A pipe, a device or a socket may never answer, or never end.
"""

import os
import stat
from typing import BinaryIO

from hv_sched import exception

# A cluster of 64 nodes with 8000 servers takes less than 4 MiB.
MAX_BYTES = 64 * 1024 ** 2
_PART_BYTES = 64 * 1024
# Opening a pipe that nobody writes to waits for ever without O_NONBLOCK, and
# a terminal must not become that of an agent.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {stat.S_IFIFO: 'a pipe', stat.S_IFSOCK: 'a socket',
          stat.S_IFDIR: 'a folder', stat.S_IFCHR: 'a device',
          stat.S_IFBLK: 'a device'}


def read(path: str, max_bytes: int = MAX_BYTES) -> bytes:
    """What is in a file.

    :raises InvalidFile: it cannot be read, is no regular file, or larger
        than max_bytes; the message does not name it
    """
    try:
        # Before it is opened, for opening a device may already act on it.
        _check_regular(os.stat(path))
        with open(os.open(path, _FLAGS), 'rb') as file:
            _check_regular(os.fstat(file.fileno()))
            data = _limited(file, max_bytes)
    except OSError as exc:
        raise exception.InvalidFile(str(exc.strerror)) from exc
    except ValueError as exc:
        raise exception.InvalidFile(str(exc)) from exc
    if len(data) > max_bytes:
        raise exception.InvalidFile(
            f'is larger than {max_bytes // 1024 ** 2} MiB')
    return data


def _limited(file: BinaryIO, max_bytes: int) -> bytes:
    """What is in a file, and no more than a part beyond the limit.

    A limit on what is read, for a file may grow. In parts, for read() takes
    the memory of as many bytes as it is asked for, of which few may come.
    """
    parts: list[bytes] = []
    size_bytes = 0
    while size_bytes <= max_bytes and (part := file.read(_PART_BYTES)):
        parts.append(part)
        size_bytes += len(part)
    return b''.join(parts)


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), 'something else')
        raise exception.InvalidFile(f'is {kind}, not a regular file')
