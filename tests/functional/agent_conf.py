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

"""The configuration file of an agent that works on a Placement under test."""

import pathlib

from tests.functional import base


def write(folder: pathlib.Path, placement: base.Placement,
          **options: str) -> str:
    """Write it with these options of ``[hv_sched]``; its path.

    A test does not wait until a held share has settled.
    """
    path = folder / 'hv_sched.conf'
    lines = ''.join(f'{key} = {value}\n' for key, value in options.items())
    path.write_text(f'''
[hv_sched]
held_settle_time = 0
{lines}
[keystone]
auth_type = admin_token
token = admin
endpoint = {placement.service.endpoint}
''')
    path.chmod(0o600)
    return str(path)
