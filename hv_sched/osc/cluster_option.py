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

"""``--cluster``: only some of the clusters a source describes."""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from hv_sched import exception
from hv_sched import model
from hv_sched import windows_names
from hv_sched.audit.auditor import AuditReport
from hv_sched.placement import client
from hv_sched.placement import names


def add_to(parser: argparse.ArgumentParser) -> None:
    """The option, for a command that takes a source."""
    parser.add_argument(
        '--cluster', metavar='<name>', action='append', default=[],
        help='Only this cluster (may be repeated; default: all)')


def is_selected(cluster: str, selected: Iterable[str]) -> bool:
    """Whether a cluster is meant; without a selection all are.

    :param selected: what ``--cluster`` named, in any case
    """
    keys = set(map(windows_names.key, selected))
    return not keys or windows_names.key(cluster) in keys


def is_left_out(provider_name: str, selected: Iterable[str]) -> bool:
    """Whether a volume, by its provider's name, is of another cluster."""
    return not is_selected(names.cluster_of(provider_name), selected)


def only(facts: model.Facts, selected: Iterable[str]) -> model.Facts:
    """What a source says of the clusters that are meant."""
    if not selected:
        return facts
    return dataclasses.replace(
        facts, is_partial=True, clusters=tuple(
            cluster for cluster in facts.clusters
            if is_selected(cluster.name, selected)), problems=tuple(
            problem for problem in facts.problems
            if is_selected(problem.cluster or '', selected)))


def reports(all_reports: Iterable[AuditReport], selected: Collection[str]
            ) -> Iterator[AuditReport]:
    """The reports of an audit on the clusters that are meant."""
    for report in all_reports:
        if not selected or not all(
                is_left_out(volume, selected)
                for volume in report.context.volumes.values()):
            yield report


def check_published(selected: Iterable[str], placement: client.Placement
                    ) -> None:
    """:raises InvalidConfig: Placement has no volume of one that was named"""
    if not selected:
        return
    published = {names.cluster_of(provider.name)
                 for provider in placement.list_providers()
                 if provider.name.startswith(names.VOLUME_NAME_PREFIX)}
    keys = set(map(windows_names.key, published))
    missing = sorted(name for name in selected
                     if windows_names.key(name) not in keys)
    if missing:
        raise exception.InvalidConfig(
            f'no volume of cluster {", ".join(missing)} is in Placement; '
            f'there are those of {", ".join(sorted(published)) or "none"}')


def check(selected: Iterable[str], facts: model.Facts) -> None:
    """:raises InvalidConfig: nobody describes a cluster that was named"""
    described = {cluster.name for cluster in facts.clusters}
    mentioned = {windows_names.key(name) for name in (
        *described, *(problem.cluster or '' for problem in facts.problems))}
    missing = sorted(name for name in selected
                     if windows_names.key(name) not in mentioned)
    if missing:
        raise exception.InvalidConfig(
            f'the source describes no cluster {", ".join(missing)}; it has '
            f'{", ".join(sorted(described)) or "none"}')
