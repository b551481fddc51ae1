"""TLS on both transports: renewal without a restart, and certificates of clients."""

import shutil

import grpc
import pytest

from scoring_server.config import TRANSPORT_FAST, TRANSPORT_STOCK, TlsConfig
from scoring_server.errors import ConfigurationError
from scoring_server.rpc.client import ScoringClient
from scoring_server.rpc.client_tls import ClientTls
from tests.integration.scoring_server.messages import payment
from tests.support.certificates import Authority


@pytest.fixture(params=[TRANSPORT_FAST, TRANSPORT_STOCK])
def transport(request) -> str:
    return request.param


@pytest.fixture
def authority() -> Authority:
    return Authority("first")


def scores(target: str, tls: ClientTls | None, number: int) -> bool:
    """Say whether a new connection is accepted."""
    with ScoringClient(target, tls=tls) as client:
        try:
            client.score(payment(number), timeout_s=2)
        except grpc.RpcError:
            return False
        return True


def test_renewed_certificate_is_shown_to_new_connections(start, transport, authority, tmp_path):
    cert, key = authority.issue(tmp_path, "server")
    old = ClientTls(authority.write(tmp_path / "old.pem"))
    application = start(tls=TlsConfig(cert, key), scoring_transport=transport)
    target = f"localhost:{application.grpc_port}"
    following = Authority("second")
    new = ClientTls(following.write(tmp_path / "new.pem"))
    with ScoringClient(target, tls=old) as before:
        before.score(payment(1))
        assert not scores(target, new, 2)
        following.issue(tmp_path, "server")
        assert scores(target, new, 3)
        assert not scores(target, old, 4)
        # An open connection goes on.
        before.score(payment(5))
    assert not scores(target, None, 6)


def test_unusable_renewal_leaves_the_old_certificate_in_place(
    start, transport, authority, tmp_path, capsys
):
    cert, key = authority.issue(tmp_path, "server")
    trusted = ClientTls(authority.write(tmp_path / "ca.pem"))
    application = start(tls=TlsConfig(cert, key), scoring_transport=transport)
    target = f"localhost:{application.grpc_port}"
    (tmp_path / "other").mkdir()
    other_cert, other_key = authority.issue(tmp_path / "other", "server")
    # Half of a renewal, then no PEM at all, then nothing, then the whole.
    shutil.copy(other_key, key)
    assert scores(target, trusted, 1)
    cert.write_text("no certificate")
    assert scores(target, trusted, 2)
    cert.unlink()
    assert scores(target, trusted, 3)
    shutil.copy(other_cert, cert)
    assert scores(target, trusted, 4)
    logged = "".join(capsys.readouterr())
    assert "certificates_unusable" in logged
    assert "PRIVATE KEY" not in logged


def test_clients_must_show_a_certificate_of_the_authority(start, transport, authority, tmp_path):
    ca = authority.write(tmp_path / "ca.pem")
    cert, key = authority.issue(tmp_path, "server")
    application = start(tls=TlsConfig(cert, key, ca), scoring_transport=transport)
    target = f"localhost:{application.grpc_port}"
    assert scores(target, ClientTls(ca, *authority.issue(tmp_path, "client")), 1)
    assert not scores(target, ClientTls(ca), 2)
    stranger = Authority("stranger").issue(tmp_path, "stranger")
    assert not scores(target, ClientTls(ca, *stranger), 3)


def test_name_in_the_certificate_may_be_another_than_that_of_the_target(start, authority, tmp_path):
    cert, key = authority.issue(tmp_path, "scoring.example")
    ca = authority.write(tmp_path / "ca.pem")
    application = start(tls=TlsConfig(cert, key))
    assert not scores(application.target, ClientTls(ca), 1)
    assert scores(application.target, ClientTls(ca, name="scoring.example"), 2)


def test_server_does_not_start_with_files_that_do_not_belong_together(start, authority, tmp_path):
    cert, _ = authority.issue(tmp_path, "server")
    _, key = authority.issue(tmp_path, "other")
    with pytest.raises(ConfigurationError, match="the key is another certificate's"):
        start(tls=TlsConfig(cert, key))
    key.write_text("no key")
    with pytest.raises(ConfigurationError, match="TLS_KEY"):
        start(tls=TlsConfig(cert, key))
