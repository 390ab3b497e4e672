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

"""Certificates of an authority of our own, for loopback."""

import dataclasses
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: str
    key: str


class Authority:
    """Signs certificates.

    :param folder: where the files go
    """

    def __init__(self, folder: pathlib.Path, name: str = 'ca') -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._certificate = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(self._key, hashes.SHA256())
        self.file = str(folder / f'{name}.pem')
        pathlib.Path(self.file).write_bytes(_pem(self._certificate))

    def issue(self, name: str, *hosts: str, days: int = 30) -> Pair:
        """A certificate for hosts, names and addresses.

        :param days: until it ends; one below zero has ended
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general(host)
                                             for host in hosts or (name,)])
        certificate = self._builder(_named(name), key, days).add_extension(
            names, critical=False).sign(self._key, hashes.SHA256())
        return self._written(name, certificate, key)

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey,
                 days: int = 30) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(name)
                .issuer_name(self._name).public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + min(0, days - 1) * _DAY - _DAY)
                .not_valid_after(now + days * _DAY))

    def _written(self, name: str, certificate: x509.Certificate,
                 key: ec.EllipticCurvePrivateKey) -> Pair:
        pair = Pair(str(self._folder / f'{name}.pem'),
                    str(self._folder / f'{name}.key'))
        pathlib.Path(pair.certificate).write_bytes(_pem(certificate))
        key_file = pathlib.Path(pair.key)
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return pair


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
