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

"""Who decided each fact that an operator may decide. Pure."""

from collections.abc import Iterator

from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources.overrides.fields import FIELDS
from hv_sched.sources.overrides.fields import OverrideKind


def of(facts: model.Facts) -> tuple[model.Decision, ...]:
    """All decisions; without overrides they are the source's, or nobody's."""
    return facts.decisions or tuple(
        decision for cluster in facts.clusters
        for decision in _cluster(cluster))


def _cluster(cluster: model.Cluster) -> Iterator[model.Decision]:
    yield from _item(cluster, OverrideKind.CLUSTER, cluster)
    for node in cluster.nodes:
        yield from _item(cluster, OverrideKind.NODE, node)
    for volume in cluster.volumes:
        yield from _item(cluster, OverrideKind.VOLUME, volume)


def _item(cluster: model.Cluster, kind: OverrideKind,
          item: model.Cluster | model.Node | model.Volume
          ) -> Iterator[model.Decision]:
    name = '' if kind is OverrideKind.CLUSTER else item.name
    for field in FIELDS[kind]:
        if hasattr(item, field.name):
            value = getattr(item, field.name)
            yield model.Decision(
                cluster.name, kind.noun, name, field.name, value,
                model.Origin.PLACEMENT if value is None
                else model.Origin.SOURCE)


def about(decisions: tuple[model.Decision, ...], name: str
          ) -> tuple[model.Decision, ...]:
    """Those on the one cluster or node of a name; none where there is none.

    :param name: compared as Windows compares names
    """
    key = windows_names.key(name)
    return tuple(decision for decision in decisions if key == (
        windows_names.key(decision.item if decision.kind == 'node'
                          else decision.cluster))
        and decision.kind in ('node', 'cluster'))
