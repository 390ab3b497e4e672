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

"""Output of ceph, rbd and statvfs, and sources that name it."""

import copy
import datetime
import json

from hv_sched.sources import facts
from hv_sched.sources.ceph import document

GIB = 2 ** 30
FSID = '7d1c0a5e-5e5c-4a57-8d8a-3c5f1f4a2f10'
CLUSTER = '5f0c6d52-6c06-4b5e-9a37-0f6a4f2b9f11'
EXPORT = '6f1c2d3e-0000-4000-8000-000000000001'
SERVER = '33333333-3333-4333-8333-333333333333'
AT = datetime.datetime(2026, 3, 1, 8, 30, tzinfo=datetime.timezone.utc)


def pool(name='vms', stored_gb=100, available_gb=400, number=2, **stats):
    return {'name': name, 'id': number, 'stats': {
        'stored': stored_gb * GIB, 'objects': 1,
        'bytes_used': 3 * stored_gb * GIB, 'percent_used': 0.2,
        'max_avail': available_gb * GIB, **stats}}


def df(*pools):
    """Three copies of each object: raw bytes are three times as many."""
    return {'stats': {'total_bytes': 1500 * GIB, 'total_used_bytes': 300 * GIB,
                      'total_avail_bytes': 1200 * GIB},
            'stats_by_class': {}, 'pools': list(pools) or [
                pool('images', number=1), pool()]}


def image(name, provisioned_gb=50, used_gb=20, **fields):
    return {'name': name, 'id': 'a1', 'provisioned_size': provisioned_gb * GIB,
            'used_size': used_gb * GIB, **fields}


def du(*images):
    return {'images': list(images) or [image(f'{SERVER}_disk')],
            'total_provisioned_size': 0, 'total_used_size': 0}


def line(node, export=EXPORT, blocks=500, available=400, at=AT, **fields):
    return json.dumps({
        'node': node, 'collected_at': at.isoformat(), 'export': export,
        'f_frsize': GIB, 'f_blocks': blocks, 'f_bavail': available, **fields})


def of_pool(**fields):
    return {'pool': 'vms', 'fsid': FSID, 'df': 'df.json', **fields}


def of_export(**fields):
    return {'name': 'exp1', 'guid': EXPORT, 'statvfs': 'exp1.jsonl', **fields}


def cluster(*volumes, **fields):
    return {'guid': CLUSTER, 'name': 'ceph1', 'driver': 'libvirt-rbd',
            'nodes': [{'name': 'kvm01'}, {'name': 'kvm02'}],
            'volumes': list(volumes) or [of_pool()], **fields}


class Files:
    """The files a source names, all of one age unless said otherwise."""

    def __init__(self, ages=(), **texts):
        self._texts = {name.replace('_', '.'): text if isinstance(text, str)
                       else json.dumps(text) for name, text in texts.items()}
        self._ages = dict(ages)

    def read(self, name):
        if name not in self._texts:
            raise facts.exception.InvalidFacts('No such file or directory')
        return document.Output(self._texts[name], self._ages.get(name, AT))


def read(*clusters, files=None):
    """The facts of a source, and the problems."""
    content = {'version': 2, 'clusters': copy.deepcopy(list(clusters)) or [
        cluster()]}
    return facts.read([facts.Document('ceph.yaml', document.expanded(
        content, (files or Files(df_json=df())).read))])
