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

# The same answers as a file, for a scheduled task that runs as SYSTEM: no
# account of hv_sched is needed on the node. The file is written whole and
# then moved to its place, in UTF-8 without a byte order mark.
$target = 'C:\ProgramData\hv_sched\facts.json'
$draft = $target + '.new'
$lines = @(Get-HvSchedCluster) + @(Get-HvSchedNode -Guarded -Files)
$encoding = New-Object -TypeName Text.UTF8Encoding -ArgumentList $false
[IO.File]::WriteAllText($draft, ($lines -join "`r`n"), $encoding)
Move-Item -LiteralPath $draft -Destination $target -Force
