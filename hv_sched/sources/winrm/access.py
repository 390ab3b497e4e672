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

"""How the nodes of the clusters are reached: a file of its own.

    clusters:
    - name: HVLAB
      nodes: [hv01.lab.example, hv02.lab.example]
      auth: kerberos
      ca_file: /etc/hv_sched/winrm-ca.pem
      configuration_name: hv_sched

HTTPS only, certificates are always verified, and a secret is a file that
nobody else may read.
"""

import dataclasses
import os
import stat
from typing import Any

import jsonschema

from hv_sched import exception
from hv_sched import regular_file
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources import static

KERBEROS = 'kerberos'
NTLM = 'ntlm'
CERTIFICATE = 'certificate'
PORT = 5986
# The endpoint of Windows PowerShell 4 and 5.1, which every node has.
DEFAULT_CONFIGURATION = 'Microsoft.PowerShell'

_MAX_SECRET_BYTES = 64 * 1024
_TEXT = {'type': 'string', 'minLength': 1, 'maxLength': 1024}
_HOST = {'type': 'string',
         'pattern': r'^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})\Z'}
_CLUSTER = {
    'type': 'object', 'additionalProperties': False,
    'required': ['name', 'nodes'],
    'properties': {
        'name': _TEXT, 'guid': _TEXT,
        'nodes': {'type': 'array', 'minItems': 1, 'maxItems': 64,
                  'items': _HOST},
        'auth': {'enum': [KERBEROS, NTLM, CERTIFICATE]},
        'username': _TEXT, 'password_file': _TEXT,
        'certificate': _TEXT, 'certificate_key': _TEXT, 'ca_file': _TEXT,
        'port': {'type': 'integer', 'minimum': 1, 'maximum': 65535},
        'configuration_name': {
            'type': 'string', 'pattern': r'^[A-Za-z0-9_.-]{1,100}\Z'},
    }}
_FILE = {'type': 'object', 'additionalProperties': False,
         'required': ['clusters'],
         'properties': {'clusters': {
             'type': 'array', 'minItems': 1, 'items': _CLUSTER}}}


@dataclasses.dataclass(frozen=True)
class Access:
    """How one cluster is reached.

    :param nodes: host names to ask first; the others are those the cluster
        names, in the domain of the node that answered
    :param guid: the GUID the cluster must have; None: that of its first
        answer
    :param ca_file: of the authorities that may sign the nodes' certificates;
        None for those of the system
    """

    name: str
    nodes: tuple[str, ...]
    guid: str | None = None
    auth: str = KERBEROS
    username: str | None = None
    password_file: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None
    ca_file: str | None = None
    port: int = PORT
    configuration_name: str = DEFAULT_CONFIGURATION

    @property
    def is_jea(self) -> bool:
        """Whether the endpoint has the two functions, and no language."""
        return self.configuration_name != DEFAULT_CONFIGURATION

    def password(self) -> str | None:
        """Read at each use, as an operator may change it.

        :raises InvalidConfig: the file cannot be read, or others can
        """
        if self.password_file is None:
            return None
        check_secret(self.password_file)
        return _secret(self.password_file)


def load(path: str) -> tuple[Access, ...]:
    """The clusters of a file.

    :raises InvalidConfig: the file cannot be used; the message names it
    """
    try:
        content = static.parse(regular_file.read(path).decode('utf-8'))
        return read(content)
    except (exception.InvalidFile, exception.InvalidFacts,
            UnicodeDecodeError, exception.InvalidConfig) as exc:
        raise exception.InvalidConfig(f'{path}: {exc}') from exc


def read(content: Any) -> tuple[Access, ...]:
    """The same from a parsed file.

    :raises InvalidConfig: a field is missing, unknown or cannot be
    """
    validator = jsonschema.Draft202012Validator(_FILE)
    fault = jsonschema.exceptions.best_match(
        validator.iter_errors(content))
    if fault is not None:
        where = naming.where(tuple(fault.absolute_path)) or 'the file'
        raise exception.InvalidConfig(f'{where}: {_words(fault)}')
    accesses = tuple(_access(i, cluster) for i, cluster
                     in enumerate(content['clusters']))
    _check_once(accesses)
    return accesses


