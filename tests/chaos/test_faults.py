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
call site of each command, at the first or the last request of its kind, once
or from there on: the seed says which, and ``HV_SCHED_FAULTS_SEED`` another
seed. ``HV_SCHED_FAULTS_AT_MOST`` bounds the cases of a command.
"""

import pytest

from tests import fault_record
from tests.chaos import commands
from tests.chaos import edge
from tests.chaos import experiment
from tests.chaos import verdict
from tests.functional import base

pytestmark = pytest.mark.wide

SAMPLE = 4


@pytest.fixture(scope='module')
def lab(request, tmp_path_factory):
    """The cloud on which a command works."""
    folder = tmp_path_factory.mktemp('lab')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with base.running_placement() as placement, experiment.Lab(
                placement, commands.COMMANDS[request.param], folder) as made:
            made.name = request.param
            yield made


def assert_nothing_is_wrong(lab, injections, record_property, is_sample):
    sites = [site for site in lab.sites if site.method != edge.ANY]
    counts = fault_record.Counts(
        lab.name, len(sites), sum(lab.sites[site] for site in sites),
        verdict.space(lab))
    wrong = {}
    for injection in injections:
        judged = verdict.judge(lab, injection)
        counts.add(injection.fault.name, fault_record.VIOLATION
                   if judged.wrong else judged.outcome)
        if judged.wrong:
            wrong[str(injection)] = judged.wrong
    counts.note(record_property, is_sample)
    assert not wrong, (f'{len(wrong)} of {len(injections)} '
                       f'(seed {fault_record.seed()}): {wrong}')


@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_what_was_done_is_done_again_without_an_error(lab):
    again = lab.repeated
    assert again.code in (0, lab.undisturbed.code), again
    assert again.end == lab.undisturbed.end
    assert again.written == lab.undisturbed.written


@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_a_fault_loses_nothing_and_is_told(lab, record_property):
    assert_nothing_is_wrong(lab, verdict.sampled(
        verdict.injections(lab), SAMPLE, fault_record.seed()),
        record_property, is_sample=True)


@pytest.mark.faults
@pytest.mark.parametrize('lab', commands.COMMANDS, indirect=True)
def test_every_fault_at_every_call_site_loses_nothing_and_is_told(
        lab, record_property):
    assert_nothing_is_wrong(lab, verdict.each_at_sites(
        verdict.injections(lab), fault_record.at_most(), fault_record.seed()),
        record_property, is_sample=False)
