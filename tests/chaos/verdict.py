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

"""Which faults a command meets, and what it must not do then."""

import collections.abc
import dataclasses
import itertools
import random
import re
import typing

from tests.chaos import edge
from tests.chaos import faults
from tests.chaos import other_region
from tests.chaos import services
from tests.chaos.experiment import Lab
from tests.chaos.experiment import Run

# What a message tells somebody to do, or what will be done without him.
_REMEDY = re.compile(
    r'run (it |this |the command |"[^"]+" )?again|next pass'
    r'|need the admin or service role|does the endpoint lead to it\?'
    r'|check the |"csv list" shows')
_DONE = (0, 2)
_SECRETS = (services.PASSWORD, services.TOKEN)


def injections(lab: Lab) -> list[edge.Injection]:
    """Each fault at the first and the last occurrence of each call site,
    once and for good.
    """
    return [edge.Injection(fault, site, occurrence, lasts)
            for site, count in sorted(lab.sites.items())
            for fault in faults.FAULTS
            if fault.concerns(site) and not _hangs_the_client(
                lab, fault, site)
            for occurrence in sorted({1, count})
            for lasts in (False, True)
            # Once at any request is once at one of the others.
            if site.method != edge.ANY or lasts and occurrence == 1]


def _hangs_the_client(lab: Lab, fault: edge.Fault, site: edge.Site) -> bool:
    """Before a command begins the client gets its token; where Keystone's
    versions are refused it waits for itself for ever, in keystoneauth.
    """
    return (not lab.has_own_client and fault.name == '401'
            and site.service == 'Keystone' and site.method != 'POST')


def sampled(pairs: list[edge.Injection], count: int, seed: str
            ) -> list[edge.Injection]:
    return random.Random(seed).sample(pairs, min(count, len(pairs)))


def space(lab: Lab) -> int:
    """How many pairs of a call site and a fault there are."""
    return len(_choices(injections(lab)))


def each_at_sites(pairs: list[edge.Injection], at_most: int, seed: str
                  ) -> list[edge.Injection]:
    """Each fault at each site once, the seed says at which occurrence.

    :param at_most: where there are more, as many of each fault, at writes
        first
    """
    chance = random.Random(seed)
    chosen = [chance.choice(choice) for choice in _choices(pairs).values()]
    by_fault: dict[str, list[edge.Injection]] = {}
    for injection in chance.sample(chosen, len(chosen)):
        by_fault.setdefault(injection.fault.name, []).append(injection)
    turns = [injection for turn in itertools.zip_longest(*(
        sorted(each, key=lambda one: not one.site.is_write)
        for each in by_fault.values())) for injection in turn if injection]
    return turns[:at_most]


def _choices(pairs: list[edge.Injection]
             ) -> dict[typing.Any, list[edge.Injection]]:
    """Those of the same fault at the same site."""
    choices: dict[typing.Any, list[edge.Injection]] = {}
    for pair in pairs:
        choices.setdefault((pair.site, pair.fault.name), []).append(pair)
    return choices


@dataclasses.dataclass(frozen=True)
class Verdict:
    """:ivar outcome: a word for the statistics
    :ivar wrong: what must not be; empty for a command that did well
    """

    outcome: str
    wrong: tuple[str, ...]


def judge(lab: Lab, injection: edge.Injection) -> Verdict:
    """Run the command with a fault, and again without."""
    run = lab.run(injection)
    changed = _changed_elsewhere(injection)
    if not lab.edge.faults:
        return Verdict('not reached', ())
    wrong = [*_wrong_with(lab, run, injection), *changed,
             *(f'{site}: no deadline' for site in lab.edge.endless
               if not lab.is_clients_own(site))]
    same = run.did_the_same(lab.undisturbed)
    # What left all as it was is followed by the undisturbed command, and
    # what did all by its repetition.
    if not same and not lab.is_as_at_first(run) and not (
            run.end == lab.undisturbed.end
            and run.written == lab.undisturbed.written):
        wrong += _wrong_after(lab)
    if same and run.output == lab.undisturbed.output:
        return Verdict('as undisturbed', tuple(wrong))
    return Verdict(f'exit {run.code}', tuple(wrong))


