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

"""Which names the status answers to.

A page of somebody else that has its own name resolve to this machine (DNS
rebinding) makes a browser ask here, and reads the answer as its own. The
browser sends that name as Host; nobody reaches this machine by it otherwise.
"""

from collections.abc import Iterable
import dataclasses
import ipaddress
import re

_LOCALHOST = 'localhost'
# A name or an address of IPv4, or one of IPv6 in brackets; then any port.
_HOST = re.compile(r'(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))'
                   r'(?::[0-9]{0,5})?')
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclasses.dataclass(frozen=True)
class AllowedHosts:
    """Loopback, the address that is listened on, and further names.

    The port may be any: a tunnel or a proxy has its own.

    :param address: that is listened on; where it stands for all of the
        machine, any address is allowed, for no name leads to an address
    :param names: further names and addresses
    """

    address: str
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, address: str, names: Iterable[str] = ()) -> 'AllowedHosts':
        """:param names: as somebody wrote them"""
        return cls(address, frozenset(map(_normal, names)))

    def allow(self, header: str | None) -> bool:
        """Whether a request is answered.

        :param header: its Host; no browser leaves it out, health checks do
        """
        if not header:
            return True
        match = _HOST.fullmatch(header)
        host = _normal(match[1] or match[2]) if match else ''
        return bool(host) and (
            host == _LOCALHOST or host in self.names
            or self._is_own(_address(host)))

    def _is_own(self, address: _Address | None) -> bool:
        if address is None:
            return False
        own = _address(self.address)
        return address.is_loopback or own is not None and (
            own.is_unspecified or address == own)


def _normal(host: str) -> str:
    """A name in lower case, an address in its shortest form."""
    address = _address(host)
    return str(address) if address else host.lower().removesuffix('.')


def _address(host: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, 'ipv4_mapped', None) or address
