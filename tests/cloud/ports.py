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

"""Free ports on loopback, kept from one start to the next."""

import collections.abc
import json
import pathlib
import random
import socket

from tests.cloud import errors

# Below the ports that outgoing connections get (32768 on Linux): none of
# these is lost to one while the cloud is down.
RANGE = range(21000, 32000)


def is_free(port: int) -> bool:
    """Whether a service could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(('127.0.0.1', port)) == 0


def choose(names: collections.abc.Iterable[str], path: pathlib.Path,
           in_use: collections.abc.Container[str] = ()) -> dict[str, int]:
    """The port of each service, those of an earlier start where possible.

    :param path: the file that keeps them
    :param in_use: services that run already: their ports are not looked at
    :raises errors.CloudError: no port is free, or the file is not ours
    """
    former = kept(path)
    ports: dict[str, int] = {}
    for name in names:
        port = former.get(name)
        if port is None or not (name in in_use or is_free(port)):
            port = _free({*ports.values(), *former.values()})
        ports[name] = port
    partial = path.with_suffix('.partial')
    partial.write_text(json.dumps(ports, indent=1))
    partial.rename(path)
    return ports


def kept(path: pathlib.Path) -> dict[str, int]:
    """The ports of the last start; none before the first.

    :raises errors.CloudError: the file is not ours
    """
    if not path.exists():
        return {}
    try:
        former = json.loads(path.read_text())
        return {str(name): int(port) for name, port in former.items()}
    except (ValueError, AttributeError, TypeError) as exc:
        raise errors.CloudError(
            f'{path} does not list ports ({exc}): remove the file') from exc


def _free(taken: set[int]) -> int:
    candidates = [port for port in RANGE if port not in taken]
    random.shuffle(candidates)
    for port in candidates:
        if is_free(port):
            return port
    raise errors.CloudError(
        f'no port from {RANGE.start} to {RANGE.stop - 1} is free on '
        f'127.0.0.1: stop what listens there')
