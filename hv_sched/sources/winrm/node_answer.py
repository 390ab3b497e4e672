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

"""What one node answered, as far as it can be believed. Pure."""

from collections.abc import Iterable
from collections.abc import Iterator

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.windows import document
from hv_sched.sources.windows import raw
from hv_sched.sources.windows import terms
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.winrm.access import Access

# What NetBIOS keeps of a name, and so Environment.MachineName.
_NETBIOS_LENGTH = 15


def own_answer(host: str, text: str | exception.HvSchedError, part: str
               ) -> Answer:
    """The answer of a node about itself, as it is dated there.

    :param host: the name it was asked by
    :param text: what it printed, or why it printed nothing
    :param part: ``cluster`` or ``node``
    :raises HvSchedError: it is none
    """
    if isinstance(text, exception.HvSchedError):
        raise text
    try:
        parsed = [each for each in raw.answers(text) if each.part == part]
    except exception.InvalidFacts as exc:
        raise exception.SourceUnavailable(f'node {host}: {exc}') from exc
    if len(parsed) != 1:
        raise exception.SourceUnavailable(
            f'node {host}: its output is not that of the collector')
    if not is_name_of(parsed[0].node, host):
        raise exception.SourceUnavailable(
            f'node {host}: node {naming.shown(parsed[0].node)} answers '
            'instead of it: correct the name or its address')
    return parsed[0]


def cluster_guid(host: str, answer: Answer, access: Access,
                 pinned: str | None) -> str:
    """The GUID of the cluster a node is of.

    :param pinned: the one it must be, None while none is known
    :raises SourceUnavailable: it does not say it, or is of another cluster
    """
    guid = document.guid_of(answer)
    if guid is None:
        failure = answer.failures.get('cluster')
        raise exception.SourceUnavailable(
            f'node {host}: it does not say which cluster it is of: '
            + (failure.text if failure else 'no GUID'))
    if pinned not in (None, guid):
        raise exception.SourceUnavailable(
            f'node {host}: it is a node of the cluster with GUID {guid}, '
            f'not of {access.name} with {pinned}: take it out of '
            '"nodes", or correct "guid"')
    return guid


def node_states(answer: Answer) -> dict[str, str | None]:
    """The state of each node a cluster lists, by the key of its name."""
    return {windows_names.key(row['name'] or ''): terms.node_state(
        row.get('state'), row.get('drain'), row.get('information'))
        for row in answer.rows.get('nodes', ()) if row.get('name')}


def hosts(access: Access, names: Iterable[str]
          ) -> Iterator[tuple[str, str]]:
    """Nodes with the host names they are asked at.

    One whose name is not in the file is asked in the domain of the first
    that is.
    """
    by_label = {_label(host): host for host in access.nodes
                if not is_address(host)}
    _, _, domain = next(iter(by_label.values()), '').partition('.')
    for name in names:
        label = _label(name)
        yield name, by_label.get(label) or (
            f'{label}.{domain}' if domain else label)


def is_name_of(answered: str, host: str) -> bool:
    """Whether a node that was asked by a host name is the one that answered.

    An address says nothing of a name, so it is believed.
    """
    if is_address(host):
        return True
    return (windows_names.key(answered)[:_NETBIOS_LENGTH]
            == windows_names.key(_label(host))[:_NETBIOS_LENGTH])


def is_address(host: str) -> bool:
    return host.replace('.', '').isdigit()


def _label(name: str) -> str:
    return name.partition('.')[0].lower()
