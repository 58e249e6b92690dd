"""Uploads come out as nothing but what can be seen."""

import io
import zipfile
import zlib

import pikepdf
import pytest
from PIL import Image

from portal.infra import images
from portal.infra.images import UploadRefused, clean, page_pictures, thumbnail

RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(width=60, height=40, mode="RGB", colour=RED):
    return Image.new(mode, (width, height), colour)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def document(pages=1, **options):
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(300, 400))
    change = options.pop("change", None)
    if change:
        change(pdf)
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def refusal(data):
    with pytest.raises(UploadRefused) as refused:
        clean(data)
    return refused.value.code


def test_a_photo_loses_its_place_and_camera():
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[2] = (25.0, 2.0, 3.0)
    before = saved(picture(), "JPEG", exif=exif, comment=b"taken at home")
    assert b"Camera maker" in before

    after = clean(before)

    assert after.kind == "image/jpeg"
    assert not opened(after.data).getexif()
    assert b"Camera" not in after.data
    assert b"taken at home" not in after.data
    assert b"Exif" not in after.data


def test_a_photo_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    after = clean(saved(picture(60, 40), "JPEG", exif=exif))
    assert (after.width, after.height) == (40, 60)
    assert opened(after.data).size == (40, 60)


def test_a_large_photo_is_brought_to_the_long_edge():
    after = clean(saved(picture(5200, 2600), "JPEG"))
    assert (after.width, after.height) == (2600, 1300)


def test_what_is_appended_to_a_png_is_gone_and_its_pixels_stay():
    before = saved(picture(), "PNG") + b"<html><script>alert(1)</script></html>"
    after = clean(before)
    assert after.kind == "image/png"
    assert b"script" not in after.data
    assert opened(after.data).getpixel((5, 5)) == RED


def test_transparency_of_a_png_is_kept():
    after = clean(saved(picture(mode="RGBA", colour=(*RED, 0)), "PNG"))
    assert opened(after.data).getpixel((0, 0))[3] == 0


def test_a_sixteen_bit_scan_keeps_its_shade():
    scan = Image.new("I;16", (20, 20), 40_000)
    assert opened(clean(saved(scan, "PNG")).data).getpixel((3, 3)) in (156, (156, 156, 156))


def test_a_webp_becomes_a_jpeg():
    after = clean(saved(picture(colour=BLUE), "WEBP"))
    assert after.kind == "image/jpeg"
    assert opened(after.data).format == "JPEG"


def test_a_moving_webp_and_a_moving_png_are_refused():
    for kind in ("WEBP", "PNG"):
        moving = saved(picture(), kind, save_all=True, append_images=[picture(colour=BLUE)])
        assert refusal(moving) == "upload_animated"


def test_a_telephone_photo_with_a_second_picture_keeps_the_first():
    both = saved(picture(), "MPO", save_all=True, append_images=[picture(colour=BLUE)])
    red, _, blue = opened(clean(both).data).getpixel((5, 5))
    assert red > blue


def test_a_zip_called_jpg_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    assert refusal(out.getvalue()) == "upload_kind"


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\x01\x00"]
)
def test_other_kinds_are_refused(data):
    assert refusal(data) == "upload_kind"


def test_a_gif_is_refused_although_it_could_be_decoded():
    assert refusal(saved(picture().convert("P"), "GIF")) == "upload_kind"


