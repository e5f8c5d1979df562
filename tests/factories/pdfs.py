"""PDFs that evidence must not be, crafted one sin at a time."""

import datetime as dt
import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pikepdf
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.factories.files import pdf_bytes


def saved(pdf: pikepdf.Pdf, **options: object) -> bytes:
    buffer = io.BytesIO()
    pdf.save(buffer, **options)
    return buffer.getvalue()


def opened() -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf_bytes()))


def encrypted(user: str = "bi-mat") -> bytes:
    """Encrypted; with an empty user password it opens without asking and still is."""
    return saved(opened(), encryption=pikepdf.Encryption(owner="chu", user=user))


def with_open_action_script() -> bytes:
    pdf = opened()
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('x')")
    return saved(pdf)


def with_script_in_names(*, in_object_streams: bool = True) -> bytes:
    pdf = opened()
    script = pdf.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="x"))
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", script])))
    mode = pikepdf.ObjectStreamMode.generate if in_object_streams else pikepdf.ObjectStreamMode.disable
    return saved(pdf, object_stream_mode=mode)


def with_launch() -> bytes:
    pdf = opened()
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=pikepdf.Array([0, 0, 10, 10]),
        A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe"),
    )
    pdf.pages[0].Annots = pikepdf.Array([link])
    return saved(pdf)


def with_page_actions() -> bytes:
    pdf = opened()
    pdf.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.URI, URI="http://example.vn"))
    return saved(pdf)


def with_xfa() -> bytes:
    pdf = opened()
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([]), XFA=pdf.make_stream(b"<xdp/>"))
    return saved(pdf)


def with_attachment() -> bytes:
    pdf = opened()
    pdf.attachments["a.exe"] = b"MZ"
    return saved(pdf)


def truncated() -> bytes:
    whole = pdf_bytes(pages=3)
    return whole[: len(whole) * 2 // 3]


def without_pages() -> bytes:
    pdf = opened()
    del pdf.pages[0]
    return saved(pdf)


def broken_startxref() -> bytes:
    return pdf_bytes().replace(b"startxref", b"startxref\n999999 %")


def signed(name: str = "Nguoi Ky Thu") -> bytes:
    """Signed by a certificate that signs itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    signer = signers.SimpleSigner(
        signing_cert=Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=SimpleCertificateStore(),
    )
    target = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf_bytes()))
    metadata = signers.PdfSignatureMetadata(field_name="ChuKy1")
    # In a thread of its own: the library runs an event loop, and Playwright's already runs in the thread of the tests.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(signers.sign_pdf, writer, metadata, signer=signer, output=target).result()
    return target.getvalue()


def bomb(decoded: int = 1200 * 1024 * 1024) -> bytes:
    """A few kilobytes whose objects stand in a stream that unpacks, twice compressed, to more than a gigabyte."""
    objects = [b"<</Type/Catalog/Pages 3 0 R>>", b"<</Type/Pages/Kids[4 0 R]/Count 1>>", b"<</Type/Page/Parent 3 0 R>>"]
    places, offset = [], 0
    for number, body in enumerate(objects, start=2):
        places.append(f"{number} {offset}")
        offset += len(body) + 1
    head = (" ".join(places) + " ").encode()
    inner, chunk = zlib.compressobj(1), b" " * (8 * 1024 * 1024)
    packed = [inner.compress(head + b" ".join(objects))]
    packed += [inner.compress(chunk) for _ in range(decoded // len(chunk))]
    stream = zlib.compress(b"".join([*packed, inner.flush()]), 9)
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    container = out.tell()
    out.write(
        b"1 0 obj\n<</Type/ObjStm/N 3/First %d/Filter[/FlateDecode/FlateDecode]/Length %d>>\nstream\n"
        % (len(head), len(stream))
    )
    out.write(stream + b"\nendstream\nendobj\n")
    table = out.tell()
    rows = [(0, 0, 0), (1, container, 0), (2, 1, 0), (2, 1, 1), (2, 1, 2), (1, table, 0)]
    entries = b"".join(struct.pack(">BIB", *row) for row in rows)
    out.write(b"5 0 obj\n<</Type/XRef/Size 6/W[1 4 1]/Root 2 0 R/Length %d>>\nstream\n" % len(entries))
    out.write(entries + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % table)
    return out.getvalue()


def page_of(megabytes: int, *, times: int = 1) -> bytes:
    """A small file whose only page unpacks to so much, compressed once or several times over."""
    packer, blank = zlib.compressobj(9), b" " * 1024**2
    data = b"".join([*(packer.compress(blank) for _ in range(megabytes)), packer.flush()])
    for _again in range(times - 1):
        data = zlib.compress(data, 9)
    pdf = opened()
    content = pikepdf.Stream(pdf, b"")
    content.write(data, filter=pikepdf.Array([pikepdf.Name.FlateDecode] * times))
    pdf.pages[0].Contents = pdf.make_indirect(content)
    del pdf.pages[1:]
    return saved(pdf, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def picture_of(width: int, height: int) -> bytes:
    """A page with a picture that says to be so large; what it holds is next to nothing."""
    pdf = opened()
    picture = pikepdf.Stream(pdf, zlib.compress(b"\0"))
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Width, picture.Height, picture.BitsPerComponent = width, height, 1
    picture.ColorSpace, picture.Filter = pikepdf.Name.DeviceGray, pikepdf.Name.FlateDecode
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=pdf.make_indirect(picture)))
    del pdf.pages[1:]
    return saved(pdf, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
