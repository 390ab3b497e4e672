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

"""``python -m hv_sched.demo``: one volume counted once, to look at.

``run`` tells the whole story on a Placement of its own; ``up`` leaves one
running for the user's own commands, ``down`` stops it.
"""

import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

from hv_sched import exception
from hv_sched import model
from hv_sched import sources
from hv_sched.demo import eligible_nodes
from hv_sched.demo import nodes
from hv_sched.demo import service
from hv_sched.demo import story

SOURCE = 'examples/spec.yaml'
# Where pip installs the examples (setup.cfg, data_files).
INSTALLED = pathlib.Path(sys.prefix, 'share/hv_sched')
# Beside the source: a cluster with nodes that differ.
FEATURES_SOURCE = 'production.yaml'


def default_source() -> str:
    """The example of the clone this runs in, else the installed one."""
    installed = INSTALLED / SOURCE
    return str(installed) if installed.exists() and not os.path.exists(
        SOURCE) else SOURCE


def openstack_command(endpoint: str, *arguments: str) -> list[str]:
    """The ``openstack`` of this environment, without keystone."""
    return [str(pathlib.Path(sys.executable).parent / 'openstack'),
            '--os-auth-type', 'admin_token', '--os-token', 'admin',
            '--os-endpoint', endpoint, *arguments]


def _shown(command: list[str]) -> str:
    path = pathlib.Path(command[0])
    if path.is_relative_to(pathlib.Path.cwd()):
        path = path.relative_to(pathlib.Path.cwd())
    return shlex.join([str(path), *command[1:]])


def _openstack(endpoint: str, *arguments: str, quiet: bool = False) -> int:
    """Run a command as a user would; returns its exit code.

    :param quiet: do not show what it prints, only what it complains about
    """
    command = openstack_command(endpoint, *arguments)
    print(f'\n$ {_shown(command)}', flush=True)
    # A cloud chosen in the user's shell is not the one to write to.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('OS_')}
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=environment, check=False,
                          stdout=output).returncode


def _read(source: str) -> model.Facts:
    facts = sources.load(source)
    for problem in facts.problems:
        print(f'left out: {problem}', file=sys.stderr)
    return facts


def run(source: str) -> int:
    """Tell all stories; 0 when every part of them held.

    The second needs a source with nodes that differ; a source of the user's
    own has none beside it.
    """
    code = _count_once(source)
    features_source = pathlib.Path(source).with_name(FEATURES_SOURCE)
    if not code and features_source.exists():
        code = _find_features(str(features_source))
    return code or _follow_windows(source)


def _follow_windows(source: str) -> int:
    """The first cluster again, read over WinRM while things happen to it."""
    # Only here: what reads and answers over WinRM is not needed by the rest.
    from hv_sched.demo.windows import events

    cluster = next(filter(events.can_be_told, _read(source).clusters), None)
    if cluster is None:
        return 0
    all_nodes = [node.name for node in cluster.nodes]
    print(f'\n5. {cluster.name} again, simulated: its {len(all_nodes)} nodes '
          'answer over WinRM (TLS, PowerShell\n   Remoting), and hv_sched '
          'reads them. One pass follows each event.\n')
    wrong = []
    with service.temporary() as endpoint, tempfile.TemporaryDirectory(
            prefix='hv_sched-demo-') as folder:
        placement = service.client(endpoint)
        nodes.register(placement, model.Facts((cluster,)))
        for title, outcome, is_right in events.outcomes(
                placement, cluster, pathlib.Path(folder)):
            line = events.report(title, outcome, all_nodes)
            print(line, flush=True)
            if not is_right:
                wrong += [line.strip(), *outcome.failures]
    if wrong:
        return _failed(wrong)
    print('\nOK: what happened on Windows stood in Placement after one pass.')
    return 0


