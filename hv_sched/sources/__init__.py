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

"""Reads the facts about the clusters: from files, or from the nodes."""

from collections.abc import Iterable
import os
from typing import Any

from hv_sched import exception
from hv_sched import model
from hv_sched.conf import choices
from hv_sched.sources import facts
from hv_sched.sources import files
from hv_sched.sources import overrides
from hv_sched.sources import source
from hv_sched.sources.ceph import source_file as ceph
from hv_sched.sources.windows import document
from hv_sched.sources.windows import raw
from hv_sched.sources.winrm import access as access_file
from hv_sched.sources.winrm import clusters as winrm
from hv_sched.sources.winrm.rights import NodeRights


def load(path: str, source_type: str = choices.AUTO,
         override_paths: Iterable[str] = (), max_age: float = 0
         ) -> model.Facts:
    """The facts in a file, or in all the files of a folder together.

    :param source_type: ``static`` (YAML) or ``json``, whatever a single
        file is called; ``auto`` goes by the ending of each file; with
        ``winrm`` the file says how the clusters are reached, with ``ceph``
        which files their numbers are in
    :param override_paths: files and folders of what only an operator
        decides; with none, the source alone counts
    :param max_age: in seconds; nodes that were asked within this time are
        not asked again for it
    :raises InvalidFacts: nothing in the source can be used
    :raises InvalidConfig: there is no such type of source
    """
    described = _described(path, source_type, max_age)
    paths = tuple(override_paths)
    return (overrides.apply(described, overrides.read(paths)) if paths
            else described)


def configured(options: Any, max_age: float = 0) -> model.Facts:
    """The facts as an agent's or a command's options say.

    :param options: the group [hv_sched] with a ``source``
    :param max_age: see ``load``
    :raises InvalidFacts: nothing in the source can be used
    """
    return load(options.source, options.source_type, options.overrides,
                max_age)


def is_asked_again(options: Any) -> None:
    """Say that the source will be asked again and again.

    A cluster that hangs is waited for less then.

    :param options: see ``configured``
    """
    if options.source_type == choices.WINRM:
        winrm.of(options.source).is_asked_again()


def check(options: Any) -> None:
    """Whether a source can be read, without asking any node.

    :param options: see ``configured``
    :raises InvalidFacts: nothing in it can be used
    :raises InvalidConfig: see ``load``
    """
    if options.source_type == choices.WINRM:
        access_file.load(options.source)
    else:
        load(options.source, options.source_type, options.overrides)


def answers(path: str, source_type: str) -> str:
    """The lines the nodes printed, of all clusters.

    :raises InvalidFacts: the source has none
    :raises InvalidConfig: see ``load``
    """
    if source_type == choices.WINRM:
        return winrm.of(path).text()
    names = ([] if source_type == choices.CEPH
             else files.of(path, _endings(source_type)))
    texts = [text for name in names if raw.is_raw(text := _named_text(name))]
    if not texts:
        raise exception.InvalidFacts(
            f'{path}: holds no answers of nodes: they come with source_type '
            'winrm, or from files of "csv collect --print-task"')
    # The last line of a file may have no end, and would swallow the next.
    return ''.join(text if text.endswith('\n') else f'{text}\n'
                   for text in texts)


def rights(path: str, source_type: str) -> list[NodeRights]:
    """Which rights an access file has on each node.

    :raises InvalidConfig: it is no source of that type, or see ``load``
    """
    if source_type != choices.WINRM:
        raise exception.InvalidConfig(
            f'rights are those of an access file: set [hv_sched]source_type '
            f'to {choices.WINRM} (it is {source_type})')
    return winrm.rights_of(path)


def _answers(name: str, text: str) -> tuple[raw.Answer, ...]:
    told = raw.answers(text)
    if not told:
        raise exception.InvalidFacts(
            'begins like the answer of a node, and has none')
    return raw.dated(told, files.modified_at(name))


def _named_text(name: str) -> str:
    """The text of a file; an error says of which."""
    try:
        return files.text(name)
    except exception.InvalidFacts as exc:
        raise exception.InvalidFacts(f'{name}: {exc}') from exc


def _described(path: str, source_type: str, max_age: float) -> model.Facts:
    if source_type == choices.WINRM:
        collected = winrm.of(path).collect(max_age)
        return facts.read([facts.Document(name, content)
                           for name, content in collected.documents],
                          collected.problems)
    if source_type == choices.CEPH:
        return facts.read([facts.Document(path, _expanded(path))])
    documents: list[facts.Document] = []
    problems = []
    told: list[raw.Answer] = []
    for name in files.of(path, _endings(source_type)):
        try:
            text = files.text(name)
            if raw.is_raw(text):
                told += _answers(name, text)
            else:
                documents.append(facts.Document(
                    name, _source(name, source_type).parse(text)))
        except exception.InvalidFacts as exc:
            problems.append(model.Problem(None, name, str(exc)))
    if told:
        # The nodes of a cluster write a file each: they are read together.
        documents += _of_nodes(path, told, problems)
    return facts.read(documents, problems)


def _expanded(path: str) -> Any:
    """:raises InvalidFacts: the file, by its name, cannot be read"""
    try:
        return ceph.load(path)
    except exception.InvalidFacts as exc:
        raise exception.InvalidFacts(f'{path}: {exc}') from exc


def _of_nodes(path: str, told: list[raw.Answer],
              problems: list[model.Problem]) -> list[facts.Document]:
    try:
        return [facts.Document(path, document.document(told))]
    except exception.InvalidFacts as exc:
        problems.append(model.Problem(None, path, str(exc)))
        return []


def _endings(source_type: str) -> tuple[str, ...]:
    if source_type == choices.AUTO:
        return source.all_endings()
    if source_type not in source.REGISTRY:
        raise exception.InvalidConfig(
            f'source_type {source_type!r} is not known; it is one of '
            f'{", ".join((choices.AUTO, *choices.SOURCE_TYPES))}')
    return source.REGISTRY[source_type].ENDINGS


def _source(name: str, source_type: str) -> source.Source:
    if source_type != choices.AUTO:
        return source.REGISTRY[source_type]
    chosen = source.of_ending(os.path.splitext(name)[1].lower())
    if chosen is None:
        raise exception.InvalidFacts(
            f'ends in none of {", ".join(source.all_endings())}; say what it '
            'is with source_type')
    return chosen
