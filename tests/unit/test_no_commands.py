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

"""Nothing that comes from outside becomes a command, or code.

hv_sched starts no process and evaluates no text; the only commands it has a
Windows node run are constants.
"""

import ast
import re

import pytest
import yaml

from hv_sched import exception
from hv_sched.sources import static
from hv_sched.sources.winrm import access
from hv_sched.sources.winrm import questions
from tests.repository import ROOT

# The demo starts a Placement of its own; nothing of it is in a service.
MODULES = sorted(path for path in (ROOT / 'hv_sched').rglob('*.py')
                 if 'demo' not in path.relative_to(ROOT).parts)
_IMPORTS = {'subprocess', 'pty', 'pexpect', 'pickle', 'marshal', 'shelve',
            'code', 'ctypes', 'runpy', 'cloudpickle', 'dill'}
_CALLS = {'eval', 'exec', 'compile', '__import__'}
_OF_OS = re.compile('system|popen|spawn.*|exec.*|posix_spawn.*|startfile')
_OF_YAML = {'load_all', 'unsafe_load', 'full_load', 'UnsafeLoader', 'Loader',
            'FullLoader'}


def _used(tree):
    """What could run something, by line."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or '']
        if {name.partition('.')[0] for name in names} & _IMPORTS:
            yield node.lineno, names
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and (
                node.func.id in _CALLS):
            yield node.lineno, node.func.id
        if isinstance(node, ast.Attribute) and isinstance(
                node.value, ast.Name) and (
                node.value.id == 'os' and _OF_OS.fullmatch(node.attr)
                or node.value.id == 'yaml' and node.attr in _OF_YAML):
            yield node.lineno, f'{node.value.id}.{node.attr}'


@pytest.mark.parametrize('path', MODULES,
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_starts_a_process_or_evaluates_a_text(path):
    assert not list(_used(ast.parse(path.read_text())))


@pytest.mark.parametrize('text', [
    'import subprocess', 'from subprocess import run', 'import pickle',
    'eval(x)', 'exec(x)', 'os.system(x)', 'os.execv(x, y)', 'os.popen(x)',
    'yaml.full_load(x)', 'yaml.Loader'])
def test_what_is_looked_for_would_be_seen(text):
    assert list(_used(ast.parse(text)))


def test_yaml_makes_nothing_but_data():
    """Its loaders are PyYAML's safe ones, and a tag is refused."""
    for loader in (static._Loader, static._LoaderOfVersion1):
        assert issubclass(loader, (yaml.SafeLoader, yaml.CSafeLoader))
    with pytest.raises(exception.InvalidFacts):
        static.parse('!!python/object/apply:os.getpid []')


def test_what_a_node_is_asked_is_written_here_letter_by_letter():
    for question in (questions.CLUSTER, questions.NODE,
                     questions.EVERYTHING):
        assert re.fullmatch(r'Get-HvSched(Cluster|Node)( -(Guarded|Files))*',
                            question.call)


@pytest.mark.parametrize('host', [
    'hv01; Remove-Item C:\\', '$(calc)', 'hv01\n', '-x', 'hv01 x', "'", '`',
    'a/b', 'a@b', 'hv01#', '../x'])
def test_no_name_of_a_node_is_more_than_a_name(host):
    """It becomes a URL and a service principal."""
    pattern = access._HOST['pattern']
    assert not re.search(pattern, host)
    assert re.search(pattern, 'hv01.lab.example')


def test_every_command_of_an_endpoint_comes_from_a_question():
    """add_script and add_cmdlet take nothing else."""
    tree = ast.parse((ROOT / 'hv_sched/sources/winrm/endpoint.py'
                      ).read_text())
    given = [ast.unparse(call.args[0]) for call in ast.walk(tree)
             if isinstance(call, ast.Call)
             and isinstance(call.func, ast.Attribute)
             and call.func.attr in ('add_script', 'add_cmdlet',
                                    'add_argument', 'add_parameter')]
    assert sorted(given) == [
        "f'{package.functions()}\\n{question.call}\\n'",
        'question.function', 'switch']
