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

"""Each fault of Placement at each request the plug-ins of Nova make there.

Nothing but RequestFilterFailed leaves a request filter, nothing but
NoValidHost a filter, nothing a weigher. No share is lost or doubled. A
scheduler that has read the volumes offers nothing that it does not offer
undisturbed; one that never could offers what Nova without us does.
"""

import pytest

from tests import fault_record
from tests.chaos import edge
from tests.chaos import scheduling
from tests.chaos import verdict
from tests.functional import base

pytestmark = pytest.mark.wide

SAMPLE = 6
TABLE = 'Requests to nova-scheduler'


@pytest.fixture
def scheduler(request):
    with base.running_placement() as placement, scheduling.Scheduler(
            placement, request.param) as made:
        made.name = request.param
        yield made


def wrong_with(scheduler, injection, knows):
    """An outcome, and what must not be."""
    served = scheduler.serve(injection, knows)
    wrong = [*served.wrong, *scheduler.bounds.faults(served.end)]
    if not scheduler.edge.faults:
        return 'not reached', wrong
    undisturbed = scheduler.undisturbed
    more = served.offer - undisturbed.offer
    if more and (knows and not injection.fault.is_credible(injection.site)
                 or more - scheduler.stock):
        wrong.append(f'offered: {sorted(more)}')
    if (served.refused, served.offer) == (
            undisturbed.refused, undisturbed.offer):
        return 'as undisturbed', wrong
    if served.refused:
        return 'refused', wrong
    return 'as Nova without us' if more else 'fewer candidates', wrong


def assert_nothing_is_wrong(scheduler, injections, record_property,
                            is_sample):
    sites = [site for site in scheduler.sites if site.method != edge.ANY]
    counts = fault_record.Counts(
        scheduler.name, len(sites),
        sum(scheduler.sites[site] for site in sites),
        2 * verdict.space(scheduler), TABLE)
    found = {}
    for injection in injections:
        for knows in (True, False):
            outcome, wrong = wrong_with(scheduler, injection, knows)
            counts.add(injection.fault.name,
                       fault_record.VIOLATION if wrong else outcome)
            if wrong:
                found[str(injection), knows] = wrong
    counts.note(record_property, is_sample)
    assert not found, found


each_request = pytest.mark.parametrize(
    'scheduler', scheduling.REQUESTS, indirect=True)


@each_request
def test_a_closed_volume_is_not_offered(scheduler):
    """Of what the faults are compared with."""
    if scheduler.name.startswith('create'):
        assert scheduler.undisturbed.offer < scheduler.stock
    assert not scheduler.undisturbed.refused


@each_request
def test_a_fault_of_placement_stays_in_the_plug_ins(
        scheduler, record_property):
    assert_nothing_is_wrong(scheduler, verdict.sampled(
        verdict.injections(scheduler), SAMPLE, fault_record.seed()),
        record_property, is_sample=True)


@pytest.mark.faults
@each_request
def test_every_fault_of_placement_stays_in_the_plug_ins(
        scheduler, record_property):
    assert_nothing_is_wrong(scheduler, verdict.each_at_sites(
        verdict.injections(scheduler), fault_record.at_most(),
        fault_record.seed()), record_property, is_sample=False)
