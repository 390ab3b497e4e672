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

# The same answers as files, for a scheduled task that runs as SYSTEM: no
# account of hv_sched is needed on the node. A file is written whole and
# then moved to its place, in UTF-8 without a byte order mark; what fails
# ends the script before the move.
$ErrorActionPreference = 'Stop'

function Write-HvSchedFile {
    param([string]$Target, [string[]]$Lines)
    $draft = $Target + '.new'
    $encoding = New-Object -TypeName Text.UTF8Encoding -ArgumentList $false
    [IO.File]::WriteAllText($draft, (($Lines -join "`r`n") + "`r`n"), $encoding)
    Move-Item -LiteralPath $draft -Destination $Target -Force
}

$folder = 'C:\ProgramData\hv_sched\'
$name = [Environment]::MachineName
Write-HvSchedFile ($folder + $name + '.json') (@(Get-HvSchedCluster) + @(Get-HvSchedNode))
# What is slow, or starts an attestation, is asked every 15 minutes. A file
# that is not there was written in 1601; one of the future counts as old.
$slow = $folder + $name + '-slow.json'
$age = [DateTime]::UtcNow - [IO.File]::GetLastWriteTimeUtc($slow)
if ([Math]::Abs($age.TotalMinutes) -ge 15) {
    Write-HvSchedFile $slow @(Get-HvSchedNode -Guarded -Files)
}
