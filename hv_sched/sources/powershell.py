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

"""Recognises what cmdlets of Windows answer, which is no source by itself."""

from typing import Any

# A member that no other of them has.
_CMDLETS = {
    'SharedVolumeInfo': 'Get-ClusterSharedVolume',
    'StateInfo': 'Get-ClusterSharedVolumeState',
    'ClusterFunctionalLevel': 'Get-Cluster',
    'DrainStatus': 'Get-ClusterNode',
    'GroupType': 'Get-ClusterGroup',
    'FileSystemType': 'Get-Volume',
    'VMId': 'Get-VM',
}


def refusal(document: Any) -> str | None:
    """Why a document that is the answer of a cmdlet cannot be used.

    :returns: None when it is none
    """
    cmdlet = _cmdlet(document)
    if cmdlet is None:
        return None
    return (f'is what {cmdlet} | ConvertTo-Json writes, which names neither '
            'the cluster nor all that is needed of it; "openstack resource '
            'provider csv collect" makes a source of a cluster')


def _cmdlet(document: Any) -> str | None:
    if isinstance(document, dict) and isinstance(
            document.get('value'), list) and 'Count' in document:
        document = document['value']
    first = (document[0] if isinstance(document, list) and document
             else document)
    if not isinstance(first, dict) or 'clusters' in first:
        return None
    return next((cmdlet for member, cmdlet in _CMDLETS.items()
                 if member in first), None)

