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

"""Findings that the operator excludes: [hv_sched]ignore_findings."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import difflib
from typing import TypeVar

from hv_sched import windows_names
from hv_sched.notices import Notice
from hv_sched.placement import names

_Finding = TypeVar('_Finding')


@dataclasses.dataclass(frozen=True)
class IgnoredFindings:
    """:param entries: ``code``, or ``code:name`` for one thing only"""

    entries: tuple[str, ...] = ()

    def covers(self, codes: Iterable[str], subjects: Iterable[str]) -> bool:
        """Whether a finding is left out.

        :param codes: its own, and that of the check that tells it
        :param subjects: names of what it is about; Windows compares them
            without case, and a volume's may lack its ``csv:``
        """
        known_codes, keys = frozenset(codes), frozenset(map(_key, subjects))
        return any(code in known_codes and (not name or _key(name) in keys)
                   for code, name in self._parsed())

    def split(self, findings: Iterable[_Finding],
              identify: Callable[[_Finding], tuple[
                  Iterable[str], Iterable[str]]]
              ) -> tuple[list[_Finding], int]:
        """Those that are reported, and how many are not.

        :param identify: the codes of one and the names of its subjects
        """
        given = list(findings)
        remaining = [finding for finding in given
                     if not self.covers(*identify(finding))]
        return remaining, len(given) - len(remaining)

    def notices(self, notices: Iterable[Notice]) -> tuple[list[Notice], int]:
        """The notices that are reported, and how many are not."""
        return self.split(notices, lambda notice: (
            (notice.code,), (notice.subject, notice.cluster)))

    def unknown(self, codes: Iterable[str]) -> list[str]:
        """What is wrong with the entries, each with the code that is near.

        :param codes: all there are
        """
        known_codes = sorted(codes)
        faults = []
        for code, _name in self._parsed():
            if code not in known_codes:
                near = difflib.get_close_matches(code, known_codes, n=3)
                faults.append(
                    f'[hv_sched]ignore_findings: {code!r} is no code of a '
                    'finding' + (f'; did you mean {" or ".join(near)}?'
                                 if near else ''))
        return faults

    def _parsed(self) -> Iterable[tuple[str, str]]:
        for entry in self.entries:
            code, _colon, name = entry.partition(':')
            yield code.strip(), name.strip()


def left_out_text(count: int) -> str:
    """What is said of findings that are left out."""
    return (f'{count} findings are left out, as [hv_sched]ignore_findings '
            'says')


def _key(name: str) -> str:
    return windows_names.key(names.plain_volume_name(name))
