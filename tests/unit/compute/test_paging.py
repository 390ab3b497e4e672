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

"""A list whose pages never end is given up, with a reason."""

import itertools

import pytest

from hv_sched import exception
from hv_sched.compute import paging


def test_a_list_that_ends_is_whole():
    assert list(paging.ending(
        range(5), exception.NovaUnavailable, "Nova's pages of /servers")
    ) == [0, 1, 2, 3, 4]


def test_pages_that_always_lead_to_new_ones(monkeypatch):
    """As those of a Glance that makes an image of every request."""
    minutes = itertools.count(0, 60)
    monkeypatch.setattr('time.monotonic', lambda: next(minutes))
    items = paging.ending(itertools.count(), exception.ServiceUnavailable,
                          "Glance's pages of /images")
    with pytest.raises(exception.ServiceUnavailable,
                       match="Glance's pages of /images do not end: they "
                             'were read for 30 minutes'):
        for item in items:
            assert item < 100


def test_pages_that_always_lead_to_new_ones_at_once():
    """Before the minutes are over, memory would be."""
    items = paging.ending(itertools.repeat('item'), exception.NovaUnavailable,
                          "Nova's pages of /servers")
    with pytest.raises(exception.NovaUnavailable,
                       match="Nova's pages of /servers do not end: there "
                             'were more than 2000000 items'):
        for number, _item in enumerate(items, 1):
            assert number <= paging.MOST_ITEMS
