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

import threading

import pytest

from hv_sched.agent.events import server_queue


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return server_queue.ServerQueue(3, clock)


def test_many_notifications_of_a_server_are_one_look(queue):
    for server in ('s', 't', 's', 's', 't'):
        queue.add(server)
    assert queue.take(10) == {'s': 1, 't': 1}
    assert len(queue) == 0


def test_the_oldest_are_taken_first(queue, clock):
    for server in 'cba':
        queue.add(server)
        clock.now += 1
    assert list(queue.take(2)) == ['c', 'b']
    assert list(queue.take(2)) == ['a']


def test_a_server_told_of_again_keeps_its_place(queue, clock):
    for server in 'aba':
        queue.add(server)
        clock.now += 1
    assert list(queue.take(1)) == ['a']


def test_what_has_no_place_is_counted_and_forgotten(queue):
    for number in range(1000):
        queue.add(str(number % 10))
    assert len(queue) == 3
    assert queue.take_dropped() == 700
    assert queue.take_dropped() == 0


def test_looks_again_come_later_and_later_and_end(queue, clock):
    queue.add('s')
    waits = []
    while len(queue):
        began = clock.now
        clock.now = queue._entries['s'].due
        waits.append(clock.now - began)
        looks = queue.take(1)
        queue.again(looks, looks)
    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 32]


def test_a_new_notification_starts_again_at_once(queue, clock):
    queue.again(['s'], {'s': 7})
    queue.add('s')
    assert queue.take(1) == {'s': 1}
    queue.add('t')
    queue.again(['t'], {'t': 3})
    assert queue.take(1) == {'t': 1}


def test_looks_again_have_no_more_place_than_others(queue):
    queue.again('abcdef', dict.fromkeys('abcdef', 1))
    assert len(queue) == 3


def test_who_waits_is_woken():
    queue = server_queue.ServerQueue(3)
    taken = []
    thread = threading.Thread(target=lambda: taken.append(queue.take(1)))
    thread.start()
    queue.add('s')
    thread.join(60)
    assert taken == [{'s': 1}]


def test_who_waits_goes_when_it_is_closed():
    queue = server_queue.ServerQueue(3)
    thread = threading.Thread(target=queue.take, args=(1,))
    thread.start()
    queue.close()
    thread.join(60)
    assert not thread.is_alive()
