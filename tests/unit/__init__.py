
import os

# Nova 28's validators import its commands, which would make this process
# one of eventlet's; what is tested here runs in nova-api and in plain threads.
os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', '1')
