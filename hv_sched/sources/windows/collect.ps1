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

# Reads what hv_sched has to know of a failover cluster and of a Hyper-V
# node. It changes nothing. It only reads, casts and prints: what an answer
# means is decided on the controller.
#
# Each section is one line of JSON and carries its own rows or its own
# error. Numbers are text, so that uint64 stays exact and no culture can
# touch it; enumerations are their names. Names are never used as part of a
# command. Windows PowerShell 4 and 5.1 (PowerShell 7 loads FailoverClusters
# through a compatibility session that loses SharedVolumeInfo).

function Write-HvSchedSection {
    param([string]$Name, [scriptblock]$Body)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $line = [ordered]@{ section = $Name }
    try {
        $line['rows'] = @(& $Body)
    } catch {
        $failure = $_
        # What .NET raised: PowerShell wraps it in an error of its own.
        $base = $failure.Exception.GetBaseException()
        $line['error'] = [ordered]@{
            id = [string]$failure.FullyQualifiedErrorId
            category = [string]$failure.CategoryInfo.Category
            hresult = ConvertTo-HvSchedNumber $failure.Exception.HResult
            base_hresult = ConvertTo-HvSchedNumber $base.HResult
            text = [string]$failure.Exception.Message
        }
    }
    $line['ms'] = ConvertTo-HvSchedNumber $clock.ElapsedMilliseconds
    ConvertTo-Json -InputObject $line -Depth 4 -Compress
}

function ConvertTo-HvSchedNumber {
    param($Value)
    if ($null -ne $Value) {
        ([decimal]$Value).ToString([Globalization.CultureInfo]::InvariantCulture)
    }
}

function Write-HvSchedBegin {
    param([string]$Part)
    Write-HvSchedSection 'begin' {
        [ordered]@{
            format = '1'
            part = $Part
            node = [Environment]::MachineName
            ps = [string]$PSVersionTable['PSVersion']
            utc = [DateTime]::UtcNow.ToString('o')
        }
    }
}

function Write-HvSchedEnd {
    param([string]$Part)
    ConvertTo-Json -InputObject ([ordered]@{ section = 'end'; part = $Part }) -Compress
}

# What any live node knows of its whole cluster.
function Get-HvSchedCluster {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $WarningPreference = 'SilentlyContinue'
    Write-HvSchedBegin 'cluster'
    Write-HvSchedSection 'cluster' {
        Import-Module FailoverClusters
        $cluster = Get-Cluster
        [ordered]@{
            id = [string]$cluster.Id
            name = [string]$cluster.Name
            functional_level = ConvertTo-HvSchedNumber $cluster.ClusterFunctionalLevel
            root = [string]$cluster.SharedVolumesRoot
        }
    }
    Write-HvSchedSection 'nodes' {
        foreach ($node in Get-ClusterNode) {
            [ordered]@{
                name = [string]$node.Name
                build = ConvertTo-HvSchedNumber $node.BuildNumber
                state = [string]$node.State
                drain = [string]$node.DrainStatus
                information = [string]$node.StatusInformation
            }
        }
    }
    Write-HvSchedSection 'volumes' {
        foreach ($volume in Get-ClusterSharedVolume) {
            # A disk may hold two volumes; one that is offline shows none.
            $shared = @($volume.SharedVolumeInfo)
            if ($shared.Count -eq 0) { $shared = @($null) }
            foreach ($info in $shared) {
                $row = [ordered]@{
                    resource = [string]$volume.Id
                    name = [string]$volume.Name
                    state = [string]$volume.State
                    owner = [string]$volume.OwnerNode.Name
                }
                if ($null -ne $info) {
                    $row['path'] = [string]$info.FriendlyVolumeName
                    $row['fault'] = [string]$info.FaultState
                    $row['maintenance'] = [string]$info.MaintenanceMode
                    $row['redirected'] = [string]$info.RedirectedAccess
                    $partition = $info.Partition
                    if ($null -ne $partition) {
                        $row['volume'] = [string]$partition.Name
                        $row['size'] = ConvertTo-HvSchedNumber $partition.Size
                        $row['free'] = ConvertTo-HvSchedNumber $partition.FreeSpace
                        $row['file_system'] = [string]$partition.FileSystem
                    }
                }
                $row
            }
        }
    }
    # This control code needs write access to the cluster: without it the
    # section is an error, and what it would tell is not known.
    Write-HvSchedSection 'volume_states' {
        foreach ($state in Get-ClusterSharedVolumeState) {
            [ordered]@{
                node = [string]$state.Node
                volume = [string]$state.VolumeName
                state = [string]$state.StateInfo
                file_reason = [string]$state.FileSystemRedirectedIOReason
                block_reason = [string]$state.BlockRedirectedIOReason
            }
        }
    }
    Write-HvSchedSection 'groups' {
        foreach ($group in Get-ClusterGroup) {
            [ordered]@{
                name = [string]$group.Name
                type = [string]$group.GroupType
                owner = [string]$group.OwnerNode.Name
                state = [string]$group.State
            }
        }
    }
    Write-HvSchedEnd 'cluster'
}

