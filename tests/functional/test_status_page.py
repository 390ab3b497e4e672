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

"""The status page in a real browser: seen, read aloud, typed at.

Set HV_SCHED_SCREENSHOTS to a folder to keep the pictures, and HV_SCHED_AXE to
axe-core's ``axe.min.js`` to have its checks made, too.
"""

import collections.abc
import dataclasses
import os
import pathlib

import pytest

from hv_sched.status import app
from hv_sched.status import server
from hv_sched.status.model import PartStatus
from hv_sched.status.model import Status
from tests import browser as browsers
from tests import status_clouds
from tests.status_recorder import FixedRecorder

_TAB = '\ue004'
NODES = ((1, 1), (16, 8), (64, 8))
# Relative luminance and contrast by WCAG 2.1; text needs 4.5, or 3 where it
# is large, and what is no text 3.
CONTRASTS = """
const canvas = document.createElement('canvas').getContext('2d');
const rgb = color => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = color => {
  const [r, g, b] = rgb(color).slice(0, 3).map(part => {
    part /= 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = element => {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (rgb(color)[3] === 255) return color;
  }
  return getComputedStyle(document.body).backgroundColor;
};
const ratio = (one, other) => {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};
const failures = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let count = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim()) continue;
  if (element.closest('svg, style')) continue;
  const style = getComputedStyle(element);
  const large = parseFloat(style.fontSize) >= 24 ||
    parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
  count += 1;
  const value = ratio(style.color, background(element));
  if (value < (large ? 3 : 4.5)) {
    failures.add(`${value.toFixed(2)} ${walker.currentNode.data.trim()}`);
  }
}
return [count, [...failures].slice(0, 9)];
"""


@pytest.fixture(scope='module')
def browser() -> collections.abc.Iterator[browsers.Browser]:
    with browsers.running() as running:
        yield running


@pytest.fixture
def served() -> collections.abc.Iterator[
        collections.abc.Callable[[Status], str]]:
    """Serves a status, and says where."""
    running = []

    def serve(status: Status) -> str:
        made = server.StatusServer(app.StatusApp(
            FixedRecorder(status), version='1.2.3',
            clock=lambda: status_clouds.NOW), '127.0.0.1', 0)
        running.append(made)
        made.start()
        return f'http://127.0.0.1:{made.port}/'

    yield serve
    for made in running:
        made.stop()


def picture(browser, tmp_path, name):
    folder = pathlib.Path(os.environ.get('HV_SCHED_SCREENSHOTS', tmp_path))
    path = folder / f'{name}.png'
    browser.screenshot(path)
    return path.read_bytes()


@pytest.mark.parametrize('nodes, volumes', NODES)
@pytest.mark.parametrize('width', [400, 1600])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_it_is_seen(browser, served, tmp_path, nodes, volumes, width, scheme):
    """Nothing is cut off at the right, everything has some size."""
    browser.show(width, scheme)
    browser.open(served(status_clouds.status(nodes, volumes)))
    assert picture(browser, tmp_path, f'{nodes}-{scheme}-{width}').startswith(
        b'\x89PNG')
    assert browser.run('return document.documentElement.scrollWidth') == width
    sizes = browser.run("""
        return [...document.querySelectorAll('svg.bar')].map(bar => {
          const {width, height} = bar.getBoundingClientRect();
          return [width, height];
        })""")
    # Each volume has two bars, but for one whose disk nobody tells of.
    assert len(sizes) == 2 * volumes - (volumes > 6)
    assert all(bar_width > 100 and height >= 8 for bar_width, height in sizes)
    dark = browser.run(
        'return getComputedStyle(document.body).backgroundColor') != (
            'rgb(255, 255, 255)')
    assert dark == (scheme == 'dark')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_every_text_can_be_read(browser, served, scheme):
    browser.show(1600, scheme)
    browser.open(served(status_clouds.status(16, 8)))
    count, failures = browser.run(CONTRASTS)
    assert count > 300
    assert failures == []


def test_the_check_of_contrasts_finds_a_grey_text(browser, served):
    browser.show(1600, 'light')
    browser.open(served(status_clouds.status(1, 1)))
    browser.run("document.querySelector('h1').style.color = '#999'")
    _count, failures = browser.run(CONTRASTS)
    assert len(failures) == 1 and failures[0].endswith('hv_sched status')


def test_nothing_is_refused_by_the_policy_and_nothing_fails(browser, served):
    browser.open(served(status_clouds.status(16, 8)))
    browser.devtools('Log.enable')
    assert browser.run('return document.styleSheets.length') == 1
    assert browser.run('return document.scripts.length') == 0
    assert browser.run("""
        return performance.getEntriesByType('resource')
            .map(entry => entry.name).filter(name => !name.startsWith('data:'))
        """) == []


