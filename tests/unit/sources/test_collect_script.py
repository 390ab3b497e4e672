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

"""collect.ps1 is a script of PowerShell 4 that only reads.

No Windows runs here: the script is parsed, and each command, member and type
in it must be on a list that was written from Microsoft's documentation of the
FailoverClusters, Hyper-V, HgsClient and ServerManager modules.
"""

from importlib import resources

import pytest

from tests.windows import powershell

# What each command answers, as far as the script may read it.
_PARTITION = {'Name': {}, 'Size': {}, 'FreeSpace': {}, 'FileSystem': {}}
_SHARED_VOLUME_INFO = {
    'FriendlyVolumeName': {}, 'FaultState': {}, 'MaintenanceMode': {},
    'RedirectedAccess': {}, 'Partition': _PARTITION}
_OWNER = {'Name': {}}
_ANSWERS: dict[str, powershell.Members] = {
    'Get-Cluster': {'Id': {}, 'Name': {}, 'ClusterFunctionalLevel': {},
                    'SharedVolumesRoot': {}},
    'Get-ClusterNode': {'Name': {}, 'BuildNumber': {}, 'State': {},
                        'DrainStatus': {}, 'StatusInformation': {}},
    'Get-ClusterSharedVolume': {
        'Id': {}, 'Name': {}, 'State': {}, 'OwnerNode': _OWNER,
        'SharedVolumeInfo': _SHARED_VOLUME_INFO},
    'Get-ClusterSharedVolumeState': {
        'Node': {}, 'VolumeName': {}, 'StateInfo': {},
        'FileSystemRedirectedIOReason': {}, 'BlockRedirectedIOReason': {}},
    'Get-ClusterGroup': {'Name': {}, 'GroupType': {}, 'OwnerNode': _OWNER,
                         'State': {}},
    'Win32_Processor': {'Manufacturer': {}},
    'Win32_OperatingSystem': {'BuildNumber': {}},
    'Win32_Service': {'PathName': {}},
    'Get-WindowsFeature': {'Name': {}, 'InstallState': {}},
    'Get-VMSan': {'Name': {}},
    'Get-VMRemoteFXPhysicalVideoAdapter': {
        'Name': {}, 'Enabled': {}, 'TotalVideoMemory': {},
        'AvailableVideoMemory': {}},
    'Get-HgsClientConfiguration': {'IsHostGuarded': {},
                                   'AttestationStatus': {}},
}
# Of variables that hold an object of .NET.
_FOLDER = {'Name': {}, 'GetDirectories': {}, 'GetFiles': {},
           'EnumerateFiles': {}}
_OBJECTS: dict[str, powershell.Members] = {
    '$clock': {'ElapsedMilliseconds': {}},
    '$failure': {'FullyQualifiedErrorId': {}, 'CategoryInfo': {
        'Category': {}}, 'Exception': {
            'HResult': {}, 'Message': {},
            'GetBaseException': {}}},
    '$base': {'HResult': {}},
    '$shared': {'Count': {}},
    '$match': {'Groups': {'Value': {}}},
    '$root': {'Attributes': {}, 'GetDirectories': {}},
    '$parent': _FOLDER, '$folder': _FOLDER,
    '$image': {'Name': {}, 'Length': {},
               'LastWriteTimeUtc': {'ToString': {}}}, '$file': {'Length': {}},
    '$info': _SHARED_VOLUME_INFO, '$partition': _PARTITION,
}
_STATIC = {
    '[Diagnostics.Stopwatch]': {'StartNew'},
    '[Globalization.CultureInfo]': {'InvariantCulture'},
    '[Environment]': {'MachineName'},
    '[DateTime]': {'UtcNow'},
    '[regex]': {'Matches'},
    '[IO.File]': {'ReadAllLines'},
    '[IO.FileAttributes]': {'ReparsePoint'},
}
_HARMLESS = {'Import-Module', 'ConvertTo-Json', 'New-Object'}


@pytest.fixture(scope='module')
def text():
    return resources.files('hv_sched.sources.windows').joinpath(
        'collect.ps1').read_text('ascii')


def _faults(text):
    return powershell.Script(text).faults(
        powershell.Allowed(_ANSWERS, _OBJECTS, _STATIC, _HARMLESS))


def test_the_script_uses_only_what_is_on_the_lists(text):
    assert _faults(text) == []


def test_each_answer_on_the_list_is_read(text):
    script = powershell.Script(text)
    assert set(_ANSWERS) == set(script.answers())


@pytest.mark.parametrize('before, after', (
    ("'groups' {", "'groups' "),
    ("'volumes' {", "'volumes {"),
    ('@(& $Body)', '@(& $Body'),
    ('Get-ClusterGroup)', 'Get-ClusterGrop)'),
    ('Get-ClusterGroup)', 'Stop-ClusterGroup x)'),
    ('$base.HResult', '$base.HRes'),
    ('GetBaseException()', 'GetBase()'),
    ('$node.BuildNumber', '$node.BuildNumbr'),
    ('$volume.OwnerNode.Name', '$volume.OwnerNod.Name'),
    ('$volume.OwnerNode.Name', '$volume.OwnerNode.Nam'),
    ('$partition.FreeSpace', '$partition.FreeSpac'),
    ('Win32_Processor', 'Win32_Procesor'),
    ('[IO.File]::ReadAllLines', '[IO.File]::Delete'),
    ('[IO.File]::ReadAllLines', '[IO.Fle]::ReadAllLines'),
    ('$root.GetDirectories()', '$root.Delete()'),
    ('$row\n', '$info ? 1 : 2\n'),
    ('[string]$volume.Id', '[string]($volume.Id ?? "")'),
    ('& $Body', '& $Name'),
    ('Import-Module FailoverClusters', 'Invoke-Expression $Name'),
    ("Name = 'nova-compute'", "Name = '$Name'"),
    ("'Multipath-IO'", '$Name'),
), ids=lambda value: value.strip())
def test_a_slip_or_a_change_in_the_script_is_noticed(text, before, after):
    assert before in text
    assert _faults(text.replace(before, after, 1))


def test_the_script_is_ascii_and_asks_for_no_parameter_but_switches(text):
    functions = powershell.Script(text).functions
    assert functions['Get-HvSchedCluster'] == []
    assert functions['Get-HvSchedNode'] == ['[switch]$Guarded',
                                            '[switch]$Files']