def check_secret(path: str) -> None:
    """:raises InvalidConfig: others than its owner may read the file"""
    try:
        mode = os.stat(path).st_mode
    except OSError as exc:
        raise exception.InvalidConfig(f'{path}: {exc.strerror}') from exc
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise exception.InvalidConfig(
            f'{path}: holds a secret and has mode {stat.S_IMODE(mode):04o}: '
            f'run "chmod 0600 {path}"')


def check_readable(*paths: str | None) -> None:
    """requests says of a file that is not there that TLS fails.

    :raises InvalidConfig: one cannot be read
    """
    for path in paths:
        if path is not None and not os.access(path, os.R_OK):
            raise exception.InvalidConfig(
                f'{path}: it is not there, or may not be read')


def _secret(path: str) -> str:
    try:
        # Editors on Windows begin a file with a mark of its encoding.
        text = regular_file.read(path, _MAX_SECRET_BYTES).decode('utf-8-sig')
    except (exception.InvalidFile, UnicodeDecodeError) as exc:
        # Its content is not part of the message.
        raise exception.InvalidConfig(
            f'{path}: cannot be read as one line of UTF-8 text') from exc
    text = text.rstrip('\r\n')
    if not text or len(text.splitlines()) > 1:
        # Each try of a wrong password brings the account nearer to its lock.
        raise exception.InvalidConfig(
            f'{path}: must hold the password alone, in one line')
    return text


def _access(index: int, cluster: dict[str, Any]) -> Access:
    guid = cluster.get('guid')
    normal = None if guid is None else naming.normal_guid(guid)
    if guid is not None and normal is None:
        raise exception.InvalidConfig(
            f'clusters[{index}].guid: {naming.shown(guid)} is no GUID')
    access = Access(**{**cluster, 'guid': normal,
                       'nodes': tuple(cluster['nodes'])})
    missing = [field for field in _REQUIRED[access.auth]
               if getattr(access, field) is None]
    if missing:
        raise exception.InvalidConfig(
            f'clusters[{index}]: auth {access.auth} needs '
            f'{" and ".join(missing)}')
    return access


# Kerberos takes the keytab that KRB5_CLIENT_KTNAME names.
_REQUIRED = {KERBEROS: (), NTLM: ('username', 'password_file'),
             CERTIFICATE: ('certificate', 'certificate_key')}


def _check_once(accesses: tuple[Access, ...]) -> None:
    first: dict[str, str] = {}
    for access in accesses:
        claims = _claims(access)
        for claim in claims:
            if claim in first:
                raise exception.InvalidConfig(
                    f'clusters {naming.shown(first[claim])} and '
                    f'{naming.shown(access.name)} both have '
                    f'{naming.shown(claim)}: a name, a GUID and a node '
                    'belong to one cluster')
        first.update(dict.fromkeys(claims, access.name))


def _claims(access: Access) -> list[str]:
    """What no other cluster may have: its name, GUID and nodes."""
    return [windows_names.key(access.name),
            *([access.guid] if access.guid else ()),
            *map(str.lower, access.nodes)]


def _words(fault: Any) -> str:
    if fault.validator == 'additionalProperties':
        known = sorted(fault.schema['properties'])
        unknown = sorted(set(fault.instance) - set(known))[0]
        return (f'the field {naming.shown(unknown)} is not known; '
                + naming.suggestion(unknown, known, 'fields'))
    if fault.validator == 'enum':
        return (f'{naming.shown(fault.instance)} is not one of '
                f'{", ".join(fault.validator_value)}')
    if fault.validator == 'required':
        return str(fault.message)
    return f'{naming.shown(fault.instance)} is not allowed here'
