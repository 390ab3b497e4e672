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

"""A directory that nodes share, with the disks in it, and ``qemu-img``.

Disks are real files, of no content: a raw one is as long as the disk, a qcow2
one has a header that says how long.
"""

import dataclasses
import json
import os
import pathlib
import struct
from typing import Any

GIB = 1024 ** 3
_MAGIC = b'QFI\xfb'
_HEADER = struct.Struct('>4sIQIIQIIQQIIQQQQII')
_BACKING_AT, _BACKING_LENGTH, _SIZE_AT = 2, 3, 5


@dataclasses.dataclass(frozen=True)
class Share:
    """:param path: where it is mounted"""

    name: str
    path: pathlib.Path
    size_gb: int

    def copies_gb(self, server: str) -> list[int]:
        """The sizes of a server's disks, also of those set aside."""
        return [virtual_size(path) // GIB for path in sorted(
            self.path.glob(f'{server}*/disk'))]

    def used(self) -> int:
        return sum(map(virtual_size, self.path.glob('*-*/disk')))

    def info(self) -> dict[str, int]:
        """What ``statvfs`` comes to."""
        used = self.used()
        return {'total': self.size_gb * GIB, 'used': used,
                'free': max(0, self.size_gb * GIB - used)}


def _header(path: str | os.PathLike[str]) -> tuple[Any, ...] | None:
    with open(path, 'rb') as disk:
        head = disk.read(_HEADER.size)
    return _HEADER.unpack(head) if head.startswith(_MAGIC) else None


def virtual_size(path: str | os.PathLike[str]) -> int:
    """In bytes, as a guest sees it."""
    header = _header(path)
    return int(header[_SIZE_AT]) if header else os.path.getsize(path)


def _backing(path: str) -> str | None:
    header = _header(path)
    if not header or not header[_BACKING_LENGTH]:
        return None
    with open(path, 'rb') as disk:
        disk.seek(header[_BACKING_AT])
        return disk.read(header[_BACKING_LENGTH]).decode()


def _write(path: str, disk_format: str, size: int,
           backing: str | None = None) -> None:
    if disk_format == 'raw':
        with open(path, 'ab') as disk:
            disk.truncate(size)
        return
    name = (backing or '').encode()
    header = _HEADER.pack(
        _MAGIC, 3, _HEADER.size if name else 0, len(name), 16, size, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 4, _HEADER.size)
    pathlib.Path(path).write_bytes(header + name)


def qemu_img(command: str, *arguments: str) -> str:
    """The output of ``qemu-img``."""
    return {'info': _info, 'create': _create, 'resize': _resize,
            'convert': _convert, 'rebase': _rebase}[command](*arguments)


def _info(path: str, *_arguments: str) -> str:
    header = _header(path)
    backing = _backing(path)
    return json.dumps({
        'filename': path, 'virtual-size': virtual_size(path),
        'actual-size': virtual_size(path),
        'format': 'qcow2' if header else 'raw',
        **({'backing-filename': backing} if backing else {})})


def _create(*arguments: str) -> str:
    _flag, disk_format, *rest = arguments
    backing = None
    if rest[0] == '-o':
        options = dict(option.split('=', 1) for option in rest[1].split(','))
        backing = options['backing_file']
        rest = rest[2:]
    path, *size = rest
    _write(path, disk_format,
           int(size[0]) if size else virtual_size(str(backing)), backing)
    return ''


def _resize(*arguments: str) -> str:
    _flag, disk_format, path, size = arguments
    _write(path, disk_format, int(size), _backing(path))
    return ''


def _convert(*arguments: str) -> str:
    *options, source, target = arguments
    _write(target, options[options.index('-O') + 1], virtual_size(source))
    return ''


def _rebase(*arguments: str) -> str:
    path = arguments[-1]
    backing = arguments[arguments.index('-b') + 1]
    _write(path, 'qcow2', virtual_size(path), backing or None)
    return ''
