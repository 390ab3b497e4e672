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


"""Faults that an observer of a storm must see, planted into an agent."""

import dataclasses

from hv_sched import model
from hv_sched.agent import gathering
from hv_sched.providers import debounce
from hv_sched.providers import freshness
from hv_sched.providers import reserved_space

OLD_ANSWERS = 20


def plant(fault: str) -> None:
    """:param fault: the name of a function here, or empty for none"""
    if fault:
        FAULTS[fault]()


def open_at_once() -> None:
    """One answer opens."""
    debounce.Debounce.steady = lambda _debounce, plan, _standing: plan


def reserve_half() -> None:
    parts_of = reserved_space.reserved_parts

    def halved(volume, covered):
        return tuple(dataclasses.replace(part, size_bytes=part.size_bytes // 2)
                     for part in parts_of(volume, covered))

    reserved_space.reserved_parts = halved


def go_back() -> None:
    """Each second look uses what an old answer said."""
    latest = gathering.Gathering.latest
    answers: list[model.Facts] = []

    def old(gathered):
        answers.append(latest(gathered))
        return answers[-1] if len(answers) % 2 else answers[
            -OLD_ANSWERS:][0]

    gathering.Gathering.latest = old
    freshness.unlikely = lambda _cluster, _moment: ''


FAULTS = {each.__name__: each
          for each in (open_at_once, reserve_half, go_back)}
