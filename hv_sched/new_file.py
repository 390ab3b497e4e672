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

"""Writes a file that is whole or not there, for its owner alone.

It has no name while it is written, so a kill leaves nothing behind. Where the
file system has no such files, it has a temporary name meanwhile.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import tempfile
from typing import IO

_ONLY_OWNER = 0o600
# What is not offered by an older kernel, or by the file system.
NOT_OFFERED = None


def write(path: str, fill: Callable[[IO[str]], None]) -> None:
    """Write a new file.

    :param fill: writes the text
    :raises OSError: something is there already, or it cannot be written
    """
    folder = os.path.dirname(os.path.abspath(path))
    descriptor = _unnamed(folder) if _unnamed else None
    if descriptor is None:
        _write_named(folder, path, fill)
        return
    with open(descriptor, 'w', encoding='utf-8') as file:
        fill(file)
        file.flush()
        os.fsync(descriptor)
        with _opened(folder) as folder_descriptor:
            # By way of linkat(2), which alone follows the link to the file.
            os.link(f'/proc/self/fd/{descriptor}', os.path.basename(path),
                    dst_dir_fd=folder_descriptor, follow_symlinks=True)


def _file_without_name(folder: str) -> int | None:
    """A descriptor, None where there are no such files."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC,
                       _ONLY_OWNER)
    except (AttributeError, OSError):
        return None


_unnamed: Callable[[str], int | None] | None = _file_without_name


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_named(folder: str, path: str,
                 fill: Callable[[IO[str]], None]) -> None:
    with tempfile.NamedTemporaryFile(
            'w', dir=folder, prefix='.hv_sched-', encoding='utf-8') as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
        # It never takes the place of what is there.
        os.link(file.name, path)
