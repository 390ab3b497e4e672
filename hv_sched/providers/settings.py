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

"""What an operator decided about publishing, as one value.

The pure core takes this instead of an oslo.config object.
"""

from collections.abc import Iterable
import dataclasses
from typing import Any

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.placement import names

# What an operator may ask for by name, and what it does.
ALLOW_KINDS = {
    'open': "a node's own disk opens although the source left it out",
    'withdraw': 'an unused volume the source left out goes',
    'replace': 'a new disk takes the place of an unused old one',
    'shrink': 'a volume may become smaller than what is allocated on it',
    'size': 'a volume grows although its nodes report another size',
}
ANY = '*'


@dataclasses.dataclass(frozen=True)
class Allow:
    """Surprising steps that were asked for by name: ``--allow KIND:NAME``.

    :param permissions: kinds with names of nodes, clusters or volumes, or ANY
    """

    permissions: frozenset[tuple[str, str]] = frozenset()

    def covers(self, kind: str, name: str) -> bool:
        """Whether a step was asked for.

        A volume is named with or without ``csv:``, a cluster's name stands
        for all of its volumes, and Windows names ignore case.
        """
        plain = _plain(name)
        cluster = plain.partition('/')[0]
        return any(allowed == kind and (
            text == ANY or _plain(text) in (plain, cluster))
            for allowed, text in self.permissions)


NOTHING_ALLOWED = Allow()


def _plain(name: str) -> str:
    return windows_names.key(names.plain_volume_name(name))


def allow_of(texts: Iterable[str]) -> Allow:
    """What ``--allow`` was given, each ``KIND:NAME``.

    :raises InvalidConfig: there is no such kind, or no name
    """
    permissions = set()
    for text in texts:
        kind, colon, name = text.partition(':')
        if kind not in ALLOW_KINDS or not name.strip():
            raise exception.InvalidConfig(
                f'--allow {text}: write KIND:NAME, where KIND is one of '
                f'{", ".join(ALLOW_KINDS)} and NAME that of the node or '
                'volume')
        permissions.add((kind, name.strip()))
    return Allow(frozenset(permissions))


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of ``hv_sched.conf.publish``; see their help there.

    :param clusters: names of those to plan for; none: all of the source
    """

    initial_csv_allocation_ratio: float = 1.0
    csv_allocation_ratio: float | None = None
    reserved_step_gb: int = 8
    low_space_percent: int = 10
    low_space_gb: int = 0
    floor_percent: int = 5
    floor_gb: int = 0
    floor_hysteresis_percent: int = 1
    max_image_traits: int = 100
    nodes_per_home_trait: int | None = None
    debounce_passes: int = 2
    stale_after: int = 3600
    workers: int = 8
    conflict_retries: int = 5
    allow: Allow = Allow()
    clusters: tuple[str, ...] = ()


def from_conf(conf: Any, allow: Allow | None = None,
              clusters: Iterable[str] = ()) -> Settings:
    """Settings from a ConfigOpts that ``hv_sched.conf`` registered on."""
    group = conf.hv_sched
    # Read for oslo.config's warning alone: it permits nothing any more.
    _ = group.max_withdraw_percent
    values = {field.name: getattr(group, field.name)
              for field in dataclasses.fields(Settings)
              if field.name not in ('allow', 'clusters')}
    return Settings(**values, allow=allow or Allow(),
                    clusters=tuple(clusters))
