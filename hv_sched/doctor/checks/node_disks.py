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

"""The disk of a node itself, which is the volume seen from that node."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.node_capacity import NodeCapacity


def _open(evidence: DoctorEvidence) -> Iterator[NodeCapacity]:
    for node in evidence.placement.capacities.values():
        if node.amount(names.DISK_GB).capacity >= 1:
            yield node


def ratio_undone(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """It was closed, for the former ratio is remembered; now it is open."""
    for node in _open(evidence):
        if disk_ratio.remembers_former(node.traits):
            yield Symptom(node.name, f'its own disk offers '
                          f'{node.amount(names.DISK_GB).capacity} GB again '
                          'although hv_sched had closed it')


def ratio_configured(evidence: DoctorEvidence) -> Iterator[Symptom]:
    assert evidence.compute_conf is not None
    ratio = evidence.compute_conf.disk_allocation_ratio
    if ratio is not None:
        yield Symptom('--compute-conf',
                      f'[DEFAULT]disk_allocation_ratio = {ratio:g}')


def node_open(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for node in _open(evidence):
        if not disk_ratio.remembers_former(node.traits):
            yield Symptom(node.name, f'its own disk offers '
                          f'{node.amount(names.DISK_GB).capacity} GB beside '
                          'the volume')


def shares_on_nodes(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for node in evidence.placement.capacities.values():
        disk = node.amount(names.DISK_GB)
        if disk.used:
            yield Symptom(node.name, f'servers hold {disk.used} GB of its own '
                          f'disk, of which {disk.capacity} GB are offered')


CHECKS = (
    Check('ratio-undone', Severity.ERROR,
          'A node\'s own disk is open again: disk_allocation_ratio in its '
          'nova.conf undoes the closing at every periodic task, and the '
          'volume is offered twice.',
          'Remove [DEFAULT]disk_allocation_ratio from nova.conf on that '
          'node, restart nova-compute, then run "csv sync".', ratio_undone),
    Check('ratio-configured', Severity.ERROR,
          'A compute node\'s nova.conf sets disk_allocation_ratio, which '
          'overrides the value in Placement and undoes the closing of its '
          'disk.',
          'Remove [DEFAULT]disk_allocation_ratio; initial_disk_allocation_'
          'ratio does no harm.', ratio_configured, ('compute_conf',)),
    Check('node-open', Severity.ERROR,
          'A node of a published cluster offers its own disk, which is the '
          'volume a second time.', 'Run "csv sync".', node_open),
    Check('shares-on-node', Severity.WARNING,
          'Servers hold shares of a node\'s own disk: the volume does not '
          'count them, and on Placement before 14 (2025.2) such a server '
          'cannot move once the disk is closed.',
          'Run "csv adopt" for the cluster.', shares_on_nodes),
)
