"""Stores of several servers, plain or over TLS: Redis Sentinel and Redis Cluster, on loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme
from redis.crc import key_slot

from server.store.data_directory import dies_with_parent
from server.store.valkey_program import find_binary
from tests.faults.network import Network

# As docs/running.md advises: together with the vote, outages of two to six seconds. A cluster's
# vote that fails is held again after four times its timeout (4 s at least), so 2 s is too long.
NODE_TIMEOUT_MS = 1_000
DOWN_AFTER_MS = 2_000
# A vote that ends in a tie is held again after twice this: the outage stays under 8 s.
FAILOVER_TIMEOUT_MS = 1_500
MAX_LAG_SECONDS = 10
START_SECONDS = 30.0
KEPT = ("--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0")
NAME = "rooms"
# Below those that Linux gives to connections (net.ipv4.ip_local_port_range).
PORTS = range(20_000, 32_000)
SLOTS = 16_384
# More than the sockets between two servers hold: what is written after it is not sent.
CLOG_BYTES = 4 * 1024 * 1024
CLOGS = 6


def program_called(name: str) -> str:
    """Return the path of a server's program; skip the test where it is missing."""
    if name == "valkey":
        return str(find_binary())
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("Debian's package redis-server is not installed")
    return found


def free_port() -> int:
    """Return a port that nobody uses, of those that the kernel gives to no connection.

    Else one of thousands of clients might have it when the server starts, or starts again.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def until(true: Callable[[], Any], seconds: float = START_SECONDS) -> None:
    """Wait for something that happens elsewhere; a server that does not answer is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(0.05)


class Tls:
    """A certificate for this machine, and the authority that gave it, in files."""

    def __init__(self, directory: Path) -> None:
        """Make them."""
        directory.mkdir(parents=True, exist_ok=True)
        self.authority, self.certificate = directory / "authority.pem", directory / "server.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.authority)
        authority.issue_cert("127.0.0.1", "::1").private_key_and_cert_chain_pem.write_to_path(
            self.certificate
        )

    def options(self, port: int) -> tuple[str, ...]:
        """Return what a server is told instead of its port; it asks nobody for a certificate."""
        return (
            *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(self.certificate), "--tls-key-file", str(self.certificate)),
            *("--tls-ca-cert-file", str(self.authority)),
            *("--tls-replication", "yes", "--tls-cluster", "yes"),
        )


def url_of(kind: str, rest: str, tls: Tls | None) -> str:
    """Return the URL of a store, plain or over TLS."""
    return f"{kind}s://{rest}?ssl_ca_certs={tls.authority}" if tls else f"{kind}://{rest}"


@dataclass(frozen=True)
class Place:
    """Where a server runs: its address, and the words before its command."""

    host: str
    before: tuple[str, ...] = ()


HERE = Place("127.0.0.1")


