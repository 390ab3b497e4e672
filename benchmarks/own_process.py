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


"""Measure something in a process of its own, beside a Placement's."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
import multiprocessing
import pathlib
import re
import time
import typing

from benchmarks import adopt
from tests.functional import base
from tests.functional import placement_process

Figures = dict[str, typing.Any]
# Prepares, with what it is given, and returns what is measured.
Story = Callable[..., Callable[[], object]]
_UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f-]{27}')
_PROC = pathlib.Path('/proc')


def run(story: Story, address: str, *args: object) -> Figures:
    """The figures of a story.

    :param story: of a module, called with an adapter and the arguments
    :param address: of a Placement this process has started
    """
    spawned = multiprocessing.get_context('spawn')
    ours, theirs = spawned.Pipe()
    process = spawned.Process(
        target=_tell, args=(theirs, story, address, args))
    process.start()
    theirs.close()
    ours.recv()
    busy = adopt.processor_seconds(without=process.pid)
    figures: Figures = ours.recv()
    figures['server seconds'] = round(
        adopt.processor_seconds(without=process.pid) - busy, 2)
    process.join()
    return figures


def _tell(pipe: typing.Any, story: Story, address: str,
          args: Iterable[object]) -> None:
    adapter = placement_process.adapter(address)
    measured = story(adapter, *args)
    pipe.send('begins')
    pipe.send(_measure(adapter, measured))


class _Timed:
    """Notes how long each answer took, and how long it was."""

    def __init__(self, adapter: base.Adapter) -> None:
        self._send = adapter.request
        self.answers: list[tuple[float, int, str]] = []
        adapter.request = self._request  # type: ignore[method-assign]

    def _request(self, url: str, method: str, **options: typing.Any
                 ) -> typing.Any:
        begun = time.monotonic()
        answer = self._send(url, method, **options)
        self.answers.append((time.monotonic() - begun, len(answer.content),
                             _call_name(method, url)))
        return answer

    @property
    def figures(self) -> Figures:
        seconds: dict[str, float] = collections.defaultdict(float)
        for took, _length, name in self.answers:
            seconds[name] += took
        slowest = max(self.answers)
        longest = max(self.answers, key=lambda answer: answer[1])
        return {
            'seconds by request': {
                name: round(took, 2) for name, took in seconds.items()},
            'slowest request': [slowest[2], round(slowest[0], 2)],
            'longest answer': [longest[2], longest[1]]}


def _measure(adapter: base.Adapter, call: Callable[[], object]) -> Figures:
    """What this process sees of a call."""
    timed = _Timed(adapter)
    adapter.sent.clear()
    (_PROC / 'self/clear_refs').write_text('5')  # the peak begins here
    before_mib = _peak_mib()
    begun, busy = time.monotonic(), time.process_time()
    result = call()
    return {'requests': len(adapter.sent), 'writes': len(adapter.writes),
            'seconds': round(time.monotonic() - begun, 2),
            'client seconds': round(time.process_time() - busy, 2),
            'peak MiB': _peak_mib(), 'MiB more': _peak_mib() - before_mib,
            'by request': _call_names(adapter.sent), **timed.figures,
            'result': result}


def _peak_mib() -> int:
    """The most this process had in memory."""
    peak = re.search(r'VmHWM:\s+(\d+)', (_PROC / 'self/status').read_text())
    assert peak is not None
    return int(peak[1]) // 1024


def _call_name(method: str, url: str) -> str:
    """What was asked for; uuids and names left out."""
    path = _UUID.sub('UUID', url.partition('?')[0])
    return f'{method} ' + re.sub(
        '(traits|resource_classes)/[A-Z].*', r'\1/NAME', path)


def _call_names(sent: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How often it was asked for, most often first."""
    return dict(collections.Counter(
        _call_name(*call) for call in sent).most_common())
