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

"""All that reads a file."""

import dataclasses
import json
import pathlib
import tempfile

import yaml

from hv_sched import exception
from hv_sched import sources
from hv_sched.adopt import export
from hv_sched.sources import overrides
from hv_sched.sources.windows import redact
from hv_sched.sources.winrm import access
from tests.fuzz import cost
from tests.unit.sources import samples
from tests.unit.sources.ceph import samples as ceph

CORPUS = pathlib.Path(__file__).parent / 'corpus'
_WINDOWS = pathlib.Path(__file__).parent.parent / 'windows' / 'samples'
EXPECTED = (exception.InvalidFacts, exception.InvalidConfig)


def _load(path, source_type='auto'):
    facts = sources.load(str(path), source_type)
    texts = [str(problem) for problem in facts.problems]
    assert facts.clusters or texts
    return texts


def _redact(path):
    return [redact.redacted(path.read_bytes().decode('utf-8', 'replace'))]


@dataclasses.dataclass(frozen=True)
class Parser:
    """:param seeds: whole files, to be spoilt"""

    name: str
    ending: str
    seeds: tuple[bytes, ...]
    read: object

    def corpus(self):
        return sorted((CORPUS / self.name).glob('*'))


def _samples():
    return [samples.full(), samples.full_of_version_1()]


_ACCESS = b'''clusters:
- name: hvc1
  nodes: [hv01.example.com, hv02.example.com]
  user: HVC1\\reader
  password_file: /etc/hv_sched/password
'''
_OVERRIDES = b'''version: 1
clusters:
- name: c1
  nodes: [{name: hv01, home: Volume1}]
  volumes: [{name: Volume1, reserve_gb: 20, accepts_new_disks: false}]
'''
_LINES = tuple((_WINDOWS / name).read_bytes() for name in (
    'cluster.jsonl', 'node.jsonl'))
# What Ceph's commands print, and the nodes' lines, by the file's name.
_CEPH = {
    'df': json.dumps(ceph.df(), indent=1),
    'du': json.dumps(ceph.du(), indent=1),
    'quota': json.dumps({'pool_name': 'vms', 'quota_max_bytes': 2 ** 40,
                         'quota_max_objects': 0}, indent=1),
    'statvfs': '\n'.join(ceph.line(node) for node in ('kvm01', 'kvm02'))}
_OF_POOL = ceph.of_pool(df='df', du='du', quota='quota')
_OF_EXPORT = ceph.of_export(statvfs='statvfs')


def _of_ceph(*clusters):
    return yaml.safe_dump({'version': 2, 'clusters': list(clusters)})


def _describe(path):
    """A file that describes clusters of Ceph and NFS, beside their files."""
    for name, text in _CEPH.items():
        (path.parent / name).write_text(text)
    return _load(path, 'ceph')


def _number(name):
    """One of those files, beside the others and what names them."""
    def load(path):
        for each, text in _CEPH.items():
            (path.parent / each).write_text(text)
        path.replace(path.parent / name)
        described = path.parent / 'ceph.yaml'
        described.write_text(_of_ceph(ceph.cluster(
            _OF_EXPORT, driver='libvirt-file') if name == 'statvfs'
            else ceph.cluster(_OF_POOL)))
        return _load(described, 'ceph')
    return load


_EXPORT = {'hv_sched_export': 1, 'providers': {ceph.EXPORT: {
    'name': 'hv01', 'traits': ['CUSTOM_CSV_FORMER_RATIO_1_5'],
    'aggregates': [], 'allocations': {}, 'inventories': {
        'DISK_GB': {'total': 500, 'allocation_ratio': 1e-7}}}}}
PARSERS = (
    Parser('static', '.yaml', tuple(
        yaml.safe_dump(document).encode() for document in _samples()), _load),
    Parser('json', '.json', tuple(
        json.dumps(document, indent=1).encode()
        for document in _samples()), _load),
    Parser('collector', '.jsonl', _LINES, _load),
    Parser('redact', '.jsonl', _LINES, _redact),
    Parser('overrides', '.yaml', (_OVERRIDES,),
           lambda path: [str(overrides.read([str(path)]))]),
    Parser('access', '.yaml', (_ACCESS,),
           lambda path: [str(access.load(str(path)))]),
    Parser('ceph', '.yaml', (_of_ceph(ceph.cluster(_OF_POOL)).encode(),),
           _describe),
    *(Parser(f'ceph {name}', '.json', (text.encode(),), _number(name))
      for name, text in _CEPH.items()),
    Parser('export', '.json', (json.dumps(_EXPORT, indent=1).encode(),),
           lambda path: [str(export.load(str(path)))]))


def read(parser, data):
    """What reading says; nothing but our own errors, at bounded cost."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, f'hostile{parser.ending}')
        path.write_bytes(data)
        with cost.bounded(len(data)):
            return _texts(parser, path)


def _texts(parser, path):
    try:
        return parser.read(path)
    except EXPECTED as exc:
        assert str(exc)
        return [str(exc)]
