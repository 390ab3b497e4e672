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

"""What an operator sees of the cloud: one model, shown in four ways.

``model`` is the status as a value and ``build`` makes it of what Placement,
the source and the findings say; ``metrics``, ``page`` and ``csv status``
show it, and ``recorder`` is what the agent's parts report to.
"""
