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

"""The table of all metrics, from the collector."""

from collections.abc import Iterator
import pathlib

from hv_sched.status import metrics
from hv_sched.status import recorder

PAGE = pathlib.Path(__file__).parent / 'source/reference/metrics.rst'
_HEAD = '''\
.. This page is written by python -m doc.generate.

=======
Metrics
=======

What ``hv-sched-agent`` answers at ``/metrics`` (:doc:`../status`). Sizes are
in bytes, times in seconds. What nobody told has no sample: a volume whose
physical free space is not known has none of that kind.

.. list-table::
   :header-rows: 1
   :widths: 38 22 40

   * - metric
     - labels
     - meaning
'''


def _rows() -> Iterator[str]:
    collector = metrics.StatusCollector(recorder.Recorder(), '')
    for family in collector.collect():
        name = (f'{family.name}_total' if family.type == 'counter'
                else family.name)
        labels = ', '.join(
            f'``{label}``'
            for label in getattr(family, '_labelnames', ())) or 'none'
        yield (f'   * - ``{name}``\n     - {labels}\n'
               f'     - {family.documentation}\n')


def page() -> str:
    return _HEAD + ''.join(_rows())