class Server:
    """One server: its process, its port, a client of it."""

    def __init__(
        self,
        program: str,
        directory: Path,
        *options: str,
        config: Path | None = None,
        tls: Tls | None = None,
        place: Place = HERE,
    ) -> None:
        """Start it in a directory of its own; with a configuration it is a sentinel."""
        self.port = free_port()
        self.home = directory / str(self.port)
        self.home.mkdir(parents=True)
        self._command = [*place.before, program, *([str(config), "--sentinel"] if config else [])]
        self._command += tls.options(self.port) if tls else ("--port", str(self.port))
        self._command += ["--bind", place.host, *(("-::1",) if place is HERE else ())]
        self._command += ["--protected-mode", "no"]
        self._command += ["--dir", str(self.home), *(() if config else ("--save", "")), *options]
        self.client = redis.Redis(
            *(place.host, self.port),
            protocol=2,
            socket_timeout=2,
            ssl=tls is not None,
            ssl_ca_certs=str(tls.authority) if tls else None,
        )
        self.start()

    def start(self) -> None:
        """Start it, or start it again after a kill, and wait until it answers."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_parent(os.getpid()),
            )
        until(self.client.ping)

    def send(self, *words: Any) -> Any:
        """Send a command and return the answer."""
        client: Any = self.client
        return client.execute_command(*words)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.kill()
        self.process.wait()

    def info(self, word: str) -> str:
        """Return what it says of its replication."""
        return str(self.client.info("replication").get(word))

    def end(self) -> None:
        """End it and its client."""
        self.kill()
        self.client.close()


class Replicated:
    """Servers of which one is to take over when another dies: the parts of both kinds."""

    url: str
    servers: list[Server]

    def primary_of(self, key: str) -> Server:
        """Return the server that holds a key."""
        raise NotImplementedError

    def replica_of(self, primary: Server) -> Server:
        """Return a server that follows another."""
        return next(
            one
            for one in self.servers
            if one.process.poll() is None and one.info("master_port") == str(primary.port)
        )

    def hold_back(self, key: str) -> Server:
        """Let nothing more that is written come to the replica of a key, until it goes on."""
        primary = self.primary_of(key)
        replica = self.replica_of(primary)
        replica.signal(signal.SIGSTOP)
        clog = key.replace(":log", ":clog")
        for _ in range(CLOGS):
            primary.send("SET", clog, os.urandom(CLOG_BYTES), "EX", 60)
        return replica

    def return_as_replica(self, dead: Server) -> None:
        """Start a server again if it was killed, and wait until it follows who took over."""
        if dead.process.poll() is not None:
            dead.start()
        until(lambda: dead.info("role") == "slave" and dead.info("master_link_status") == "up")

    def end(self) -> None:
        """End everything."""
        for server in self.servers:
            server.end()


class Watched(Replicated):
    """A master, its replicas, and three sentinels of which two decide."""

    def __init__(
        self,
        program: str,
        directory: Path,
        tls: Tls | None = None,
        near: Place = HERE,
        far: Place = HERE,
        replicas: int = 1,
    ) -> None:
        """Start all, only the master at the near place; wait until they know each other.

        The first replica is to take over before the others.
        """
        self._tls = tls
        self._near, self._far = near.host, far
        master = Server(program, directory, *KEPT, tls=tls, place=near)
        follows = ("--replicaof", near.host, str(master.port))
        self.servers = [master]
        for number in range(1, replicas + 1):
            options = (*KEPT, *follows, "--replica-priority", str(number))
            self.servers.append(Server(program, directory, *options, tls=tls, place=far))
        self.sentinels = [self._sentinel(program, directory, master) for _ in range(3)]
        places = ",".join(f"{far.host}:{sentinel.port}" for sentinel in self.sentinels)
        self.url = url_of("sentinel", f"{places}/{NAME}", tls)
        until(lambda: all(self._is_ready(sentinel) for sentinel in self.sentinels))

    def _sentinel(self, program: str, directory: Path, master: Server) -> Server:
        config = directory / f"sentinel-{free_port()}.conf"
        config.write_text(
            f"sentinel monitor {NAME} {self._near} {master.port} 2\n"
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}\n"
        )
        return Server(program, directory, config=config, tls=self._tls, place=self._far)

    def _is_ready(self, sentinel: Server) -> bool:
        state: Any = sentinel.client.sentinel_master(NAME)
        slaves: Any = sentinel.client.sentinel_slaves(NAME)
        linked = [one for one in slaves if one["master-link-status"] == "ok"]
        return state["num-other-sentinels"] == 2 and len(linked) == len(self.servers) - 1

    def primary_of(self, key: str) -> Server:
        """Return the master."""
        address: Any = self.sentinels[0].client.sentinel_get_master_addr_by_name(NAME)
        _, port = address
        return next(server for server in self.servers if server.port == int(port))

    def end(self) -> None:
        """End everything."""
        super().end()
        for sentinel in self.sentinels:
            sentinel.end()


class CutOff(Watched):
    """Its replica and sentinels are in a network that can be cut off from us and the master."""

    def __init__(self, program: str, directory: Path, network: Network) -> None:
        """Start all; a master that hears of no replica for a while takes nothing."""
        self.network = network
        far = Place(network.guest, network.inside)
        super().__init__(program, directory, near=Place(network.host), far=far)
        self.servers[0].client.config_set("min-replicas-max-lag", MAX_LAG_SECONDS)
        self.servers[0].client.config_set("min-replicas-to-write", 1)


class Clustered(Replicated):
    """Three primaries with a replica each."""

    def __init__(self, program: str, directory: Path, tls: Tls | None = None) -> None:
        """Start all, share the slots out, and wait until the cluster is whole."""
        self._program = program
        self.servers = [self._node(program, directory, tls) for _ in range(6)]
        places = ",".join(f"127.0.0.1:{one.port}" for one in self.servers[:3])
        self.url = url_of("cluster", places, tls)
        primaries, replicas = self.servers[:3], self.servers[3:]
        bounds = [0, SLOTS // 3, 2 * SLOTS // 3, SLOTS]
        for number, node in enumerate(primaries):
            node.send("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
            node.send("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        first = self.servers[0]
        for node in self.servers[1:]:
            bus = int(node.client.config_get("cluster-port")["cluster-port"] or 0)
            first.send("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        until(lambda: all(self._knows_all(node) for node in self.servers))
        for primary, replica in zip(primaries, replicas, strict=True):
            replica.send("CLUSTER", "REPLICATE", self.id_of(primary))
        until(lambda: all(node.info("master_link_status") == "up" for node in replicas))
        until(lambda: all(self._is_whole(node) for node in self.servers))

    def _node(self, program: str, directory: Path, tls: Tls | None) -> Server:
        return Server(
            program,
            directory,
            *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
            *("--cluster-node-timeout", str(NODE_TIMEOUT_MS)),
            *("--cluster-allow-replica-migration", "no"),
            *KEPT,
            tls=tls,
        )

    def one_cut_off(self, directory: Path) -> Server:
        """Start a node that knows no other, and takes nearly all slots for its own."""
        node = self._node(self._program, directory, None)
        node.send("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 2)
        return node

    def _knows_all(self, node: Server) -> bool:
        known: bytes = node.send("CLUSTER", "NODES")
        return known.count(b"\n") == len(self.servers)

    def _is_whole(self, node: Server) -> bool:
        info: bytes = node.send("CLUSTER", "INFO")
        return b"cluster_state:ok" in info and len(node.send("CLUSTER", "SLOTS")) == 3

    def id_of(self, node: Server) -> str:
        """Return a node's id."""
        return str(node.send("CLUSTER", "MYID").decode())

    def primary_of(self, key: str) -> Server:
        """Return the primary that holds a key, as those that live know it."""
        slot = self.slot_of(key)
        living = next(one for one in self.servers if one.process.poll() is None)
        for first, last, primary, *_ in living.send("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(one for one in self.servers if one.port == primary[1])
        raise AssertionError(f"nobody has slot {slot}")

    def slot_of(self, key: str) -> int:
        """Return the slot of a key."""
        slot: int = key_slot(key.encode())
        return slot

    def move(self, key: str, pause_s: float, *, whole: bool = True) -> None:
        """Give the slot of a key to another primary, one key after the other, with pauses.

        Not `whole`: all keys are there, but the slot is not given yet; moving again gives it.
        """
        slot, source = self.slot_of(key), self.primary_of(key)
        ports = sorted({primary[1] for _, _, primary, *_ in source.send("CLUSTER", "SLOTS")})
        port = ports[(ports.index(source.port) + 1) % len(ports)]
        target = next(one for one in self.servers if one.port == port)
        target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))
        while keys := source.send("CLUSTER", "GETKEYSINSLOT", slot, 1):
            time.sleep(pause_s)
            source.send("MIGRATE", "127.0.0.1", port, "", 0, 2000, "KEYS", *keys)
        time.sleep(pause_s)
        for node in (target, source) if whole else ():
            node.send("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(target))
