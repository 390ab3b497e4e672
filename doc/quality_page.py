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

"""Makes the page of how well servers are placed.

``python -m benchmarks.placement_quality --output doc/quality.json`` writes
what the page is made of.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import json
import pathlib
from typing import Any

from doc import bar_chart
from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/quality.rst'
RECORD = HERE / 'quality.json'
OURS = 'hv_sched'
OTHERS = {'stock': 'Nova alone', 'sharing': "Nova's weighers"}
TITLES = {**OTHERS, OURS: OURS, 'bound': 'bound'}

INTRODUCTION = """\
============================
How well servers are placed
============================

.. This page is written by python -m doc.generate.

One trace is placed three times on the same cloud: a cluster of 16 nodes with
four volumes of 8,000 GB, each the home of four nodes. Scheduler manager,
filters, weighers and Placement are the real ones; nodes are records.

* *Nova alone*: each node reports its volume as a disk of its own.
* *Nova's weighers*: the volumes are published as sharing providers, as
  hv_sched publishes them; filters and weighers are Nova's.
* *hv_sched*: ``nova.conf`` as in the README.
* *bound*: computed; one node and one volume as large as all together. Nobody
  can place more before the first refusal. It has no node to keep free and no
  volume to fetch an image twice.

Sizes, lifetimes and deployments follow what Microsoft published of all of
Azure's virtual machines in 2019 beside its `public trace`_ (plots of
"AzurePublicDatasetV2", read off to half a per cent; the workload is that of
E. Cortez et al., *Resource Central*, SOSP 2017). Disks are 50 GB a core, as
the local disk of Azure's `D series`_. Assumed, for want of figures: Poisson
arrivals, servers of a deployment alike and at most ten, 4 % of deployments
for the two nodes with shielding and 10 % for the four with nested
virtualization, twenty images of which the n-th is asked for 1/n as often as
the first. At hour 0 four fifths of the disk are asked for by servers that
live on; {hours:.0f} hours of arrivals then ask for a fifth more than there
is. Trace, seeds and policies were committed before the first run
(``benchmarks/trace.py``, ``benchmarks/placement_quality.py``).

Kind to Nova: every nova-compute reports what is free on its volume before
each request, as if all disks were full. No request names an availability
zone, for which Nova alone finds no sharing provider at all. Kind to hv_sched:
no facts are stale, and cached images are published a minute after they were
fetched.

A request is placed or refused as a whole. A refusal is *false* while nodes
and volumes have room for it as they are. Seeds {seeds}; sums over them, of
the imbalances means. Commit {commit}, {machine}.

.. _public trace: https://github.com/Azure/AzurePublicDataset
.. _D series:
   https://azure.microsoft.com/blog/d-series-performance-expectations/

