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

# The module of the endpoint: the two functions, and nothing else to call.
# It lies in a folder HvSched of a folder of $env:PSModulePath that only
# administrators may write to.
@{
    ModuleVersion = '1.0.0'
    GUID = '1d3f3c0e-5a0b-4b0e-9a4e-6a1f4f0c7d21'
    Author = 'hv_sched'
    Description = 'What hv_sched reads of a failover cluster and its nodes'
    PowerShellVersion = '4.0'
    RootModule = 'HvSched.psm1'
    FunctionsToExport = @('Get-HvSchedCluster', 'Get-HvSchedNode')
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
