"""A certificate authority made for one run, and one certificate of it for this machine."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.servers.unprivileged import Account

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificates:
    """PEM files. Who trusts `ca_file` accepts `cert_file` for 127.0.0.1 and localhost, and for no other name."""

    ca_file: Path
    cert_file: Path
    key_file: Path


def write_certificates(folder: Path, account: Account) -> Certificates:
    """Make the files in `folder`; the key is for `account` alone."""
    files = Certificates(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = _name("Regia's tests")
    ca = _signed(ca_name, ca_name, ca_key.public_key(), ca_key, authority=True)
    cert = _signed(_name("localhost"), ca_name, key.public_key(), ca_key, authority=False)
    pem = serialization.Encoding.PEM
    files.ca_file.write_bytes(ca.public_bytes(pem))
    files.cert_file.write_bytes(cert.public_bytes(pem))
    files.key_file.touch(mode=0o600)
    form, unlocked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files.key_file.write_bytes(key.private_bytes(pem, form, unlocked))
    for path in (files.ca_file, files.cert_file, files.key_file):
        account.own(path)
    return files


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    """With all that strict checkers (Python 3.13's default context) want to see in RFC 5280's profile."""
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=authority), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(issued_by, critical=False)
    if not authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
