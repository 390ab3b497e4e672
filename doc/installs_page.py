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

"""Makes the page of how long each way to install took.

``make installs`` and ``make cloud-ansible`` write ``doc/installs.json``.
"""

import json
import pathlib

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/installs.rst'
RECORD = HERE / 'installs.json'

INTRODUCTION = """\
===============
Ways to install
===============

.. This page is written by python -m doc.generate.

``make installs`` does each in a new virtual environment with the constraints
of a release, runs ``pip check`` and starts what was installed; ``make
cloud-ansible`` runs the role against a cloud of processes, and ``make
container`` builds the image and lets its agent make a pass. Seconds are those
of the last run, with the time to fetch packages.

"""


def page() -> str:
    """The page for the record that is kept."""
    record = json.loads(RECORD.read_text())
    return INTRODUCTION + '\n'.join(rst.table(
        ('Way', 'Command', 'Seconds', 'Release', 'Version', 'Python',
         'Run on'), (
            (title, f'``{result["command"]}``', str(result['seconds']),
             result['release'], result['version'], result['python'],
             result['date']) for title, result in record.items())))
