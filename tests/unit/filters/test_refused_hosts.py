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

"""What the host filters log of refused hosts, and what ends a request."""

import logging

from nova import exception
from nova import objects
import pytest

from hv_sched.filters import refused_hosts

LOG = logging.getLogger('hv_sched.test')
NAME = 'SharedVolumeFilter'


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


def spec(servers=1):
    return objects.RequestSpec(num_instances=servers)


def levels(caplog, request_spec, *counts):
    """The levels of one line for each count of refused hosts, out of 3."""
    caplog.clear()
    with caplog.at_level('DEBUG'):
        for count in counts:
            refused_hosts.log(LOG, NAME, request_spec, {
                f'h{number}': 'full' for number in range(count)}, 3)
            if count < 3:
                refused_hosts.count(request_spec, NAME)
    return [record.levelname for record in caplog.records]


def test_a_request_is_logged_once(caplog):
    assert levels(caplog, spec(), 1, 1) == ['INFO', 'DEBUG']
    assert levels(caplog, spec(3), 1, 2, 2) == ['INFO', 'DEBUG', 'DEBUG']


def test_what_ends_the_request_is_logged_after_a_part_was(caplog):
    assert levels(caplog, spec(3), 1, 3) == ['INFO', 'INFO']


def test_no_alternate_host_does_not_end_it(caplog):
    assert levels(caplog, spec(), 1, 3) == ['INFO', 'DEBUG']


def test_hosts_with_the_same_reason_are_listed_together(caplog):
    texts = {**{f'h{number:02}': 'full' for number in range(20)},
             'w1': 'closed'}
    with caplog.at_level('INFO'):
        refused_hosts.log(LOG, NAME, spec(), texts, 40)
    assert caplog.messages == [
        'Server None: SharedVolumeFilter refused 21 of 40 hosts: '
        + ', '.join(f'h{number:02}' for number in range(16))
        + ' and 4 more: full; w1: closed']


def test_nothing_is_raised_once_a_server_has_hosts():
    request_spec = spec(2)
    with pytest.raises(exception.NoValidHost, match='Too large'):
        refused_hosts.no_host(request_spec, 'Too large')
    refused_hosts.count(request_spec, 'HyperVFeatureFilter')
    assert refused_hosts.no_host(request_spec, 'Too large') == []
