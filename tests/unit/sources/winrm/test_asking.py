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

"""Questions run side by side, and a node that hangs costs only itself."""

import threading

import pytest

from hv_sched import exception
from hv_sched.sources.winrm import asking


def test_no_more_than_the_bound_are_asked_at_a_time():
    lock, running, most = threading.Lock(), set(), []

    def question(name):
        def ask():
            with lock:
                running.add(name)
                most.append(len(running))
            with lock:
                running.discard(name)
            return name
        return ask

    names = [f'hv{number:02}' for number in range(64)]
    answers = asking.Asking(3).ask(
        {name: question(name) for name in names}, 600)
    assert answers == {name: name for name in names}
    assert max(most) <= 3


def test_questions_do_run_side_by_side():
    meeting = threading.Barrier(2, timeout=600)

    def ask():
        meeting.wait()
        return 'met'
    assert asking.Asking(2).ask({'a': ask, 'b': ask}, 600) == {
        'a': 'met', 'b': 'met'}


def test_a_node_that_hangs_costs_its_own_answer_and_is_not_asked_twice():
    release, asked = threading.Event(), []

    def hang():
        asked.append('a')
        release.wait(600)
        return 'late'
    questions = asking.Asking(4)
    answers = questions.ask({'a': hang, 'b': lambda: 'here'}, 0.2)
    assert answers['b'] == 'here'
    assert 'no answer within 0.2 seconds' in str(answers['a'])
    again = questions.ask({'a': hang, 'b': lambda: 'here'}, 600)
    assert 'has not ended' in str(again['a'])
    assert asked == ['a']
    release.set()


@pytest.mark.parametrize('raised, words', (
    (exception.SourceUnavailable('node a: away'), 'node a: away'),
    (exception.InvalidConfig('secret: mode 0644'), 'mode 0644'),
    (ZeroDivisionError('x'), 'ZeroDivisionError'),
))
def test_what_a_question_raises_is_its_answer(raised, words):
    def ask():
        raise raised
    answer = asking.Asking(1).ask({'a': ask}, 600)['a']
    assert isinstance(answer, exception.HvSchedError)
    assert words in str(answer)


def test_where_one_is_enough_the_others_have_a_grace(monkeypatch):
    monkeypatch.setattr(asking, 'GRACE_SECONDS', 0.2)
    release = threading.Event()

    def hang():
        release.wait(600)

    def away():
        raise exception.SourceUnavailable('node b: away')
    answers = asking.Asking(4).ask(
        {'a': hang, 'b': away, 'c': lambda: 'here'}, 600, one_is_enough=True)
    assert answers['c'] == 'here'
    assert 'away' in str(answers['b'])
    assert isinstance(answers['a'], exception.SourceUnavailable)
    release.set()


def test_what_is_asked_is_named():
    release = threading.Event()
    answers = asking.Asking(1, 'cluster').ask(
        {'HV': lambda: release.wait(600)}, 0.1)
    assert str(answers['HV']).startswith('cluster HV: no answer within')
    release.set()
