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

"""What a scheduler's nova.conf must say."""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from oslo_config import cfg

from hv_sched.conf import plugins
from hv_sched.conf.plugins import ALL_FILTERS
from hv_sched.conf.plugins import ALL_WEIGHERS
from hv_sched.conf.plugins import FEATURE_FILTER
from hv_sched.conf.plugins import VOLUME_FILTER
from hv_sched.doctor.checks.volumes import listed
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity

_NOVA_WEIGHERS = 'nova.scheduler.weights.all_weighers'
_NOVA_FILTERS = 'nova.scheduler.filters.all_filters'
_OURS = {plugin.name for plugin in plugins.FILTERS}
_DISK_WEIGHER = 'nova.scheduler.weights.disk.DiskWeigher'
SWITCHES = ('scheduler_enabled', 'request_filter_features',
            'request_filter_moves', 'request_filter_disk_group',
            'request_filter_closed')


def _conf(evidence: DoctorEvidence) -> cfg.ConfigOpts:
    assert evidence.nova_conf is not None
    return evidence.nova_conf


def _group(evidence: DoctorEvidence) -> Any:
    return _conf(evidence).filter_scheduler


def filter_missing(evidence: DoctorEvidence) -> Iterator[Symptom]:
    group = _group(evidence)
    if VOLUME_FILTER not in group.enabled_filters:
        yield Symptom('enabled_filters', f'has no {VOLUME_FILTER}')
    elif not any(path.startswith('hv_sched.filters')
                 for path in group.available_filters):
        yield Symptom('available_filters', f'has no {ALL_FILTERS}, so '
                      'nova-scheduler does not start')


