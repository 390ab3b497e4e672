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

"""The table of all that an audit can find, from its codes."""

from collections.abc import Iterator
import pathlib

from hv_sched import finding_codes
from hv_sched.audit import findings

PAGE = pathlib.Path(__file__).parent / 'source/reference/findings.rst'
_HEAD = '''\
.. This page is written by python -m doc.generate.

.. list-table::
   :header-rows: 1
   :widths: 16 42 32 10

   * - finding
     - what is wrong
     - what ``csv heal`` does
     - agent
'''


def _rows() -> Iterator[str]:
    for code, meaning in findings.MEANINGS.items():
        yield (f'   * - ``{code.value}``\n     - {meaning.cause}\n'
               f'     - {meaning.remedy}\n'
               f'     - {"may" if code in findings.SAFE else "never"}\n')


_NOTICES = '''
Notices of a plan, a sync and hv-sched-agent have codes, too; ``csv plan`` and
``csv sync`` show them in the column *From* of their ``!`` lines. These codes,
those above and those of the doctor's checks may be listed in
``[hv_sched]ignore_findings`` (:ref:`ignore-findings`).

.. list-table::
   :header-rows: 1
   :widths: 30 70

   * - code
     - meaning
'''


def _notices() -> Iterator[str]:
    for codes in (finding_codes.NOTICES, finding_codes.SOURCE):
        for code, meaning in codes.items():
            yield f'   * - ``{code}``\n     - {meaning}\n'


def page() -> str:
    return _HEAD + ''.join(_rows()) + _NOTICES + ''.join(_notices())

