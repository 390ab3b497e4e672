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

"""The page of how well servers are placed says the losses, too."""

import copy
import json

import pytest

from doc import quality_page


@pytest.fixture
def kept():
    return json.loads(quality_page.RECORD.read_text())


def changed(kept, policy, **figures):
    record = copy.deepcopy(kept)
    for run in record['runs']:
        if run['policy'] == policy:
            run.update(figures)
    return record


def parts(text):
    _before, _title, rest = text.partition('Where hv_sched is worse\n')
    losses, _title, rest = rest.partition('Where it is better\n')
    gains, _title, _rest = rest.partition('All figures\n')
    return losses, gains


def test_a_false_refusal_of_ours_is_a_loss(kept):
    losses, _gains = parts(quality_page.page_of(changed(
        kept, 'hv_sched', falsely_refused_gb=700)))
    assert '* - GB falsely refused\n' in losses


def test_more_is_better_of_what_is_placed_and_worse_of_fetches(kept):
    losses, gains = parts(quality_page.page_of(changed(
        kept, 'hv_sched', placed_gb=1, image_fetches=1)))
    assert '* - GB placed in all\n' in losses
    assert '* - image fetches\n' in gains


def test_what_never_happened_to_either_is_no_difference(kept):
    record = changed(changed(kept, 'hv_sched', gb_before_false_refusal=None),
                     'sharing', gb_before_false_refusal=None)
    losses, gains = parts(quality_page.page_of(record))
    row = "first false refusal\n     - Nova's weighers\n"
    assert row not in losses + gains


def test_nothing_is_over_booked_in_the_record(kept):
    for run in kept['runs']:
        if run['policy'] != 'stock':
            assert (run['over_booked_gb'], run['false_refusals']) == (0, 0)


def test_nobody_passes_the_bound(kept):
    bounds = {run['seed']: run for run in kept['runs']
              if run['policy'] == 'bound'}
    for run in kept['runs']:
        if run['policy'] in ('sharing', 'hv_sched'):
            bound = bounds[run['seed']]['gb_before_refusal']
            assert bound is None or run['gb_before_refusal'] <= bound
