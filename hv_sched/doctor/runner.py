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

"""What a check is, and running them."""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses

from hv_sched import ignored_findings
from hv_sched.doctor import evidence as evidences
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.notices import Severity


@dataclasses.dataclass(frozen=True)
class Symptom:
    """The trap on one thing.

    :param severity: where it is not the check's own
    :param code: of the finding that the check passes on
    """

    subject: str
    evidence: str
    severity: Severity | None = None
    code: str = ''


@dataclasses.dataclass(frozen=True)
class Check:
    """A known trap.

    :param code: never changes once published
    :param trap: what goes wrong, in one sentence
    :param needs: fields of ``DoctorEvidence`` it cannot do without
    """

    code: str
    severity: Severity
    trap: str
    remedy: str
    find: Callable[[DoctorEvidence], Iterable[Symptom]]
    needs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """A trap that was found."""

    check: Check
    symptom: Symptom

    @property
    def codes(self) -> tuple[str, ...]:
        """By which it may be left out."""
        return (self.check.code, self.symptom.code)

    @property
    def severity(self) -> Severity:
        return self.symptom.severity or self.check.severity


@dataclasses.dataclass(frozen=True)
class Skipped:
    """Checks that could not look.

    :param failed: an input could not be read, rather than not being given
    """

    codes: tuple[str, ...]
    reason: str
    failed: bool


def split(diagnoses: Iterable[Diagnosis],
          ignored: ignored_findings.IgnoredFindings
          ) -> tuple[list[Diagnosis], int]:
    """The diagnoses that are reported, and how many are not."""
    return ignored.split(diagnoses, lambda diagnosis: (
        diagnosis.codes, (diagnosis.symptom.subject,)))


def run(checks: Iterable[Check], evidence: DoctorEvidence
        ) -> tuple[list[Diagnosis], list[Skipped]]:
    """Every finding, the gravest first, and what was not looked at."""
    diagnoses: list[Diagnosis] = []
    without: dict[str, list[str]] = {}
    for check in checks:
        missing = [name for name in check.needs
                   if getattr(evidence, name) is None]
        if missing:
            without.setdefault(missing[0], []).append(check.code)
        else:
            diagnoses += [Diagnosis(check, symptom)
                          for symptom in check.find(evidence)]
    order = list(Severity)
    diagnoses.sort(key=lambda diagnosis: (
        order.index(diagnosis.severity), diagnosis.check.code,
        diagnosis.symptom.subject))
    return diagnoses, [Skipped(tuple(codes), evidence.missing.get(
        name, evidences.INPUTS[name]), name in evidence.missing)
        for name, codes in sorted(without.items())]
