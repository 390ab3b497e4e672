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

"""Makes the page of what a user may do with each set of roles.

``make cloud-test`` writes ``.cloud-test/roles.json``; copied to
``doc/roles.json`` it is what the page is made of.
"""

import json
import pathlib

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/roles.rst'
RECORD = HERE / 'roles.json'

INTRODUCTION = """\
=====================
What each role can do
=====================

.. This page is written by python -m doc.generate.

Tried on a cloud of processes (``make cloud-test``) by users of the project
``service`` with these roles alone: nova-api has ``examples/nova/policy.yaml``,
Keystone, Placement and Glance have their own defaults. *works*: it did all it
is for; *in part*: exit code 4, something could not be read, and it says what;
*refused*: exit code 1, with the reason, and nothing was written. The agent
needs no more than ``service`` and ``hv_sched``.

"""


def page() -> str:
    """The page for the record that is kept."""
    record = json.loads(RECORD.read_text())
    sets = list(dict.fromkeys(each for came_of in record.values()
                              for each in came_of))
    return INTRODUCTION + '\n'.join(rst.table(
        ('', *sets), (
            (title.replace('openstack resource provider csv', 'csv'),
             *(came_of.get(each, '') for each in sets))
            for title, came_of in record.items())))
