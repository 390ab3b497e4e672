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

"""A recorder that shows one status, and what a scrape of it says."""

from prometheus_client import parser

from hv_sched.status import recorder
from hv_sched.status.model import Status


class FixedRecorder(recorder.Recorder):
    """:param status: what it shows"""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self._fixed = status

    def status(self) -> Status:
        return self._fixed


Samples = dict[tuple[object, ...], float]


def parsed(text: str) -> Samples:
    """The samples of a scrape, as Prometheus' own parser has them."""
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples}


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sample with exactly these labels."""
    return samples[(name, *sorted(labels.items()))]
