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

"""The page shows what there is, escaped, whatever it is called."""

import dataclasses
import html.parser
import re
from urllib import parse

import pytest

from hv_sched.notices import Severity
from hv_sched.status import amounts
from hv_sched.status import page
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import NodeStatus
from hv_sched.status.model import PartStatus
from hv_sched.status.model import Status
from tests import status_clouds
from tests.status_clouds import before
from tests.status_clouds import NOW

EVIL = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>',
        "' onload='x", '{{ 7*7 }}', '{% raw %}', '&lt;b&gt;', '\x1b[31mred',
        '\u202egnp.exe', '\ud800', 'a\nb\x00', ']]><!--', 'x' * 200)


class Parsed(html.parser.HTMLParser):
    """Elements and text of a page; an element that ends wrongly fails."""

    VOID = ('meta', 'link', 'br', 'img')

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.ids, self.texts, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == 'id']
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return ' '.join(' '.join(self.texts).split())


def shown(status, **options):
    return Parsed(page.rendered(status, NOW, **options))


def named(name):
    """A cloud where everything has one name."""
    status = status_clouds.status(1, 1)
    cluster = status.clusters[0]
    return dataclasses.replace(
        status, clusters=(dataclasses.replace(
            cluster, name=name, nodes=(dataclasses.replace(
                cluster.nodes[0], name=name, build=name),),
            volumes=(dataclasses.replace(
                cluster.volumes[0], name=name, cluster=name, cut_off=(name,),
                state='closed', closed={name: name}),),
            sections=(dataclasses.replace(
                cluster.sections[0], error=name),)),),
        findings=(FindingStatus('doctor', Severity.ERROR, name, name, name,
                                name),),
        parts=(PartStatus(name, error=name, result='error'),),
        unread={name: name},
        changes=(dataclasses.replace(status.changes[0], text=name),))


@pytest.mark.parametrize('name', EVIL)
def test_a_name_is_text_and_nothing_else(name):
    plain, evil = shown(named('plain')), shown(named(name))
    assert [tag for tag, _ in evil.elements] == [
        tag for tag, _ in plain.elements]
    assert [sorted(attrs) for _, attrs in evil.elements] == [
        sorted(attrs) for _, attrs in plain.elements]
    text = page.rendered(named(name), NOW)
    assert not re.search('[\x00-\x09\x0b-\x1f\u202e\ud800]', text)
    text.encode()


def test_no_script_no_inline_style_nothing_from_elsewhere():
    parsed = shown(status_clouds.status(64, 8))
    for tag, attrs in parsed.elements:
        assert tag not in ('script', 'img', 'iframe', 'form', 'object')
        assert 'style' not in attrs
        assert not [name for name in attrs if name.startswith('on')]
        assert attrs.get('href', '/').startswith(('/', '#', 'data:,'))


def test_the_policy_allows_the_style_by_its_hash_alone():
    policy = page.security_policy()
    assert "default-src 'none'" in policy and 'unsafe' not in policy


def test_ids_are_unique_and_labels_lead_to_them():
    parsed = shown(status_clouds.status(16, 8, clusters=3))
    assert len(parsed.ids) == len(set(parsed.ids))
    for _tag, attrs in parsed.elements:
        for name in ('aria-labelledby', 'href'):
            value = attrs.get(name, '')
            if name == 'aria-labelledby' and value:
                assert value in parsed.ids
            elif value.startswith('#'):
                assert value[1:] in parsed.ids