"""


@dataclasses.dataclass(frozen=True)
class Measure:
    """A row: how it is called, and whether more of it is better.

    :param is_mean: not summed over the seeds
    :param reasons: why ours may be the worse one, by the other policy; none
        where none is known
    """

    name: str
    title: str
    more_is_better: bool = False
    is_mean: bool = False
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)


_NOT_THERE = {'stock': 'Nova alone gives the same space away several times; '
              'see the GB over-booked'}
_LED = ('plain servers keep off the nodes with a feature, and the servers of '
        'one request are led to one node of a volume that lacks their image')


MEASURES = (
    Measure('gb_before_wrong',
            'GB placed before the first false refusal or over-booked GB',
            more_is_better=True),
    Measure('gb_before_false_refusal',
            'GB placed before the first false refusal', more_is_better=True),
    Measure('gb_before_refusal', 'GB placed before the first refusal',
            more_is_better=True, reasons=_NOT_THERE),
    Measure('placed_gb', 'GB placed in all', more_is_better=True,
            reasons={**_NOT_THERE, 'sharing': 'in a full cloud what is '
                     'refused depends on what was taken before: compare the '
                     'bound, which takes whatever it has room for'}),
    Measure('falsely_refused_gb', 'GB falsely refused'),
    Measure('over_booked_gb', 'GB over-booked at the worst'),
    Measure('over_booked_gb_hours', 'GB hours over-booked'),
    Measure('kept_off_by_plain', 'requests for a feature refused for plain '
            'servers on capable nodes'),
    Measure('feature_requests_placed', 'requests for a feature placed',
            more_is_better=True, reasons=_NOT_THERE),
    Measure('image_fetches', 'image fetches'),
    Measure('volume_imbalance', 'imbalance of volumes', is_mean=True),
    Measure('memory_imbalance', 'imbalance of memory', is_mean=True,
            reasons={'stock': _LED, 'sharing': _LED}))


class Record:
    """:param record: what the benchmark wrote"""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._runs = {(run['policy'], run['seed']): run
                      for run in record['runs']}
        self.seeds = sorted(set.intersection(*(
            {seed for name, seed in self._runs if name == policy}
            for policy in TITLES)))

    def value(self, policy: str, measure: Measure) -> float:
        """What never happened came after all that was placed."""
        values = []
        for seed in self.seeds:
            run = self._runs[policy, seed]
            value = run[measure.name]
            values.append(run['placed_gb'] if value is None else value)
        total = float(sum(values))
        return total / len(values) if measure.is_mean else total

    def is_never(self, policy: str, measure: Measure) -> bool:
        """Whether it happened with no seed."""
        return all(self._runs[policy, seed][measure.name] is None
                   for seed in self.seeds)


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(kept: Mapping[str, Any]) -> str:
    """The page for these figures."""
    record = Record(kept)
    losses, gains = [], []
    for other in OTHERS:
        for measure in MEASURES:
            row = _compared(record, measure, other)
            if row is not None:
                (losses if row[0] else gains).append(row[1])
    return INTRODUCTION.format(
        hours=kept['hours'], commit=kept['commit'], machine=kept['machine'],
        seeds=', '.join(map(str, record.seeds))) + '\n'.join((
            *rst.title('Where hv_sched is worse'), *_comparison(losses),
            *rst.title('Where it is better'), *_comparison(gains),
            *rst.title('All figures'), *_all(record),
            *_charts(record))) + '\n'


def _compared(record: Record, measure: Measure, other: str
              ) -> tuple[bool, tuple[str, ...]] | None:
    """Whether ours is worse, and the row; None where both are the same."""
    ours, theirs = (record.value(policy, measure)
                    for policy in (OURS, other))
    if ours == theirs or all(record.is_never(policy, measure)
                             for policy in (OURS, other)):
        return None
    is_worse = (ours < theirs) == measure.more_is_better
    ratio = f'{ours / theirs:.2f}' if theirs else '–'
    return is_worse, (
        measure.title, OTHERS[other], ratio, _shown(ours), _shown(theirs),
        measure.reasons.get(other, '–') if is_worse else '')


def _comparison(rows: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    found = list(rows)
    if not found:
        return ('Nowhere, with these seeds.', '')
    heading = ['Measure', 'Against', 'Ratio', 'hv_sched', 'Other']
    has_reasons = any(row[5] for row in found)
    return rst.table(
        [*heading, 'Why'] if has_reasons else heading,
        (row if has_reasons else row[:5] for row in found))


def _all(record: Record) -> tuple[str, ...]:
    return rst.table(('Measure', *TITLES.values()), (
        (measure.title, *(_cell(record, measure, policy)
                          for policy in TITLES)) for measure in MEASURES))


def _cell(record: Record, measure: Measure, policy: str) -> str:
    return _shown(record.value(policy, measure)) + (
        ' (never)' if record.is_never(policy, measure) else '')


def _charts(record: Record) -> Iterable[str]:
    for measure in MEASURES:
        yield from bar_chart.bars(
            measure.title, {title: record.value(policy, measure)
                            for policy, title in TITLES.items()},
            {title: _cell(record, measure, policy)
             for policy, title in TITLES.items()})


def _shown(value: float) -> str:
    return f'{value:,.2f}' if value < 10 and value % 1 else f'{value:,.0f}'
