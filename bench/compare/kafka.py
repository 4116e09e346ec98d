"""A Kafka broker on this machine: the real one (scripts/fetch_kafka.sh), or kseek's in-process test broker."""

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from measure import die_with_parent, empty

_READY = "Transitioning from RECOVERY to RUNNING"
_START_LIMIT_S = 120
PARTITIONS = 4
TOPIC = "bench"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """Use with `with`: it ends the broker and removes its files."""

    def __init__(self, name, address, process, directory):
        self.name, self.address, self.process, self.directory = name, address, process, directory

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        empty(self.directory)


def _properties(directory, port, controller_port):
    return f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={directory}/data
num.partitions={PARTITIONS}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
"""


def start_real(repository, work, more_settings=""):
    """Raises OSError when Kafka can't be had or does not start: the text says why. `more_settings`: lines of
    server.properties, which override those above them."""
    fetched = subprocess.run([repository / "scripts/fetch_kafka.sh"], capture_output=True, text=True)
    if fetched.returncode != 0:
        raise OSError(fetched.stderr.strip() or "scripts/fetch_kafka.sh failed")
    jars = fetched.stdout.strip().splitlines()[-1] + "/jars/*"
    directory = Path(tempfile.mkdtemp(prefix="kafka", dir=work))
    port = _free_port()
    settings = directory / "server.properties"
    settings.write_text(_properties(directory, port, _free_port()) + more_settings)
    (directory / "log4j.properties").write_text(
        "log4j.rootLogger=INFO, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
        "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
        "log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n\n")
    java = ["java", "-Xmx1g", f"-Dlog4j.configuration=file:{directory}/log4j.properties", "-cp", jars]
    subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", "a3NlZWstdGVzdC1jbHVzdA", "-c", settings],
                   check=True, capture_output=True)
    log = directory / "server.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([*java, "kafka.Kafka", settings], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                   preexec_fn=die_with_parent)
    broker = Broker("Apache Kafka 3.9.1", f"127.0.0.1:{port}", process, directory)
    deadline = time.monotonic() + _START_LIMIT_S
    while _READY not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            broker.__exit__()
            raise OSError("Kafka does not start")
        time.sleep(0.1)
    _create_topic(broker)
    return broker


def _create_topic(broker):
    """Asking for it makes it (auto.create.topics.enable), with num.partitions."""
    ask = ["kcat", "-L", "-b", broker.address, "-t", TOPIC, "-X", "allow.auto.create.topics=true"]
    deadline = time.monotonic() + _START_LIMIT_S
    while f"with {PARTITIONS} partitions" not in subprocess.run(ask, capture_output=True, text=True).stdout:
        if time.monotonic() > deadline:
            broker.__exit__()
            raise OSError("Kafka does not make the topic")
        time.sleep(0.1)


def start_test(kseek, work):
    """kseek's own: keeps 5 MiB a partition, so it is for a few ten thousand messages."""
    directory = Path(tempfile.mkdtemp(prefix="broker", dir=work))
    process = subprocess.Popen([kseek, "broker", "--topic", f"{TOPIC}:{PARTITIONS}"], stdout=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
    address = process.stdout.readline().strip()
    if not address:
        process.wait()
        raise OSError("kseek broker does not start")
    return Broker("kseek's test broker", address, process, directory)


TEST_BROKER_MESSAGES = 40_000
