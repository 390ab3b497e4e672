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

"""What reading something may cost, whatever is in it."""

import contextlib
import signal
import time
import tracemalloc

# A small body costs what any does; a large one so much for each byte.
MEMORY_BYTES, MEMORY_BYTES_PER_BYTE = 8 * 1024 ** 2, 400
# Of the processor, not of the clock: the machine may be busy.
CPU_SECONDS, CPU_SECONDS_PER_MEGABYTE = 10, 120
# Of the clock: whatever waits as long waits for ever.
HANG_SECONDS = 900


@contextlib.contextmanager
def bounded(size):
    """What is read in the block costs no more than such a size may.

    Also where it ends in an error, as most of what is hostile does.

    :param size: in bytes
    """
    start = time.process_time()
    with _ended():
        tracemalloc.start()
        try:
            yield
        finally:
            peak_bytes = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            seconds = time.process_time() - start
            assert peak_bytes < MEMORY_BYTES + MEMORY_BYTES_PER_BYTE * size
            assert seconds < (
                CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * size / 1e6)


@contextlib.contextmanager
def _ended():
    """What hangs in the block fails with the line it hangs in."""
    def fail(_signum, _frame):
        raise AssertionError(f'not over after {HANG_SECONDS} seconds')

    former = signal.signal(signal.SIGALRM, fail)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
