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

"""The status page: HTML with inline SVG, made of the status alone. Pure.

Whatever comes from outside is escaped twice over: ``printable.text`` shows
what is not visible, Jinja2 what HTML would take for markup. The page runs no
script and loads nothing; its style is allowed by its hash.
"""

import base64
import datetime
import functools
import hashlib
import importlib.resources
from typing import Any

import jinja2
import markupsafe

from hv_sched import features
from hv_sched import printable
from hv_sched.status import ages
from hv_sched.status import amounts
from hv_sched.status import bar
from hv_sched.status import overview
from hv_sched.status import verdict
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import Status

RENEW_SECONDS = 60
# More than that nobody reads: the rest is counted, by code.
SHOWN_FINDINGS = 100
_COMMANDS = {'doctor': 'csv doctor', 'audit': 'csv audit',
             'sync': 'csv plan', 'restore': 'csv audit'}


def rendered(status: Status, now: datetime.datetime, version: str = '',
             renews: bool = True, cluster: str | None = None) -> str:
    """The whole page.

    :param version: of hv_sched
    :param renews: whether the browser is told to load it again
    :param cluster: the only one that is shown, by its name
    """
    in_full = overview.selected(status, cluster)
    return _template().render(
        status=status, now=now, version=version, renews=renews,
        shown=in_full, chosen=cluster,
        rows=overview.rows(status, in_full, now, renews),
        style=markupsafe.Markup(_style()),  # noqa: S704  our own file
        verdict=verdict.judge(status, now),
        findings=status.findings[:SHOWN_FINDINGS],
        more=_counted(status.findings[SHOWN_FINDINGS:]),
        totals=amounts.totals(status))


def security_policy() -> str:
    """The value of the header Content-Security-Policy."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest())
    return ("default-src 'none'; img-src data:; "
            f"style-src 'sha256-{digest.decode()}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'")


def _counted(findings: tuple[FindingStatus, ...]
             ) -> list[tuple[str, str, int]]:
    """How many there are of each code, and the command that lists them."""
    counts: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (finding.code, _COMMANDS.get(finding.origin, 'csv doctor'))
        counts[key] = counts.get(key, 0) + 1
    return [(*key, count) for key, count in sorted(counts.items())]


@functools.cache
def _style() -> str:
    return _file('page.css')


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file), autoescape=True,
        undefined=jinja2.StrictUndefined, finalize=_visible,
        trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        ago=verdict.ago, gb=amounts.gb, moment=_moment, segments=_described)
    environment.globals.update(
        bar=bar, ages=ages, since=verdict.seconds_since, days=amounts.days,
        address=overview.address,
        catalogue=tuple(feature.name for feature in features.CATALOGUE))
    return environment.get_template('page.html')


def _file(name: str) -> str:
    return (importlib.resources.files(__package__) / 'templates' / name
            ).read_text(encoding='utf-8')


def _visible(value: Any) -> Any:
    """Text from outside on one line, with nothing invisible in it."""
    if isinstance(value, str) and not isinstance(value, markupsafe.Markup):
        return printable.text(printable.encodable(value))
    return value


def _moment(date: datetime.datetime) -> str:
    return date.strftime('%Y-%m-%d %H:%M:%S UTC')


def _described(bars: bar.Bar) -> str:
    """What a bar shows, for those who do not see it."""
    return ', '.join(f'{amounts.gb(segment.gb)} {segment.label}'
                     for segment in bars.segments) or 'no space'
