"""Real TLS on loopback: a certificate that does not hold ends the request, and no old version."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ccm_fhir.errors import EhrUnreachableError
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.wire import PinnedWire

SUPPORTED_VERSIONS = 43  # RFC 8446 §4.2.1
TLS_1_2, TLS_1_3 = 0x0304 - 1, 0x0304


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for localhost, in its dates, that nobody vouches for; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)  # noqa: TID251  # TLS reads the real clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


@contextmanager
def serving(file: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Run a TLS server that answers one request; yield its port and what it received."""
    received: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as connection:
                received.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        except OSError:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], received
    finally:
        listener.close()
        thread.join()


def gate(port: int) -> OutgoingGate:
    """Return the gate with its real socket end, for which loopback counts as any other host."""
    origin = Origin.of(f"https://localhost:{port}")
    wire = PinnedWire(allow_loopback=True, resolve=lambda _host, _port: ("127.0.0.1",))
    return OutgoingGate(origins=frozenset({origin}), transport=wire)


@pytest.mark.proves("R1", "S15")
def test_a_server_whose_certificate_nobody_vouches_for_is_sent_nothing(self_signed: Path) -> None:
    with serving(self_signed) as (port, received), pytest.raises(EhrUnreachableError):
        gate(port).get(f"https://localhost:{port}/fhir", what="reading a test")

    assert received == []


def test_the_same_server_answers_who_does_not_look(self_signed: Path) -> None:
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE

    with (
        serving(self_signed) as (port, received),
        socket.create_connection(("127.0.0.1", port)) as plain,
        careless.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"

    assert received


@pytest.mark.proves("R1", "S15")
def test_nothing_older_than_tls_1_2_is_offered() -> None:
    offered: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        connection, _ = listener.accept()
        with connection:
            offered.extend(versions(connection.recv(8192)))

    thread = threading.Thread(target=listen)
    thread.start()
    port = listener.getsockname()[1]
    with pytest.raises(EhrUnreachableError):
        gate(port).get(f"https://localhost:{port}/", what="reading a test")
    thread.join()
    listener.close()

    assert set(offered) == {TLS_1_2, TLS_1_3}


def versions(hello: bytes) -> list[int]:
    """Return the versions that a ClientHello offers (RFC 8446 §4.1.2)."""
    at = 5 + 4 + 2 + 32  # record, handshake, legacy version, random
    at += 1 + hello[at]  # session id
    at += 2 + struct.unpack_from(">H", hello, at)[0]  # cipher suites
    at += 1 + hello[at]  # compression
    end = at + 2 + struct.unpack_from(">H", hello, at)[0]
    at += 2
    while at < end:
        kind, length = struct.unpack_from(">HH", hello, at)
        if kind == SUPPORTED_VERSIONS:
            body = hello[at + 5 : at + 4 + length]
            return [int.from_bytes(body[i : i + 2]) for i in range(0, len(body), 2)]
        at += 4 + length
    return []
