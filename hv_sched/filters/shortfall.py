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

"""What hosts lack of what a flavor and an image ask for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

from hv_sched import requirements
from hv_sched.query import rules
from hv_sched.request_filters import refusal


@dataclasses.dataclass(frozen=True)
class Shortfall:
    """Why hosts cannot run a server.

    :param missing: required traits, of which the hosts lack at least one
    :param forbidden: traits a host must not have, of which the hosts may
        have some
    :param is_read: whether the hosts lack, and have, all of them
    """

    demands: requirements.Requirements
    missing: tuple[str, ...]
    forbidden: tuple[str, ...]
    is_read: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing is lacking."""
        return not (self.missing or self.forbidden)

    def __str__(self) -> str:
        """For the operator, by traits."""
        return ('' if self.is_read else 'one of: ') + ', '.join((
            *(f'lacks {trait} ({self.demands.asked_by(trait)})'
              for trait in self.missing),
            *(f'must not have {trait} ({"; ".join(self._limits(trait))})'
              for trait in self.forbidden)))

    def reason(self, is_rebuild: bool) -> str:
        """For the user, by features and limits."""
        introduction = (
            'The host of the server cannot run this image, which needs'
            if is_rebuild else
            'No host can run this flavor and image, which need')
        limits = [text for trait in self.forbidden
                  for text in self._limits(trait)]
        return refusal.sentence(introduction, [
            *rules.feature_names(self.demands, self.missing), *limits])

    def _limits(self, trait: str) -> list[str]:
        return [reason.text or str(reason.setting)
                for reason in self.demands.reasons
                if reason.trait == f'!{trait}']


def of(demands: requirements.Requirements, traits: Iterable[str]
       ) -> Shortfall:
    """What a host with these traits lacks."""
    present = frozenset(traits)
    return Shortfall(
        demands, tuple(sorted(demands.required - present)),
        tuple(sorted(demands.forbidden_among(present))), is_read=True)


def unread(demands: requirements.Requirements) -> Shortfall:
    """Of hosts whose traits are not read: all that is asked for."""
    forbidden = dict.fromkeys(
        reason.trait.removeprefix('!') for reason in demands.reasons
        if reason.trait.startswith('!'))
    return Shortfall(demands, tuple(sorted(demands.required)),
                     tuple(forbidden), is_read=False)