# What only a node itself knows. The switches are for what is slow, or not
# free: asking for the guarded state starts an attestation.
function Get-HvSchedNode {
    param([switch]$Guarded, [switch]$Files)
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $WarningPreference = 'SilentlyContinue'
    Write-HvSchedBegin 'node'
    Write-HvSchedSection 'host' {
        $processor = @(Get-CimInstance -ClassName Win32_Processor)[0]
        $system = Get-CimInstance -ClassName Win32_OperatingSystem
        [ordered]@{
            build = [string]$system.BuildNumber
            cpu_vendor = [string]$processor.Manufacturer
        }
    }
    Write-HvSchedSection 'features' {
        foreach ($feature in Get-WindowsFeature -Name 'RDS-Virtualization', 'Multipath-IO') {
            [ordered]@{
                name = [string]$feature.Name
                state = [string]$feature.InstallState
            }
        }
    }
    Write-HvSchedSection 'fibre_channel' {
        foreach ($san in Get-VMSan) {
            [ordered]@{ name = [string]$san.Name }
        }
    }
    Write-HvSchedSection 'remotefx' {
        foreach ($adapter in Get-VMRemoteFXPhysicalVideoAdapter) {
            [ordered]@{
                name = [string]$adapter.Name
                enabled = [string]$adapter.Enabled
                total = ConvertTo-HvSchedNumber $adapter.TotalVideoMemory
                available = ConvertTo-HvSchedNumber $adapter.AvailableVideoMemory
            }
        }
    }
    # Two values of nova.conf, which holds passwords, too: nothing else of
    # it leaves the node.
    Write-HvSchedSection 'conf' {
        foreach ($service in Get-CimInstance -ClassName Win32_Service -Filter "Name = 'nova-compute'") {
            $pattern = '--config-file[ =]+(?:"([^"]+)"|(\S+))'
            foreach ($match in [regex]::Matches([string]$service.PathName, $pattern)) {
                $file = $match.Groups[1].Value + $match.Groups[2].Value
                $group = 'DEFAULT'
                foreach ($text in [IO.File]::ReadAllLines($file)) {
                    if ($text -match '^\s*\[\s*([^\]]+?)\s*\]') {
                        $group = $Matches[1]
                    } elseif ($text -match '^(instances_path|enable_remotefx)\s*[=:]\s*(.*?)\s*$') {
                        [ordered]@{ group = $group; name = $Matches[1]; value = $Matches[2] }
                    }
                }
            }
        }
    }
    if ($Guarded) {
        Write-HvSchedSection 'guarded' {
            $client = Get-HgsClientConfiguration
            [ordered]@{
                guarded = [string]$client.IsHostGuarded
                attestation = [string]$client.AttestationStatus
            }
        }
    }
    if ($Files) {
        # Each volume is read by the node that owns it: its disk is local
        # there, and no volume is read twice.
        Write-HvSchedSection 'files' {
            Import-Module FailoverClusters
            foreach ($volume in Get-ClusterSharedVolume) {
                if ($volume.OwnerNode.Name -eq [Environment]::MachineName) {
                    foreach ($info in @($volume.SharedVolumeInfo)) {
                        # One that is offline or has failed shows none.
                        if ($null -ne $info.Partition) { Get-HvSchedFolder $info }
                    }
                }
            }
        }
    }
    Write-HvSchedEnd 'node'
}

# Bytes of each folder that may be a server's, at most two below the path of
# the volume, and of each file of an image cache (_base). Lengths only: no
# file is opened.
function Get-HvSchedFolder {
    param($Info)
    $root = New-Object -TypeName IO.DirectoryInfo -ArgumentList ([string]$Info.FriendlyVolumeName)
    # In maintenance the path is a plain folder of drive C:.
    $mounted = ($root.Attributes -band [IO.FileAttributes]::ReparsePoint) -ne 0
    $name = [string]$Info.Partition.Name
    [ordered]@{ volume = $name; mounted = [string]$mounted }
    if ($mounted) {
        foreach ($parent in $root.GetDirectories()) {
            # "System Volume Information" and the like belong to no server,
            # and even an administrator may not look into them.
            if (($parent.Attributes -band [IO.FileAttributes]::System) -ne 0) { continue }
            [ordered]@{
                volume = $name
                parent = $parent.Name
                bytes = Measure-HvSchedFolder $parent 'TopDirectoryOnly'
            }
            foreach ($folder in $parent.GetDirectories()) {
                if ($folder.Name -eq '_base') {
                    foreach ($image in $folder.GetFiles()) {
                        [ordered]@{
                            volume = $name
                            parent = $parent.Name
                            image = $image.Name
                            written = $image.LastWriteTimeUtc.ToString('o')
                            bytes = ConvertTo-HvSchedNumber $image.Length
                        }
                    }
                } else {
                    [ordered]@{
                        volume = $name
                        parent = $parent.Name
                        folder = $folder.Name
                        bytes = Measure-HvSchedFolder $folder 'AllDirectories'
                    }
                }
            }
        }
    }
}

function Measure-HvSchedFolder {
    param($Folder, [IO.SearchOption]$Depth)
    $bytes = [decimal]0
    foreach ($file in $Folder.EnumerateFiles('*', $Depth)) {
        $bytes += $file.Length
    }
    ConvertTo-HvSchedNumber $bytes
}