def _find_features(source: str) -> int:
    """Who can run a shielded and a RemoteFX server, and who cannot."""
    facts = _read(source)
    with service.temporary() as endpoint:
        placement = service.client(endpoint)
        names = nodes.register(placement, facts)
        print(f'\n4. A larger cluster, {source}: {len(names)} nodes of '
              f'several Windows builds.')
        code = _openstack(endpoint, 'resource', 'provider', 'csv', 'sync',
                          '--source', source, quiet=True)
        if code:
            return _failed([f'the sync ended with exit code {code}'])
        _openstack(endpoint, 'resource', 'provider', 'csv', 'list')
        print()
        answers = [eligible_nodes.read(placement, example)
                   for example in eligible_nodes.EXAMPLES]
        for answer in answers:
            print(*eligible_nodes.report(answer), sep='\n')
    wrong = [reason for answer in answers
             for reason in eligible_nodes.differences(answer, facts)]
    if wrong:
        return _failed(wrong)
    print('\nOK: each goes only where the node itself showed that it can.')
    return 0


def _count_once(source: str) -> int:
    """A volume is counted once a node before, and once after."""
    facts = _read(source)
    disk_gb = story.real_gb(facts)
    with service.temporary() as endpoint:
        placement = service.client(endpoint)
        names = nodes.register(placement, facts)
        print(f'\n1. Stock Nova: {len(names)} nodes report the same '
              f'{disk_gb} GB volume.\n')
        before = story.tell(placement)
        print(*story.report(before, names), sep='\n')
        print('\n2. hv_sched publishes the volume.')
        wrong = story.wrong_before(before, names, disk_gb)
        code = _openstack(endpoint, 'resource', 'provider', 'csv', 'sync',
                          '--source', source)
        if code:
            return _failed([*wrong, f'the sync ended with exit code {code}'])
        _openstack(endpoint, 'resource', 'provider', 'csv', 'list')
        print('\n3. The same servers again.\n')
        after = story.tell(placement)
        print(*story.report(after, names), sep='\n')
        wrong += story.wrong_after(after, disk_gb)
    if wrong:
        return _failed(wrong)
    print(f'\nOK: {before.total_gb} GB offered for {disk_gb} GB of disk '
          f'before, {after.total_gb} GB now; the third server, accepted on '
          f'{len(before.accepting)} of {len(names)} nodes before, is refused.')
    return 0


def _failed(wrong: list[str]) -> int:
    sys.stdout.flush()
    for reason in wrong:
        print(f'\nFAILED: {reason}', file=sys.stderr)
    return 1


def up(source: str, port: int) -> int:
    """Leave a Placement with the source's nodes running."""
    facts = _read(source)
    endpoint = service.up(port)
    names = nodes.register(service.client(endpoint), facts)
    print(f'Placement runs at {endpoint} with the nodes {", ".join(names)}.')
    print('Its token is "admin"; it can be reached from this machine only.')
    print('\nTry, in this order:\n')
    csv = ('resource', 'provider', 'csv')
    candidates = ('allocation', 'candidate', 'list', '--resource',
                  'DISK_GB=200')
    for arguments in (candidates, (*csv, 'plan', '--source', source),
                      (*csv, 'sync', '--source', source), (*csv, 'list'),
                      (*candidates, '--resource', 'VCPU=1')):
        print(f'  {_shown(openstack_command(endpoint, *arguments))}')
    print('\nmake demo-down (or python -m hv_sched.demo down) stops it.')
    return 0


def down() -> int:
    """Stop what ``up`` left running."""
    stopped = service.down()
    print('Placement is stopped.' if stopped else 'No Placement was running.')
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line of the demo."""
    command_line = argparse.ArgumentParser(
        prog='python -m hv_sched.demo', description='Show hv_sched at work.')
    actions = command_line.add_subparsers(dest='action', required=True)
    for name, text in (('run', 'tell the story and end'),
                       ('up', 'leave a Placement running')):
        action = actions.add_parser(name, help=text)
        action.add_argument('--source', default=default_source(),
                            help='the clusters (default: %(default)s)')
        if name == 'up':
            action.add_argument('--port', type=int, default=8778,
                                help='port on loopback (default: 8778)')
    actions.add_parser('down', help='stop it')
    return command_line


def main(argv: list[str] | None = None) -> int:
    """Run one of the three; 130 after Ctrl-C, as a shell expects."""
    options = parser().parse_args(argv)
    try:
        if options.action == 'down':
            return down()
        if options.action == 'up':
            return up(options.source, options.port)
        return run(options.source)
    except (service.CannotStart, exception.InvalidFacts) as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nInterrupted; Placement is stopped.', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