def plugins_not_loaded(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """What Nova's loaders do not find ends nova-scheduler at its start
    (nova/scheduler/host_manager.py, nova/loadables.py).
    """
    group = _group(evidence)
    for path in group.available_filters:
        if ',' in path:
            yield Symptom('available_filters', f'{path!r} is read as one '
                          'name: write a line for each')
        elif _is_unknown(path, ALL_FILTERS, plugins.FILTERS):
            yield Symptom('available_filters',
                          f'{path} is no filter of hv_sched')
    for path in group.weight_classes:
        if _is_unknown(path, ALL_WEIGHERS, plugins.WEIGHERS):
            yield Symptom('weight_classes', f'{path} is no weigher of '
                          'hv_sched')
    yield from _without_novas(group)


def _is_unknown(path: str, all_of_them: str,
                known: Iterable[plugins.Plugin]) -> bool:
    return path.startswith('hv_sched.') and path != all_of_them and (
        path not in {f'{plugin.module}.{plugin.name}' for plugin in known})


def _without_novas(group: Any) -> Iterator[Symptom]:
    """Filters of others that ours alone cannot be; a third one's list could
    have them.
    """
    missing = set(group.enabled_filters) - _OURS
    if missing and all(path.startswith('hv_sched.')
                       for path in group.available_filters):
        yield Symptom('available_filters', f'has no {_NOVA_FILTERS}, '
                      f'where {listed(tuple(sorted(missing)))} would be')


def filter_order(evidence: DoctorEvidence) -> Iterator[Symptom]:
    enabled = _group(evidence).enabled_filters
    if VOLUME_FILTER in enabled and enabled[-1] != VOLUME_FILTER:
        after = enabled[enabled.index(VOLUME_FILTER) + 1:]
        yield Symptom('enabled_filters', f'{", ".join(after)} after '
                      f'{VOLUME_FILTER}')


def feature_filter_missing(evidence: DoctorEvidence) -> Iterator[Symptom]:
    if FEATURE_FILTER not in _group(evidence).enabled_filters:
        yield Symptom('enabled_filters', f'has no {FEATURE_FILTER}')


def weighers_missing(evidence: DoctorEvidence) -> Iterator[Symptom]:
    classes = _group(evidence).weight_classes
    if not any(path.startswith('hv_sched.weighers') for path in classes):
        yield Symptom('weight_classes', f'has no {ALL_WEIGHERS}')


def disk_weigher(evidence: DoctorEvidence) -> Iterator[Symptom]:
    group = _group(evidence)
    if group.disk_weight_multiplier and (
            {_NOVA_WEIGHERS, _DISK_WEIGHER} & set(group.weight_classes)):
        yield Symptom('disk_weight_multiplier',
                      f'is {group.disk_weight_multiplier:g}')


def request_filter_off(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for name in SWITCHES:
        if not _conf(evidence).hv_sched[name]:
            yield Symptom(f'[hv_sched]{name}', 'is off')


def placement_timeout(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """The plug-ins read Placement through Nova's own client."""
    if not _conf(evidence).placement.timeout:
        yield Symptom('[placement]timeout', 'is not set')


_NEEDS = ('nova_conf',)
def several(evidence: DoctorEvidence) -> Iterator[Symptom]:
    assert evidence.nova is not None
    hosts = evidence.nova.schedulers
    if len(hosts) > 1:
        yield Symptom('nova-scheduler', f'it runs on {listed(hosts)}, and one '
                      'nova.conf was checked')


CHECKS = (
    Check('filter-missing', Severity.ERROR,
          f'{VOLUME_FILTER} is not there: request filters are not '
          'installed, moves are charged twice, volumes are chosen blindly.',
          f'Set [filter_scheduler]available_filters = {ALL_FILTERS} besides '
          f'Nova\'s and put {VOLUME_FILTER} at the end of enabled_filters.',
          filter_missing, _NEEDS),
    Check('plugins-not-loaded', Severity.ERROR,
          'A filter or weigher is named that nova-scheduler cannot load: it '
          'does not start.',
          f'Write available_filters = {_NOVA_FILTERS} and available_filters '
          f'= {ALL_FILTERS} on lines of their own, and {ALL_WEIGHERS} in '
          'weight_classes.', plugins_not_loaded, _NEEDS),
    Check('filter-order', Severity.ERROR,
          f'A filter after {VOLUME_FILTER} drops hosts when the share of '
          'a move was already handed over: a move that finds no host '
          'leaves it in escrow.',
          f'Put {VOLUME_FILTER} at the end of '
          '[filter_scheduler]enabled_filters.', filter_order, _NEEDS),
    Check('feature-filter-missing', Severity.WARNING,
          f'{FEATURE_FILTER} is not there: nothing checks a rebuild, for '
          'which Nova asks Placement nothing.',
          f'Add {FEATURE_FILTER} to [filter_scheduler]enabled_filters, '
          f'before {VOLUME_FILTER}.', feature_filter_missing, _NEEDS),
    Check('weighers-missing', Severity.WARNING,
          'The weighers that know volumes are not there: hosts on a full '
          'volume weigh as much as those on an empty one.',
          f'Add {ALL_WEIGHERS} to [filter_scheduler]weight_classes.',
          weighers_missing, _NEEDS),
    Check('disk-weigher', Severity.WARNING,
          'DiskWeigher weighs the nodes\' own disks, which all show the '
          'same volume, and works against the volume\'s weigher.',
          'Set [filter_scheduler]disk_weight_multiplier = 0.0.',
          disk_weigher, _NEEDS),
    Check('request-filter-off', Severity.WARNING,
          'A request filter of hv_sched is off, or with scheduler_enabled all '
          'of hv_sched in nova-scheduler; the option says what is lost.',
          'Remove the option unless that is meant.',
          request_filter_off, _NEEDS),
    Check('placement-timeout', Severity.INFO,
          'nova-scheduler, and hv_sched in it, waits indefinitely for a '
          'Placement that accepts a connection and never answers.',
          'Set [placement]timeout in nova.conf, to 60 for example. Before '
          'nova 34 openstacksdk waits twice as long.',
          placement_timeout, _NEEDS),
    Check('schedulers-several', Severity.INFO,
          'A nova-scheduler without the plug-ins finds no volume where a '
          'request names a host or a zone, and charges moves twice while they '
          'last.',
          'Run the doctor with the nova.conf of each of these hosts.',
          several, (*_NEEDS, 'nova')),
)
