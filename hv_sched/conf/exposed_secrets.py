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

"""Secrets in configuration files that everybody on the machine may read."""

from collections.abc import Iterable
import io
import os
import re
import stat

from oslo_config import iniparser

from hv_sched import exception
from hv_sched import regular_file
from hv_sched import url_secrets

REMEDY = ('let its owner and the group of the service alone read it: chgrp '
          'hv_sched FILE; chmod 0640 FILE')
_SECRET = re.compile('(password|passwd|passcode|secret|token)$')


def options_in(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By file, the options that hold a secret for everybody to read."""
    return {path: names for path in paths
            if _is_for_everybody(path) and (names := _secrets_of(path))}


def _is_for_everybody(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return False  # whoever reads it says so


def _secrets_of(path: str) -> tuple[str, ...]:
    """:returns: none of a file that cannot be read: others say why"""
    options = _Options()
    try:
        options.parse(io.StringIO(regular_file.read(path).decode(),
                                  newline=None))
    except (exception.InvalidFile, OSError, UnicodeDecodeError,
            iniparser.ParseError):
        return ()
    return tuple(sorted(options.names))


class _Options(iniparser.BaseParser):
    """Keeps the names of options that hold a secret."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self._section = 'DEFAULT'

    def new_section(self, section: str) -> None:
        self._section = section

    def assignment(self, key: str, value: list[str]) -> None:
        text = '\n'.join(value).strip()
        if text and (_SECRET.search(key)
                     or url_secrets.masked(text) != text):
            self.names.add(f'[{self._section}]{key}')
