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

"""The files for Windows that come with the package."""

from importlib import resources

_PACKAGE = 'hv_sched.sources.windows'
# Both functions, one after the other, for a script that is just run.
_CALLS = '''
Get-HvSchedCluster
Get-HvSchedNode -Guarded -Files
'''
_EXPORT = '''
Export-ModuleMember -Function Get-HvSchedCluster, Get-HvSchedNode
'''


def functions() -> str:
    """The functions, without a call of them."""
    return _text('collect.ps1')


def script() -> str:
    """What prints all answers of the node it runs on."""
    return functions() + _CALLS


def task() -> str:
    """What writes them to a file of the node it runs on."""
    return functions() + '\n' + _text('write_file.ps1')


def jea() -> dict[str, str]:
    """The files of a JEA endpoint: their texts by their paths.

    Just Enough Administration: the account may call the two functions and
    nothing else.
    """
    return {
        'HvSched/HvSched.psd1': _text('jea/HvSched.psd1'),
        'HvSched/HvSched.psm1': functions() + _EXPORT,
        'HvSched/RoleCapabilities/HvSched.psrc': _text('jea/HvSched.psrc'),
        'hv_sched.pssc': _text('jea/hv_sched.pssc'),
    }


def _text(name: str) -> str:
    return resources.files(_PACKAGE).joinpath(name).read_text('ascii')
