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


# Stands for the modules of Windows where PowerShell 7 runs without them: the
# enumerations have the numbers of FailoverClusters, assembly 2.0.0.0.
# $env:HV_SCHED_FOLDER has nova.conf, and Volume1, a link to a folder.

Add-Type -TypeDefinition @'
using System;
public enum ClusterNodeState { Unknown = -1, Up = 0, Down = 1, Paused = 2, Joining = 3 }
public enum NodeDrainStatus { NotInitiated = 0, InProgress = 1, Completed = 2, Failed = 3 }
[Flags] public enum NodeStatusInformation { Normal = 0, Isolated = 1, Quarantined = 2, DrainInProgress = 4 }
public enum ClusterResourceState { Online = 2, Offline = 3, Failed = 4 }
[Flags] public enum SharedVolumeFaultState { NoFaults = 0, NoDirectIO = 1, NoAccess = 2, InMaintenance = 4 }
public enum SharedVolumeStateInfo { Unavailable = 0, Paused = 1, Direct = 2, FileSystemRedirected = 3, BlockRedirected = 4 }
[Flags] public enum FileSystemRedirectedIOReason { NotFileSystemRedirected = 0, UserRequest = 1, FileSystemReFs = 32 }
[Flags] public enum BlockRedirectedIOReason { NotBlockRedirected = 0, NoDiskConnectivity = 1 }
public enum ClusterGroupType { Cluster = 1, VirtualMachine = 111 }
'@

$folder = $env:HV_SCHED_FOLDER
$machine = [Environment]::MachineName
$partition = '\\?\Volume{3b7c5c1e-0d11-4f5a-9e01-a0a0a0a0a001}\'

function Import-Module { }
function Get-Cluster {
    [pscustomobject]@{ Id = '5f4a1d52-6e0c-4f57-8f5e-0d2c5a0b9a01'; Name = 'HVLAB'; ClusterFunctionalLevel = [int]10; SharedVolumesRoot = 'C:\ClusterStorage' }
}
function Get-ClusterNode {
    [pscustomobject]@{ Name = $machine; BuildNumber = [uint32]17763; State = [ClusterNodeState]::Up; DrainStatus = [NodeDrainStatus]::NotInitiated; StatusInformation = [NodeStatusInformation]::Normal }
    [pscustomobject]@{ Name = 'HV02'; BuildNumber = [uint32]17763; State = [ClusterNodeState]::Paused; DrainStatus = [NodeDrainStatus]::InProgress; StatusInformation = [NodeStatusInformation]'Isolated, Quarantined' }
}
function Get-ClusterSharedVolume {
    $owner = [pscustomobject]@{ Name = $machine }
    [pscustomobject]@{
        Id = 'c1d0a0b0-0000-4000-8000-000000000001'; Name = 'Cluster Disk 1'; State = [ClusterResourceState]::Online; OwnerNode = $owner
        SharedVolumeInfo = @([pscustomobject]@{
            FriendlyVolumeName = "$folder/Volume1"; FaultState = [SharedVolumeFaultState]::NoFaults; MaintenanceMode = $false; RedirectedAccess = $false
            Partition = [pscustomobject]@{ Name = $partition; Size = [uint64]18446744073709551615; FreeSpace = [uint64]9007199254740993; FileSystem = 'CSVFS' }
        })
    }
    [pscustomobject]@{ Id = 'c1d0a0b0-0000-4000-8000-000000000002'; Name = 'Cluster Disk 2'; State = [ClusterResourceState]::Offline; OwnerNode = $owner; SharedVolumeInfo = @() }
}
function Get-ClusterSharedVolumeState {
    [pscustomobject]@{ Node = $machine; VolumeName = $partition; StateInfo = [SharedVolumeStateInfo]::FileSystemRedirected; FileSystemRedirectedIOReason = [FileSystemRedirectedIOReason]33; BlockRedirectedIOReason = [BlockRedirectedIOReason]::NotBlockRedirected }
}
function Get-ClusterGroup {
    [pscustomobject]@{ Name = 'instance-0000001a'; GroupType = [ClusterGroupType]::VirtualMachine; OwnerNode = [pscustomobject]@{ Name = $machine }; State = 0 }
}
function Get-CimInstance {
    param($ClassName, $Filter)
    if ($ClassName -eq 'Win32_Processor') { [pscustomobject]@{ Manufacturer = 'GenuineIntel' } }
    if ($ClassName -eq 'Win32_OperatingSystem') { [pscustomobject]@{ BuildNumber = '17763' } }
    if ($ClassName -eq 'Win32_Service') { [pscustomobject]@{ PathName = "nova-compute --config-file $folder/nova.conf" } }
}
function Get-WindowsFeature {
    param($Name)
    foreach ($each in $Name) { [pscustomobject]@{ Name = $each; InstallState = 'Available' } }
}
function Get-VMSan { }
function Get-HgsClientConfiguration { throw 'no right to it' }
