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

"""Makes reference/roles.rst of what users with each set of roles could do.

``make cloud-test`` writes ``.cloud-test/roles.json``; copied to
``doc/roles.json`` it is what the page is made of.
"""

from collections.abc import Mapping
import json
import pathlib

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/roles.rst'
RECORD = HERE / 'roles.json'

INTRODUCTION = """\
=========================
What each role is able to
=========================

.. This page is written by python -m doc.generate.

These commands were typed by a user with these roles in the project
``service``, on a cloud with one server of another project, with Keystone's,
Placement's and Glance's own defaults and the ``policy.yaml`` of
``examples/nova`` (``make cloud-test``). The role ``hv_sched`` is the one that
file names; see :doc:`../agent`.

That ``csv adopt``, ``csv heal`` and ``csv retire`` write as ``service +
hv_sched``, and that other roles leave all of Placement as it is, is tried with
Nova and Placement in one process (``tests/nova/test_roles.py``).

*works*: all of it. *in part*: it says what it could not see, and ends with an
exit code of its own. *refused*: an error with its remedy and exit code 1;
Placement stands as before.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Mapping[str, str]]) -> str:
    """The page for what came of each command, by set of roles."""
    sets = list(next(iter(record.values())))
    return INTRODUCTION + '\n'.join(rst.table(
        ('Command', *sets),
        ((f'``{_short(command)}``', *(came_of[each] for each in sets))
         for command, came_of in record.items())))


def _short(command: str) -> str:
    return command.removeprefix('openstack resource provider ')