def test_half_a_photo_is_refused():
    whole = saved(Image.effect_noise((200, 200), 60).convert("RGB"), "JPEG")
    assert refusal(whole[: len(whole) // 2]) == "upload_not_readable"


def png_header(width, height):
    header = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x00\x00\x00\x00"

    def chunk(name, body):
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_a_picture_of_41_million_pixels_is_refused_before_it_is_decoded():
    assert refusal(png_header(8200, 5000)) == "upload_too_many_pixels"
    assert refusal(png_header(60_000, 60_000)) == "upload_too_many_pixels"


def test_a_picture_of_40_million_pixels_fits_the_memory_of_the_child():
    after = clean(saved(Image.new("RGBA", (8000, 5000), (*RED, 255)), "PNG", compress_level=1))
    assert (after.width, after.height) == (2600, 1625)


def test_a_file_over_20_megabytes_is_refused():
    assert refusal(b"\xff\xd8\xff" + bytes(images.MAX_BYTES)) == "upload_too_large"


def test_a_locked_pdf_is_refused_with_either_password():
    lock = pikepdf.Encryption(owner="owner", user="user")
    assert refusal(document(encryption=lock)) == "upload_pdf_locked"
    assert refusal(document(encryption=pikepdf.Encryption(owner="owner", user=""))) == "upload_pdf_locked"


def test_a_pdf_of_51_pages_is_refused_and_of_50_taken():
    assert refusal(document(51)) == "upload_pdf_pages"
    assert clean(document(50)).pages == 50


def test_a_broken_pdf_is_refused():
    assert refusal(b"%PDF-1.7\nnothing here") == "upload_not_readable"


def active(pdf):
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('boo')"))
    pdf.Root.OpenAction = pdf.make_indirect(script)
    pdf.Root.AA = pikepdf.Dictionary(WC=script)
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=pikepdf.Array(["a", script])))
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=pikepdf.Array([0, 0, 50, 50]),
        A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://example.org/track")),
    )
    pdf.pages[0].Annots = pikepdf.Array([pdf.make_indirect(link)])
    pdf.pages[0].AA = pikepdf.Dictionary(O=script)
    pdf.attachments["payload.exe"] = b"MZ payload"
    pdf.docinfo["/Author"] = "Secret Author"


def test_a_pdf_loses_scripts_actions_attachments_links_and_author():
    after = clean(document(2, change=active))
    assert (after.kind, after.pages, after.width, after.height) == ("application/pdf", 2, 300, 400)
    with pikepdf.open(io.BytesIO(after.data)) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        assert "/AA" not in pdf.pages[0]
        assert "/Annots" not in pdf.pages[0]
        assert not dict(pdf.docinfo)
        rest = io.BytesIO()
        pdf.save(rest, qdf=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    for trace in (b"boo", b"JavaScript", b"example.org", b"payload", b"Secret"):
        assert trace not in rest.getvalue()


def test_a_file_that_is_picture_and_pdf_at_once_is_only_the_picture_afterwards():
    after = clean(saved(picture(), "JPEG") + document())
    assert after.kind == "image/jpeg"
    assert b"%PDF" not in after.data


def test_a_pdf_behind_other_bytes_is_refused():
    assert refusal(b"MZ\x90\x00" + document()) == "upload_kind"


def test_staff_see_pictures_of_the_pages():
    pictures = page_pictures(clean(document(3)).data)
    assert [opened(data).format for data in pictures] == ["JPEG"] * 3
    assert max(opened(pictures[0]).size) == 1400


def test_a_picture_is_its_own_only_page():
    (only,) = page_pictures(clean(saved(picture(3000, 1500), "JPEG")).data)
    assert max(opened(only).size) == 1400


def test_a_thumbnail_is_small_for_pictures_and_documents():
    for data in (saved(picture(900, 600), "PNG"), document()):
        small = opened(thumbnail(clean(data).data))
        assert small.format == "JPEG"
        assert max(small.size) <= 320


def bomb(pdf):
    page = pdf.pages[0]
    page.Contents = pdf.make_stream(
        zlib.compress(b"0 0 1 1 re f\n" * 8_000_000, 9), Filter=pikepdf.Name.FlateDecode
    )


def test_a_pdf_that_unpacks_to_hundreds_of_megabytes_ends_in_the_child():
    with pytest.raises(UploadRefused):
        page_pictures(document(change=bomb))


def test_the_child_sees_no_environment_and_no_portal(monkeypatch):
    monkeypatch.setenv("PORTAL_MASTER_KEY", "secret")
    seen = {}
    run = images.subprocess.run

    def watched(command, **options):
        seen.update(options, command=command)
        return run(command, **options)

    monkeypatch.setattr(images.subprocess, "run", watched)
    clean(saved(picture(), "PNG"))
    assert seen["env"] == {}
    assert "-I" in seen["command"]


def test_one_page_is_pictured_without_the_others():
    pdf = clean(document(pages=3)).data

    assert images.page_picture(pdf, 2) == page_pictures(pdf)[1]
