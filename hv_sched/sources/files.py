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

"""The files of a source: which they are, and their text."""

import codecs
import datetime
import os
import stat

from hv_sched import exception
from hv_sched import regular_file

# More than one of 64 nodes with 8000 servers fits in.
MAX_FILE_BYTES = regular_file.MAX_BYTES
# PowerShell's Out-File writes UTF-16 unless told otherwise.
_ENCODINGS = (
    (codecs.BOM_UTF16_LE, 'utf-16'),
    (codecs.BOM_UTF16_BE, 'utf-16'),
)
_MARKS_OF_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_WRITE = 'write it as UTF-8, or as UTF-16 with a byte order mark'


def of(path: str, endings: tuple[str, ...]) -> list[str]:
    """The files a path stands for: itself, or those of the folder, sorted.

    :param endings: of the files of a folder, such as ``.yaml``; hidden
        files, folders and devices inside it are skipped
    :raises InvalidFacts: nothing is there, or it cannot be read
    """
    try:
        mode = os.stat(path).st_mode
        entries = os.listdir(path) if stat.S_ISDIR(mode) else None
    except OSError as exc:
        raise exception.InvalidFacts(f'{path}: {exc.strerror}') from exc
    except ValueError as exc:
        raise exception.InvalidFacts(f'{path!r}: {exc}') from exc
    if entries is None:
        return [path]
    return _chosen(path, entries, endings)


def _chosen(folder: str, entries: list[str],
            endings: tuple[str, ...]) -> list[str]:
    chosen = [os.path.join(folder, name) for name in sorted(entries)
              if not name.startswith('.')
              and name.lower().endswith(endings)]
    files = [path for path in chosen if not _is_special(path)]
    if not files:
        raise exception.InvalidFacts(
            f'{folder}: no file in this folder ends in '
            f'{" or ".join(endings)}')
    return files


def _is_special(path: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        # Not skipped in silence: reading it says what is wrong.
        return False


def modified_at(path: str) -> datetime.datetime:
    """When a file was last written, in UTC.

    :raises InvalidFacts: it is gone, or says a year that is none
    """
    try:
        seconds = os.stat(path).st_mtime
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except OSError as exc:
        raise exception.InvalidFacts(str(exc.strerror)) from exc
    except (ValueError, OverflowError) as exc:
        # Whoever writes a file says when; tmpfs keeps any number.
        raise exception.InvalidFacts(
            f'its modification time cannot be: {exc}') from exc


def text(path: str) -> str:
    """The text of a file: UTF-8, or UTF-16 with a byte order mark.

    :raises InvalidFacts: it cannot be read, is too large or not text
    """
    try:
        data = regular_file.read(path, MAX_FILE_BYTES)
    except exception.InvalidFile as exc:
        raise exception.InvalidFacts(str(exc)) from exc
    return _decoded(data)


def _decoded(data: bytes) -> str:
    other = _other_encoding(data)
    if other:
        raise exception.InvalidFacts(f'is {other}: {_WRITE}')
    encoding = next((name for mark, name in _ENCODINGS
                     if data.startswith(mark)), 'utf-8-sig')
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        raise exception.InvalidFacts(
            f'is not {encoding} text: byte {exc.start}: {exc.reason}; if it '
            f'is in a code page of Windows, {_WRITE}') from exc


def _other_encoding(data: bytes) -> str:
    """An encoding that can be told and is not read; empty for none."""
    if data.startswith(_MARKS_OF_UTF32):
        return 'UTF-32'
    if data.startswith(tuple(mark for mark, _name in _ENCODINGS)):
        return ''
    return 'UTF-16 without a byte order mark' if b'\0' in data[:4] else ''
