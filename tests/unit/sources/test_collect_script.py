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
import os
import pathlib
import shutil
import subprocess

import pytest

from hv_sched.sources.windows import document
from hv_sched.sources.windows import package
from hv_sched.sources.windows import raw
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
    '$parent': {**_FOLDER, 'Attributes': {}}, '$folder': _FOLDER,
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
    '[IO.FileAttributes]': {'ReparsePoint', 'System'},
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


def test_the_task_writes_nothing_but_its_two_files():
    task = package.task()
    assert powershell.Script(task).faults(powershell.Allowed(
        _ANSWERS, {**_OBJECTS, '$age': {'TotalMinutes': {}}},
        {**_STATIC, '[Math]': {'Abs'}, '[IO.File]': {
            'ReadAllLines', 'WriteAllText', 'GetLastWriteTimeUtc'}},
        {*_HARMLESS, 'Move-Item'})) == []
    own = task.removeprefix(package.functions())
    assert own.count("'C:\\") == 1


def test_what_fails_in_the_task_leaves_the_former_file():
    """An exception of .NET does not end a script by itself."""
    own = package.task().removeprefix(package.functions())
    assert own.index("$ErrorActionPreference = 'Stop'") < own.index(
        'WriteAllText') < own.index('Move-Item')


def test_the_task_starts_no_attestation_each_time_it_runs():
    own = package.task().removeprefix(package.functions())
    before, slow = own.split('-ge 15')
    assert '-Guarded' not in before and '-Files' not in before
    assert 'Get-HvSchedNode -Guarded -Files' in slow


def test_folders_of_the_system_are_not_looked_into(text):
    """Each volume has one that only SYSTEM may list."""
    folders = text.split('$root.GetDirectories()')[1]
    assert folders.index('[IO.FileAttributes]::System') < folders.index(
        'Measure-HvSchedFolder')


def test_files_of_a_volume_without_a_partition_are_not_asked(text):
    assert '($null -ne $info.Partition) { Get-HvSchedFolder' in text


STUBS = pathlib.Path(powershell.__file__).with_name('stubs.ps1')


def test_the_stubs_stand_for_each_command_the_script_asks(text):
    stubs = STUBS.read_text('ascii')
    functions = powershell.Script(stubs).functions
    assert not [fault for fault in powershell.Script(stubs).faults(
        powershell.Allowed({}, {}, {}, set())) if 'syntax' in fault]
    # The class names are Get-CimInstance's; this build has no RemoteFX.
    asked = {name for name in _ANSWERS if name.startswith('Get-')} - {
        'Get-VMRemoteFXPhysicalVideoAdapter'}
    assert asked | {'Get-CimInstance', 'Import-Module'} == set(functions)


@pytest.mark.skipif(shutil.which('pwsh') is None, reason=(
    'PowerShell 7 is not installed: no pwsh on the PATH'))
def test_the_script_runs_under_powershell(tmp_path):
    """On stubs: what PowerShell makes of enumerations, numbers, errors."""
    (tmp_path / 'disk' / 'instances' / 'instance-0000001a').mkdir(
        parents=True)
    (tmp_path / 'disk' / 'instances' / 'instance-0000001a' / 'root.vhdx'
     ).write_bytes(b'12345')
    (tmp_path / 'Volume1').symlink_to(tmp_path / 'disk')
    (tmp_path / 'nova.conf').write_text(
        '[database]\nconnection = secret\n[DEFAULT]\n'
        'instances_path = C:\\ClusterStorage\\Volume1\\instances\n'
        '[hyperv]\nenable_remotefx = True\n')
    (tmp_path / 'run.ps1').write_text(
        STUBS.read_text('ascii') + package.script())
    ran = subprocess.run(
        ['pwsh', '-NoProfile', '-File', str(tmp_path / 'run.ps1')],
        env={**os.environ, 'HV_SCHED_FOLDER': str(tmp_path)}, check=True,
        capture_output=True, text=True, timeout=120)
    assert 'secret' not in ran.stdout
    answers = raw.answers(ran.stdout)
    assert [(answer.part, answer.is_complete) for answer in answers] == [
        ('cluster', True), ('node', True)]
    assert set(answers[0].failures) == set()
    assert answers[1].failures.keys() == {'guarded', 'remotefx'}
    [cluster] = document.document(answers)['clusters']
    node, paused = cluster['nodes']
    volume, offline = cluster['volumes']
    assert (node['state'], paused['state']) == ('up', 'draining')
    assert node['home'] == 'C:\\ClusterStorage\\Volume1\\instances'
    assert volume['size_bytes'] == 2 ** 64 - 1
    assert volume['free_bytes'] == 2 ** 53 + 1
    assert volume['file_system'] == 'refs'
    assert volume['redirected_nodes'] == [node['name']]
    assert (offline['state'], 'guid' in offline) == ('offline', False)
