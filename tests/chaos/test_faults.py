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

"""Every command and a pass of the agent, each with a fault on its way.

After each: the exit code and the message are right, no share is lost or
doubled and nothing is opened meanwhile, and the same command again ends as
if nothing had happened.

``make test`` takes a sample. With the mark ``faults`` each fault meets each
kind of write, and a larger sample the reads. A fault is at the first or the
last request of its kind, once or from there on: the seed says which, and
``HV_SCHED_FAULTS_SEED`` another seed.
"""

import os

import pytest

from tests.chaos import commands
from tests.chaos import experiment
from tests.functional import base

SEED = os.environ.get('HV_SCHED_FAULTS_SEED', '1')
SAMPLE = 6
READS = 24


@pytest.fixture
def lab(request, tmp_path, monkeypatch):
    """The cloud on which a command works."""
    monkeypatch.chdir(tmp_path)
    with base.running_placement() as placement, experiment.Lab(
            placement, commands.COMMANDS[request.param], tmp_path) as made:
        yield made


def assert_nothing_is_wrong(lab, injections, record_property):
    wrong = {}
    for injection in injections:
        verdict = experiment.judge(lab, injection)
        record_property('fault', verdict.outcome)
        if verdict.wrong:
            wrong[str(injection)] = verdict.wrong
    assert not wrong, (f'{len(wrong)} of {len(injections)} '
                       f'(seed {SEED}): {wrong}')


@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_what_was_done_is_done_again_without_an_error(lab):
    again = lab.repeated
    assert again.code in (0, lab.undisturbed.code), again
    assert again.end == lab.undisturbed.end
    assert again.written == lab.undisturbed.written


@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_a_fault_loses_nothing_and_is_told(lab, record_property):
    assert_nothing_is_wrong(lab, experiment.sampled(
        experiment.injections(lab), SAMPLE, SEED), record_property)


@pytest.mark.faults
@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_every_fault_of_a_write_loses_nothing_and_is_told(
        lab, record_property):
    pairs = experiment.injections(lab)
    reads = [pair for pair in pairs if not pair.site.is_write]
    assert_nothing_is_wrong(lab, [
        *experiment.each_at_writes(pairs, SEED),
        *experiment.sampled(reads, READS, SEED)], record_property)
