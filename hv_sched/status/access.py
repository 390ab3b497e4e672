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

"""Who may read the status: the token, and when there has to be one."""

import ipaddress
import os
import stat

from hv_sched import exception
from hv_sched import regular_file

_SHORTEST_TOKEN = 16


def read_token(path: str) -> str:
    """The token in a file that only its owner may read.

    :raises InvalidConfig: there is none, or others may read it
    """
    name = f'[hv_sched]status_token_file {path}'
    try:
        token = regular_file.read(path, 4096).decode('ascii').strip()
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except (exception.InvalidFile, OSError, UnicodeDecodeError) as exc:
        raise exception.InvalidConfig(f'{name}: {exc}') from exc
    if mode & 0o077:
        raise exception.InvalidConfig(
            f'{name} has mode {mode:04o}: others may read it; chmod 0600')
    if len(token) < _SHORTEST_TOKEN or not token.isprintable() or (
            ' ' in token):
        raise exception.InvalidConfig(
            f'{name} needs one line with at least {_SHORTEST_TOKEN} visible '
            'characters')
    return token


def checked_token(address: str, path: str | None) -> str:
    """The token to ask for, '' where there is none.

    :raises InvalidConfig: it is needed, or cannot be used
    """
    if path:
        return read_token(path)
    if not ipaddress.ip_address(address).is_loopback:
        raise exception.InvalidConfig(
            f'[hv_sched]status_address {address} is not of loopback: name a '
            '[hv_sched]status_token_file, too')
    return ''
