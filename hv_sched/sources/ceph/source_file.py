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

"""Source ``ceph``: a source of version 2 that says where its numbers are.

    version: 2
    clusters:
    - guid: 5f0c6d52-6c06-4b5e-9a37-0f6a4f2b9f11
      name: ceph1
      driver: libvirt-rbd
      nodes:
      - {name: kvm01}
      - {name: kvm02}
      volumes:
      - pool: vms
        fsid: 7d1c0a5e-5e5c-4a57-8d8a-3c5f1f4a2f10
        df: ceph-df.json
        du: rbd-du-vms.json

All fields but those of the numbers are a source's own, and checked as such.
Nothing is run: somebody else writes the files.
"""

import os
from typing import Any

from hv_sched.sources import files
from hv_sched.sources import static
from hv_sched.sources.ceph import document
from hv_sched.sources.ceph.document import Output


def load(path: str) -> Any:
    """The file as a source of version 2 with the numbers in it.

    :raises InvalidFacts: the file itself cannot be read
    """
    content = static.parse(files.text(path))
    return document.expanded(content, Folder(os.path.dirname(path)).read)


class Folder:
    """Reads the files that the source names, relative to its own folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    def read(self, name: str) -> Output:
        """:raises InvalidFacts: the file cannot be read"""
        path = os.path.join(self._path, name)
        text = files.text(path)
        return Output(text, files.modified_at(path))