def test_headings_leave_no_level_out():
    levels = [int(tag[1]) for tag, _ in shown(
        status_clouds.status(16, 8, clusters=2)).elements
        if re.fullmatch('h[1-6]', tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - level <= 1 for level, after
               in zip(levels, levels[1:], strict=False))


def test_what_a_volume_is_said_of():
    text = shown(status_clouds.status(16, 8)).text
    for part in ('held 260 GB', 'operator reserve 50 GB',
                 '61 GiB physically free, below the floor of 100 GiB',
                 'closed by the operator', 'not reached by hv01 , hv02 , hv03',
                 'full in about 12 days (disk) at the present growth',
                 'physical free space unknown', 'closes below 100 GB',
                 'Remedy: they follow the server; the share stays',
                 'its facts are 35 s old', '1 of 16: hv03: access is denied',
                 '1 min 35 s ago , sync: ~ csv:hvc1/Volume3'):
        assert part in text, part


def test_no_data_yet_is_said():
    text = shown(Status(interval=60.0)).text
    assert 'Not everything is known' in text
    assert 'no data yet' in text and 'Not checked yet.' in text
    assert 'All is well' not in text


def test_an_agent_long_dead_is_said_with_its_age():
    text = shown(status_clouds.healthy(read_at=before(300000))).text
    assert 'what is shown is 3 d 11 h old' in text
    assert 'All is well' not in text


def test_an_agent_that_stands_by_says_so_before_all_else():
    text = shown(status_clouds.healthy(is_leader=False)).text
    assert 0 < text.index('This agent stands by') < text.index('Summary')
    assert 'stands by' not in shown(
        status_clouds.healthy(is_leader=True)).text


def test_all_is_well_is_said_only_then():
    assert 'All is well' in shown(status_clouds.healthy()).text


def test_ten_thousand_findings_are_counted_and_the_gravest_shown():
    findings = (status_clouds.FINDINGS[0], *(FindingStatus(
        'audit', Severity.WARNING, 'missing' if number % 2 else 'doubled',
        f'server-{number}', 'evidence') for number in range(9999)))
    text = page.rendered(dataclasses.replace(
        status_clouds.status(64, 8), findings=findings), NOW)
    assert len(text) < 400_000
    parsed = Parsed(text)
    assert 'csv:hvc1/Volume4' in parsed.text
    assert 'And 9900 more' in parsed.text
    assert '4950 of doubled' in parsed.text or (
        '4951 of doubled' in parsed.text)


def many_clusters(*full, count=20):
    """A cloud with full volumes in these clusters, by number."""
    status = status_clouds.status(2, 1, clusters=count)
    return dataclasses.replace(status, clusters=tuple(
        dataclasses.replace(cluster, volumes=(dataclasses.replace(
            cluster.volumes[0], state='full'),))
        if number in full else cluster
        for number, cluster in enumerate(status.clusters, 1)))


def cards(parsed):
    """Volumes that are shown in full."""
    return [attrs['id'].removeprefix('v-').partition('-')[0]
            for tag, attrs in parsed.elements if tag == 'article']


def links(parsed):
    return [attrs['href'] for tag, attrs in parsed.elements
            if tag == 'a' and 'hvc' in attrs['href'] + 'hvc' * attrs[
                'href'].startswith('#c-')]


def test_of_many_clusters_those_in_trouble_are_shown_and_all_are_listed():
    parsed = shown(many_clusters(4, 20))
    assert cards(parsed) == ['hvc4', 'hvc20']
    assert links(parsed) == ['#c-1', '#c-2', *(
        f'/?cluster=hvc{number}' for number in range(1, 20) if number != 4)]


def test_of_very_many_in_trouble_some_are_shown():
    parsed = shown(many_clusters(*range(1, 21)))
    assert cards(parsed) == [f'hvc{number}' for number in range(1, 9)]
    assert len(links(parsed)) == 20


def test_a_cluster_has_a_page_of_its_own():
    parsed = shown(many_clusters(4), cluster='hvc7', renews=False)
    assert cards(parsed) == ['hvc7']
    hrefs = [attrs['href'] for tag, attrs in parsed.elements if tag == 'a']
    assert '/?renew=no' in hrefs and '/?cluster=hvc7' in hrefs
    assert 'hvc4' in parsed.text, 'the verdict is of all'


@pytest.mark.parametrize('name', [*EVIL, '', 'a&renew=no', '?', '#'])
def test_each_cluster_is_reached_by_its_link(name):
    status = many_clusters()
    status = dataclasses.replace(status, clusters=(dataclasses.replace(
        status.clusters[0], name=name), *status.clusters[1:]))
    link = next(attrs['href'] for tag, attrs in shown(status).elements
                if tag == 'a' and attrs['href'].startswith('/?cluster='))
    asked = parse.parse_qs(link.partition('?')[2], keep_blank_values=True)
    assert list(asked) == ['cluster']
    assert len(cards(shown(status, cluster=asked['cluster'][0]))) == 1


@pytest.mark.parametrize('name', EVIL)
def test_a_cluster_there_is_not_is_said(name):
    parsed = shown(many_clusters(), cluster=name)
    assert cards(parsed) == []
    assert 'has a cluster of this name' in parsed.text
    assert 'No data yet' in shown(Status(interval=60.0), cluster=name).text


def test_a_thousand_volumes_make_no_page_of_megabytes():
    assert len(page.rendered(status_clouds.status(
        8, 8, clusters=125), NOW)) < 400_000


def test_without_data_nothing_is_said_to_be_zero():
    assert '0 GB' not in shown(Status(interval=60.0)).text


def test_an_over_full_volume_says_by_how_much():
    assert 'over-allocated by 80 GB' in shown(
        status_clouds.status(16, 8)).text


def test_a_node_whose_state_is_unknown_is_not_shown_as_up():
    nodes = (NodeStatus('hv01'), NodeStatus('hv02', state='down'),
             NodeStatus('hv03', state='up', is_redirected=True),
             NodeStatus('hv04', state='up', is_paused=True))
    status = status_clouds.healthy()
    text = shown(dataclasses.replace(status, clusters=(dataclasses.replace(
        status.clusters[0], nodes=nodes),))).text
    for part in ('hv01 ? unknown', 'hv02 ? down', 'hv03 ? up, redirected',
                 'hv04 ? paused'):
        assert part in text, part


def test_it_renews_itself_unless_it_is_told_not_to():
    assert 'stop reloading' in shown(status_clouds.healthy()).text
    stopped = shown(status_clouds.healthy(), renews=False)
    assert 'does not reload' in stopped.text


@pytest.mark.parametrize('size, text', [
    (0, '0 GB'), (42.5, '42.5 GB'), (1260.0, '1260 GB'), (-80, '-80 GB'),
    (16000, '15.6 TB'), (2000000, '1953 TB'), (-20480, '-20.0 TB')])
def test_sizes(size, text):
    assert amounts.gb(size) == text