def test_markup_in_names_stays_text(browser, served):
    evil = '<img src=x onerror="document.title=1">'
    status = status_clouds.status(1, 1)
    cluster = status_clouds.ClusterStatus(
        evil, volumes=(status_clouds.volume(name=evil, cluster=evil),))
    browser.open(served(dataclasses.replace(status, clusters=(cluster,))))
    assert browser.run('return document.images.length') == 0
    assert browser.run('return document.title') == 'hv_sched: attention'
    assert evil in browser.run(
        "return document.querySelector('h4').textContent")


@pytest.mark.parametrize('width', [400, 1600])
@pytest.mark.parametrize('name', [
    'x' * 255, '\u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627 ' * 25,
    'W' * 63], ids=['letters', 'right to left', 'wide'])
def test_a_long_name_hides_nothing(browser, served, name, width):
    """It is wrapped; the column that stays in sight leaves some to others."""
    status = status_clouds.status(2, 2)
    cluster = status.clusters[0]
    browser.show(width, 'light')
    browser.open(served(dataclasses.replace(
        status, clusters=(dataclasses.replace(
            cluster, name=name, nodes=tuple(dataclasses.replace(
                node, name=name) for node in cluster.nodes),
            volumes=tuple(dataclasses.replace(
                volume, name=name, cut_off=(name, name))
                for volume in cluster.volumes)),),
        parts=(PartStatus(name, result='error', error=name),))))
    assert browser.run('return document.documentElement.scrollWidth') == width
    assert browser.run("""
        return [...document.querySelectorAll('tbody th')].filter(head =>
          head.getBoundingClientRect().width >
          head.closest('.scroll').clientWidth * 0.6).length""") == 0


def test_it_works_with_the_keyboard_alone(browser, served):
    """Each thing that can be done is reached, in the order it is seen."""
    browser.show(1600, 'light')
    browser.open(served(status_clouds.status(16, 8)))
    reached = []
    for _ in range(8):
        browser.press(_TAB)
        reached.append(browser.run("""
            const active = document.activeElement;
            const outline = getComputedStyle(active).outlineStyle;
            return [active.tagName, active.textContent.trim().slice(0, 30),
                    active.classList.contains('skip') || outline != 'none'];
            """))
    names = [name for _tag, name, _visible in reached]
    assert names[:3] == ['Skip to the clusters', 'stop reloading',
                         'Age of facts, section by secti']
    assert {tag for tag, _name, _visible in reached} >= {
        'A', 'SUMMARY', 'DIV'}, 'tables that scroll are reached, too'
    assert [name for tag, name, visible in reached
            if not visible and tag != 'BODY'] == []


def test_what_a_screen_reader_is_told(browser, served):
    browser.open(served(status_clouds.status(4, 2)))
    tree = browser.devtools('Accessibility.getFullAXTree')['nodes']
    told = [(node['role']['value'], node.get('name', {}).get('value', ''))
            for node in tree if not node['ignored'] and 'role' in node]
    roles = [role for role, _name in told]
    assert roles.count('main') == roles.count('banner') == 1
    assert 'contentinfo' in roles and 'alert' in roles
    pictures = [name for role, name in told if role in ('image', 'img')]
    assert pictures[1:3] == [
        'disk: 220 GB used, 1780 GB free',
        'Placement: 300 GB allocated, 260 GB held, 50 GB operator reserve, '
        "42.5 GB image cache, 83 GB files no server's share covers, 4.5 GB "
        'rounded up to a step, 1260 GB free']
    assert ('article', 'Volume1') in told
    assert not [1 for role, name in told
                if role in ('link', 'heading', 'image') and not name]


def test_axe_finds_nothing(browser, served):
    path = os.environ.get('HV_SCHED_AXE')
    if not path:
        pytest.skip('HV_SCHED_AXE does not name axe.min.js of axe-core')
    script = pathlib.Path(path).read_text()
    for scheme in ('light', 'dark'):
        for status, path in (
                (status_clouds.status(16, 8), ''),
                (status_clouds.healthy(), '?renew=no'),
                (status_clouds.status(2, 1, clusters=12), ''),
                (status_clouds.status(8, 8, clusters=12), '?cluster=hvc7'),
                (Status(), '')):
            browser.show(1600, scheme)
            browser.open(served(status) + path)
            browser.run(script)
            violations = browser.run("""
                return axe.run().then(result => result.violations.map(
                    rule => [rule.id, rule.nodes.map(node => node.html)]))""")
            assert violations == []


def test_it_renews_itself_until_it_is_told_not_to(browser, served):
    url = served(status_clouds.healthy())
    browser.open(url)
    browser.run("document.querySelector('header a').click()")
    assert browser.run('return location.search') == '?renew=no'
    old = browser.run("""
        const old = document.querySelector('.old');
        const {animationDelay, visibility, display} = getComputedStyle(old);
        return [animationDelay, visibility, display];""")
    assert old == ['300s', 'hidden', 'block']
    browser.run("document.querySelectorAll('header a')[1].click()")
    assert browser.run('return location.search') == ''
