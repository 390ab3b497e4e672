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

"""The commands that meet faults, each as an operator types it."""

import dataclasses

CSV = 'csv'
AGENT = 'hv-sched-agent --once'
UPGRADE = 'hv-sched-status upgrade check'
# The exit codes each of them documents.
CODES = {CSV: (0, 1, 2, 3, 4), AGENT: (0, 1, 3, 4), UPGRADE: (0, 1, 2, 255)}


@dataclasses.dataclass(frozen=True)
class Command:
    """:param scenario: the cloud it works on
    :param arguments: those of ``openstack resource provider csv``
    :param program: CSV, AGENT (one pass) or UPGRADE
    :param names_from: a service that only gives names to what is shown: the
        output is right without it, and a message says that it is away
    """

    scenario: str
    arguments: tuple[str, ...] = ()
    names_from: str = ''
    program: str = CSV


_SOURCE = ('--source', '{source}')
_OVERRIDDEN = (*_SOURCE, '--overrides', '{overrides}')
COMMANDS = {
    'list': Command('healthy', ('list', '-f', 'json')),
    'list with a source': Command('changed', (
        'list', *_SOURCE, '-f', 'json')),
    'show': Command('published', ('show', 'csv:hvc1/Volume1', '-f', 'json'),
                    names_from='Nova'),
    'plan': Command('changed', ('plan', *_SOURCE, '-f', 'json')),
    'plan --full': Command('changed', (
        'plan', '--full', *_SOURCE, '-f', 'json')),
    'plan with overrides': Command('healthy', (
        'plan', *_OVERRIDDEN, '-f', 'json')),
    'collect': Command('healthy', ('collect', *_OVERRIDDEN, '-f', 'json')),
    'collect --init': Command('healthy', ('collect', '--init', *_SOURCE)),
    'show with overrides': Command('healthy', (
        'show', 'csv:hvc1/Volume1', *_OVERRIDDEN, '-f', 'json'),
        names_from='Nova'),
    'export': Command('published', ('export', *_SOURCE, '{file}')),
    'audit': Command('published', ('audit', '-f', 'json')),
    'status': Command('synced', ('status', *_SOURCE, '-f', 'json')),
    'status --quick': Command('changed', (
        'status', '--quick', *_SOURCE, '-f', 'json')),
    'capacity': Command('healthy', (
        'capacity', '--flavor', 'small', '--image', 'plain', '-f', 'json')),
    'adopt --dry-run': Command('stock', (
        'adopt', *_SOURCE, '--dry-run', '-f', 'json')),
    'retire --dry-run': Command('healthy', (
        'retire', *_SOURCE, '--dry-run', '-f', 'json')),
    'heal --dry-run': Command('published', (
        'heal', '--code', 'safe', '--dry-run', '-f', 'json')),
    'doctor': Command('published', ('doctor', *_SOURCE, '-f', 'json')),
    'explain': Command('healthy', (
        'explain', '--flavor', 'small', '--image', 'plain', '-f', 'json')),
    'check image': Command('healthy', (
        'check', 'image', 'secure', '-f', 'json')),
    'check flavor': Command('healthy', (
        'check', 'flavor', 'gpu', '--image', 'plain', '-f', 'json')),
    'first sync': Command('empty', (
        'sync', *_SOURCE, '--host-aggregates', '-f', 'json')),
    'sync': Command('changed', ('sync', *_SOURCE, '-f', 'json')),
    'sync with overrides': Command('healthy', (
        'sync', *_OVERRIDDEN, '-f', 'json')),
    'adopt': Command('stock', ('adopt', *_SOURCE, '-f', 'json')),
    'retire': Command('healthy', ('retire', *_SOURCE, '-f', 'json')),
    'retire --node': Command('departed', (
        'retire', '--node', 'hv03', *_SOURCE, '-f', 'json')),
    'heal': Command('published', (
        'heal', '--code', 'safe', '--code', 'orphaned', '-f', 'json')),
    'heal --held': Command('published', ('heal', '--held', '-f', 'json')),
    'check image --stamp': Command('healthy', (
        'check', 'image', 'secure', '--stamp', '-f', 'json')),
    'agent': Command('published', program=AGENT),
    'agent in a changed cloud': Command('changed', program=AGENT),
    'upgrade check': Command('synced', program=UPGRADE),
}
