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

"""What a nova.conf says, read with oslo.config as Nova reads it.

Only the options that bear on hv_sched, with Nova's own names and defaults;
nova itself need not be there.
"""

from collections.abc import Iterable
import os

from oslo_config import cfg

from hv_sched import conf as options
from hv_sched import exception

_NOVA: dict[str, tuple[cfg.Opt, ...]] = {
    'DEFAULT': (cfg.FloatOpt('disk_allocation_ratio', min=0.0),),
    'scheduler': (
        cfg.IntOpt('max_placement_results', default=1000, min=1),
        cfg.BoolOpt('limit_tenants_to_placement_aggregate', default=False),
        cfg.BoolOpt('enable_isolated_aggregate_filtering', default=False),
        cfg.BoolOpt('query_placement_for_image_type_support', default=False),
        cfg.BoolOpt('image_metadata_prefilter', default=False),
        cfg.BoolOpt('query_placement_for_routed_network_aggregates',
                    default=False)),
    'placement': (cfg.IntOpt('timeout'),),
    'filter_scheduler': (
        cfg.MultiStrOpt('available_filters',
                        default=['nova.scheduler.filters.all_filters']),
        cfg.ListOpt('enabled_filters', default=[
            'ComputeFilter', 'ComputeCapabilitiesFilter',
            'ImagePropertiesFilter', 'ServerGroupAntiAffinityFilter',
            'ServerGroupAffinityFilter']),
        cfg.ListOpt('weight_classes',
                    default=['nova.scheduler.weights.all_weighers']),
        cfg.FloatOpt('disk_weight_multiplier', default=1.0)),
}
_PLACEMENT: dict[str, tuple[cfg.Opt, ...]] = {
    'placement': (
        cfg.IntOpt('allocation_conflict_retry_count', default=10),
        cfg.StrOpt('allocation_candidates_generation_strategy',
                   default='depth-first')),
}
# Request filters of Nova's that are off unless these are set.
NOVA_REQUEST_FILTERS = (
    'limit_tenants_to_placement_aggregate',
    'enable_isolated_aggregate_filtering',
    'query_placement_for_image_type_support', 'image_metadata_prefilter',
    'query_placement_for_routed_network_aggregates')


def read_nova(paths: Iterable[str]) -> cfg.ConfigOpts:
    """nova.conf with [hv_sched]; files or folders, later ones win.

    :raises InvalidConfig: a path that is not there, or no configuration
    """
    conf = _read(paths, _NOVA, 'nova')
    _check(conf, options.GROUP, options.list_opts()[0][1])
    return conf


def read_placement(paths: Iterable[str]) -> cfg.ConfigOpts:
    """placement.conf; see ``read_nova``."""
    return _read(paths, _PLACEMENT, 'placement')


def defaults() -> cfg.ConfigOpts:
    """Nova's options where no nova.conf is given."""
    return read_nova(())


def _read(paths: Iterable[str], groups: dict[str, tuple[cfg.Opt, ...]],
          project: str) -> cfg.ConfigOpts:
    readable = list(paths)
    for path in readable:
        _check_readable(path)
    conf = cfg.ConfigOpts()
    for group, opts in groups.items():
        conf.register_opts(
            opts, group=None if group == 'DEFAULT' else group)
    options.register_opts(conf)
    try:
        conf([], project=project,
             default_config_files=[
                 path for path in readable if not os.path.isdir(path)],
             default_config_dirs=[
                 path for path in readable if os.path.isdir(path)])
        for group, opts in groups.items():
            _check(conf, group, opts)
    except cfg.Error as exc:
        raise exception.InvalidConfig(
            f'{", ".join(readable)}: {exc}') from exc
    return conf


def _check_readable(path: str) -> None:
    """:raises InvalidConfig: nothing can be read there"""
    files = options.files_in(path) if os.path.isdir(path) else [path]
    if not files:
        raise exception.InvalidConfig(
            f'{path}: the folder has no *.conf file, so it says nothing')
    for file in files:
        options.check_file(file)


def _check(conf: cfg.ConfigOpts, group: str, opts: Iterable[cfg.Opt]
           ) -> None:
    """oslo.config tells of a bad value only when it is asked for it."""
    section = conf if group == 'DEFAULT' else conf[group]
    try:
        for option in opts:
            options.read(section, option, group)
    except ValueError as exc:
        raise exception.InvalidConfig(f'[{group}]: {exc}') from exc
