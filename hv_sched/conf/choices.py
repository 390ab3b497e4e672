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

"""What options may be set to, where other rooms need the same list.

It stands at the bottom so that an option's choices and the code that acts on
them cannot differ. Adding a form of files is a line of ``FILE_TYPES`` and a
module ``hv_sched.sources.<type>``.
"""

# By type, what it reads; see hv_sched.sources.source.Source.
FILE_TYPES = {
    'static': 'YAML written by hand',
    'json': 'JSON written by a collector, or the lines of csv collect '
            '--print-task',
}
# The clusters themselves; the source is a file that says how to reach them.
WINRM = 'winrm'
# A file that names the output of ceph, rbd and statvfs.
CEPH = 'ceph'
SOURCE_TYPES = {
    **FILE_TYPES,
    WINRM: 'the nodes themselves, over PowerShell Remoting',
    CEPH: 'YAML that names files with the output of ceph, rbd and statvfs',
}
# The type of each file is told from the ending of its name.
AUTO = 'auto'

# compute-hyperv block_device_manager.py, _TYPE_FOR_DISK_FORMAT.
DISK_FORMATS = ('vhd', 'vhdx', 'iso')

# Codes of an audit that the agent may be allowed to heal.
SAFE_AUDIT_CODES = (
    'missing', 'lost', 'wrong-node', 'closed-node', 'evacuated', 'held',
    'missing-source')
