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

"""``openstack resource provider csv`` in this process, and a source for it."""

import contextlib
import io

from openstackclient import shell

from tests.functional import cloud as clouds

SOURCE = f'''
version: 1
clusters:
- name: hvc1
  guid: {clouds.CLUSTER_GUID}
  nodes:
  - {{name: hv01, build: 14393}}
  - {{name: hv02, build: 14393}}
  volumes:
  - {{name: Volume1, guid: {clouds.guid(1)}, size_gb: 500, free_gb: 410}}
'''


def run_csv(endpoint, *args):
    """Exit code, standard output and standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = shell.OpenStackShell().run([
            '--os-auth-type', 'admin_token', '--os-token', 'admin',
            '--os-endpoint', endpoint,
            'resource', 'provider', 'csv', *args])
    return code, out.getvalue(), err.getvalue()
