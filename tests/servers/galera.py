"""A cluster of two MariaDB servers that both take writes: conflicts between them are found when a transaction commits."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pymysql.cursors

from tests.servers import databases, process

USER = "mysql"
LIBRARY = "/usr/lib/galera/libgalera_smm.so"
NODES = 2


class Node:
    """One server of a cluster; it takes what the others have before it is ready."""

    def __init__(self, where: Path, number: int, peers: list[int]) -> None:
        self.port = process.free_port()
        self._socket = str(where / f"socket{number}")
        mine = f"gmcast.listen_addr=tcp://127.0.0.1:{peers[number]};ist.recv_addr=127.0.0.1:{process.free_port()}"
        options = [
            "--no-defaults",
            f"--datadir={where}/data{number}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._socket}",
            f"--pid-file={where}/pid{number}",
            "--skip-name-resolve",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
            "--wsrep-on=ON",
            f"--wsrep-provider={LIBRARY}",
            f"--wsrep-provider-options={mine};gcache.size=16M",
            f"--wsrep-cluster-address=gcomm://{','.join(f'127.0.0.1:{peer}' for peer in peers)}",
            f"--wsrep-node-address=127.0.0.1:{peers[number]}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{process.free_port()}",
            *(["--wsrep-new-cluster"] if number == 0 else []),
        ]
        self.process = process.Process(("mariadbd", *options), USER, where / f"log{number}", self._answers)

    def _connect(self) -> "pymysql.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(unix_socket=self._socket, user="root", autocommit=True)

    def _answers(self) -> bool:
        if not process.listens(self.port):  # the library leaves a socket behind where nobody listens
            return False
        with suppress(pymysql.Error), closing(self._connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'wsrep_ready'")
            return ("wsrep_ready", "ON") in cursor.fetchall()
        return False

    def url(self, name: str) -> str:
        """How a database of the cluster is reached through this server."""
        return f"mysql+pymysql://{databases.USER}:{databases.USER}@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    def create(self, name: str) -> None:
        """An empty database on all servers."""
        grant = f"GRANT ALL ON {name}.* TO {databases.USER}@'127.0.0.1' IDENTIFIED BY '{databases.USER}'"
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            for statement in (f"CREATE DATABASE {name} CHARACTER SET utf8mb4", grant):
                cursor.execute(statement)


@contextmanager
def cluster() -> Iterator[list[Node]]:
    """The servers of a cluster, gone at the end with all it held."""
    with process.folder(USER, in_memory=True) as where:
        peers = [process.free_port() for _ in range(NODES)]
        nodes = [Node(where, number, peers) for number in range(NODES)]
        databases.install_mariadb(where / "data0")
        process.command("mkdir", str(where / "data1"), user=USER)
        try:
            for node in nodes:
                node.process.start()
            yield nodes
        finally:
            for node in nodes:
                node.process.stop()
