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

"""Lists of nodes or volumes that could not be collected.

Where the section says why, the cluster is not left alone: it has no such
list then, what refers to it is not known, and the rest is in force.
"""

from typing import Any

NODES, VOLUMES = KINDS = ('nodes', 'volumes')
# What makes no sense without the list.
_OF_NODES = {'volumes': ('cut_off_nodes', 'redirected_nodes', 'silent_nodes',
                         'owner_node'),
             'vms': ('owner_node',)}
_OF_VOLUMES = {'vms': ('disks',)}


def failure(cluster: Any, kind: str) -> str:
    """Why a list could not be collected.

    :param cluster: its description, of any type
    :param kind: ``nodes`` or ``volumes``
    :returns: empty when it could, or nobody says why it is missing
    """
    if not isinstance(cluster, dict) or cluster.get(kind) not in (None, []):
        return ''
    sections = cluster.get('sections')
    report = sections.get(kind) if isinstance(sections, dict) else None
    error = report.get('error') if isinstance(report, dict) else None
    return error if isinstance(error, str) else ''


def settle(cluster: Any) -> None:
    """Take out of a description what refers to a list that failed."""
    for kind, fields in ((NODES, _OF_NODES), (VOLUMES, _OF_VOLUMES)):
        if failure(cluster, kind):
            cluster.pop(kind, None)
            for owner, names in fields.items():
                _drop(cluster.get(owner), names)


def _drop(items: Any, names: tuple[str, ...]) -> None:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            for name in names:
                item.pop(name, None)
