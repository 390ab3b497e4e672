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

"""``csv collect``."""

import argparse
import os
import pathlib
from typing import Any

from osc_lib.command import command

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.osc import base
from hv_sched.osc import cluster_option
from hv_sched.osc import format_columns
from hv_sched.sources import unknown
from hv_sched.sources.overrides import template
from hv_sched.sources.windows import package
from hv_sched.sources.windows import redact
from hv_sched.sources.winrm import rights as winrm_rights

LOG = printable.logger(__name__)
COLUMNS = ('Cluster', 'Kind', 'Name', 'Not Known', 'Why')
CHECK_COLUMNS = ('Cluster', 'Node', 'Rights', 'Not Known')


class Collect(base.SourceCommand, command.Lister):
    """Show what a source says of the clusters, and what it leaves open

    Without an option: every fact that is not known, and why. What is not
    known is kept as it stands in Placement. The options print the script for
    the Windows nodes, what the nodes answered, or an overrides file to
    start from.

    With --check each node is asked for everything, to see which rights the
    account has there: JEA, administrator, read-only access to the cluster,
    log-in only, none. Exit code 0: no node lacks more than its kind of rights
    does; 4: some do, or do not answer.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        output = parser.add_mutually_exclusive_group()
        output.add_argument(
            '--print-script', action='store_true',
            help='Print the PowerShell script that reads a node; it changes '
                 'nothing there')
        output.add_argument(
            '--print-task', action='store_true',
            help='Print the script for a scheduled task, which leaves its '
                 'answers in two files')
        output.add_argument(
            '--write-jea', metavar='<folder>',
            help='Write the files of a JEA endpoint into a new folder')
        output.add_argument(
            '--raw', action='store_true',
            help='Print what the nodes answered, line by line')
        output.add_argument(
            '--init', action='store_true',
            help='Print an overrides file with a commented line for each '
                 'decision that is open')
        output.add_argument(
            '--check', action='store_true',
            help='Show which rights the account has on each node, and what '
                 'cannot be known with them')
        parser.add_argument(
            '--redact', action='store_true',
            help='With --raw: other names and GUIDs in place of yours, and '
                 'no texts of errors')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        with base.user_errors():
            text = self._text(parsed_args)
        if text is None:
            return int(super().run(parsed_args))
        self.app.stdout.write(text)
        return exit_codes.OK

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        if parsed_args.check:
            return self._check(parsed_args)
        facts = self._selected_facts(parsed_args)
        rows = [(each.cluster, each.kind, each.name, each.field, each.reason)
                for each in unknown.unknown(facts)]
        rows += [(problem.cluster or '', 'source', problem.where,
                  problem.code, problem.message)
                 for problem in facts.problems]
        if any(problem.freezes for problem in facts.problems):
            self.exit_code = exit_codes.PARTIAL
        return COLUMNS, rows

    def _selected_facts(self, parsed_args: argparse.Namespace) -> model.Facts:
        return cluster_option.only(self.required_facts(
            self.conf(parsed_args), parsed_args), parsed_args.cluster)

    def _check(self, parsed_args: argparse.Namespace) -> Any:
        path, source_type = self._source(parsed_args)
        rights = [node for node in sources.rights(path, source_type)
                  if cluster_option.is_selected(
                      node.cluster, parsed_args.cluster)]
        uneven = winrm_rights.uneven(rights)
        for cluster in uneven:
            LOG.warning('Cluster %s: the rights differ from node to node, and '
                        'any node may answer for the cluster: what is known '
                        'of it comes and goes', cluster)
        if uneven or not all(node.is_sound for node in rights):
            self.exit_code = exit_codes.PARTIAL
        return CHECK_COLUMNS, [
            (node.cluster, node.node, node.tier.value,
             format_columns.UnknownSectionsColumn(node)) for node in rights]

    def _text(self, parsed_args: argparse.Namespace) -> str | None:
        """What is printed as it is; None when a table is."""
        if parsed_args.redact and not parsed_args.raw:
            raise exception.InvalidConfig(
                '--redact is for --raw: what the nodes answered')
        if parsed_args.raw and parsed_args.cluster:
            raise exception.InvalidConfig(
                '--raw prints what all nodes answered: leave out --cluster')
        if parsed_args.print_script:
            return package.script()
        if parsed_args.print_task:
            return package.task()
        if parsed_args.write_jea is not None:
            return _write(parsed_args.write_jea, package.jea())
        if parsed_args.raw:
            text = sources.answers(*self._source(parsed_args))
            return redact.redacted(text) if parsed_args.redact else text
        if parsed_args.init:
            return template.text(self._selected_facts(parsed_args))
        return None

    def _source(self, parsed_args: argparse.Namespace) -> tuple[str, str]:
        """Path and type."""
        options = self.conf(parsed_args).hv_sched
        path: str = parsed_args.source or options.source
        if not path:
            raise exception.InvalidConfig(base.NO_SOURCE)
        return path, options.source_type


def _write(folder: str, files: dict[str, str]) -> str:
    """Write new files below a new folder; names those that were written.

    :raises InvalidConfig: the folder exists, or cannot be written
    """
    try:
        os.mkdir(folder)
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, 'ascii', newline='\r\n')
    except OSError as exc:
        raise exception.InvalidConfig(
            f'{folder or repr(folder)}: {exc.strerror}: name a folder that '
            'does not exist yet, where you may write') from exc
    return ''.join(f'{os.path.join(folder, name)}\n' for name in files)