def _changed_elsewhere(injection: edge.Injection
                       ) -> collections.abc.Iterator[str]:
    """What was done to the nodes of another region."""
    if injection.fault.name != other_region.NAME:
        return
    placement = other_region.placement()
    after = placement.state()
    for uuid in placement.before.names:
        for field in ('names', 'inventories', 'traits', 'aggregates'):
            before, now = ({key: value for key, value in getattr(
                state, field).items() if uuid in key}
                for state in (placement.before, after))
            if before != now:
                yield f'{field} of another region: {now}, not {before}'


def _wrong_with(lab: Lab, run: Run, injection: edge.Injection
                ) -> collections.abc.Iterator[str]:
    text = run.output + run.messages
    for state in run.states:
        yield from lab.bounds.faults(state)
    if run.code not in lab.codes:
        yield f'exit code {run.code}'
    if lab.unforeseen or 'Traceback' in text or 'unexpectedly' in text:
        yield f'not foreseen: {lab.unforeseen or text}'
    if any(secret in text for secret in _SECRETS):
        yield f'a secret is printed: {text}'
    is_credible = injection.fault.is_credible(injection.site)
    if run.code in _DONE and run.code == lab.undisturbed.code:
        if not is_credible and not _is_believed(lab, injection):
            yield from _undone(lab, run)
            yield from _other_output(lab, run, injection.site.service)
    elif not (run.did_the_same(lab.undisturbed)
              or lab.is_clients_own(injection.site)
              or _is_believed(lab, injection)
              or is_credible and run.code in _DONE):
        yield from _untold(injection.site.service, text)


def _is_believed(lab: Lab, injection: edge.Injection) -> bool:
    """Whether it is the complete and sound answer of another region.

    It has other names or none; what only looks need not find it out.
    """
    site = injection.site
    return injection.fault.name == other_region.NAME and (
        injection.fault.is_credible(site)
        or site.service == lab.names_from
        or site.method == edge.ANY and lab.is_as_at_first(lab.undisturbed))


def _untold(service: str, text: str) -> collections.abc.Iterator[str]:
    """What a message of something undone must say, and does not."""
    if service not in text:
        yield f'{service} is not named: {text}'
    if not _REMEDY.search(text):
        yield f'it does not say what to do: {text}'


def _undone(lab: Lab, run: Run) -> collections.abc.Iterator[str]:
    """What is missing although the exit code says that all is done."""
    difference = run.end - lab.undisturbed.end
    if difference:
        yield f'exit {run.code} although undone: {difference}'
    if run.written != lab.undisturbed.written:
        yield f'exit {run.code} although Nova or Glance was not told'


def _other_output(lab: Lab, run: Run, service: str
                  ) -> collections.abc.Iterator[str]:
    """What else is shown, unless it is names, and their service is told."""
    if not lab.is_as_at_first(lab.undisturbed) or (
            run.output == lab.undisturbed.output):
        return
    if service == lab.names_from:
        yield from _untold(service, run.messages)
    else:
        yield f'exit {run.code} with another output: {run.output}'


def _wrong_after(lab: Lab) -> collections.abc.Iterator[str]:
    """Of the same command once more, on what stands."""
    again = lab.again()
    if again.code not in (lab.undisturbed.code, lab.repeated.code):
        yield (f'again: exit {again.code}, not {lab.undisturbed.code}: '
               f'{again.output}{again.messages}')
    difference = again.end - lab.undisturbed.end
    if difference:
        yield f'again: {difference}'
    if again.written != lab.undisturbed.written:
        yield f'again: {again.written}'
