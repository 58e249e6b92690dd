"""Opens one uploaded file in a process of its own, with little memory, little time and no environment.

Run by path (`uploads_child.py clean|pages|page N|thumbnail`), so that it imports nothing of the portal. The
file comes in on standard input; out go one line of JSON (`{"kind", "width", "height", "pages", "sizes"}` or
`{"refused": code}`) and then the results, one after the other, as long as `sizes` says."""

import io
import json
import resource
import sys
import warnings
from typing import Any

MEMORY = 600 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 10
OUTPUT = 50 * 1024 * 1024  # bytes in any file the process writes, its answer included

MAX_PIXELS = 40_000_000
LONG_EDGE = 2600
PAGE_EDGE = 1400
THUMBNAIL_EDGE = 320
MAX_PAGES = 50
JPEG_QUALITY = 85

SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


class Refusal(Exception):
    """The file is not taken; the code says why."""


def limit() -> None:
    """Give up memory, time and file size before the first byte is read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_image(data: bytes) -> tuple[Any, bool]:
    """The first frame, upright, at most LONG_EDGE, nothing but its pixels; and whether PNG suits it."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        image: Any = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"])
    except UnidentifiedImageError:
        raise Refusal("upload_not_readable" if data.startswith(SIGNATURES) else "upload_kind") from None
    if image.width * image.height > MAX_PIXELS:
        raise Refusal("upload_too_many_pixels")
    # Telephones put a second picture behind a JPEG; only a moving PNG or WebP would lose its meaning.
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise Refusal("upload_animated")
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (LONG_EDGE, LONG_EDGE))
    image.load()
    wants_png = image.format == "PNG" or image.has_transparency_data
    if image.mode not in ("RGB", "RGBA", "L"):
        image = to_eight_bits(image)
    image.thumbnail((LONG_EDGE, LONG_EDGE))
    image = ImageOps.exif_transpose(image)
    image.info = {}  # Pillow would write comments, profiles and resolution from here
    return image, wants_png


def to_eight_bits(image: Any) -> Any:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def encoded(image: Any, *, png: bool = False) -> bytes:
    out = io.BytesIO()
    if png:
        image.save(out, "PNG", optimize=False)
    else:
        image.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return out.getvalue()


def clean(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if data.startswith(b"%PDF-"):
        return clean_pdf(data)
    image, png = open_image(data)
    answer = {"kind": "image/png" if png else "image/jpeg", "width": image.width, "height": image.height}
    return answer | {"pages": 1}, [encoded(image, png=png)]


def open_pdf(data: bytes) -> Any:
    import pikepdf

    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        raise Refusal("upload_pdf_locked") from None
    if pdf.is_encrypted:
        raise Refusal("upload_pdf_locked")
    if len(pdf.pages) > MAX_PAGES:
        raise Refusal("upload_pdf_pages")
    if not pdf.pages:
        raise Refusal("upload_not_readable")
    return pdf


def clean_pdf(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The pages alone: no script, action, attachment, form, link, outline or metadata is carried over."""
    import pikepdf

    pdf = open_pdf(data)
    sanitizer = pikepdf.sanitize.Sanitizer()
    for removal in dir(sanitizer):
        if removal.startswith("remove_"):
            getattr(sanitizer, removal)()
    sanitizer.apply(pdf)
    pdf.flatten_annotations("screen")
    fresh = pikepdf.new()
    fresh.pages.extend(pdf.pages)
    for page in fresh.pages:
        for key in ("/Annots", "/AA", "/Metadata", "/PieceInfo", "/Thumb", "/AF", "/StructParents"):
            if key in page:
                del page[key]
    for entry in fresh.objects:
        if isinstance(entry, pikepdf.Dictionary | pikepdf.Stream) and "/Metadata" in entry:
            del entry["/Metadata"]
    out = io.BytesIO()
    fresh.save(out)
    box = fresh.pages[0].mediabox
    width, height = round(abs(float(box[2] - box[0]))), round(abs(float(box[3] - box[1])))
    answer = {"kind": "application/pdf", "width": width, "height": height, "pages": len(fresh.pages)}
    return answer, [out.getvalue()]


def page_pictures(data: bytes, *, edge: int, count: int, first: int = 1) -> list[bytes]:
    """JPEG pictures of `count` pages from page `first` on, long edge `edge` pixels."""
    import pypdfium2

    pictures = []
    document = pypdfium2.PdfDocument(data)
    if len(document) > MAX_PAGES:
        raise Refusal("upload_pdf_pages")
    for index in range(first - 1, min(first - 1 + count, len(document))):
        page = document[index]
        scale = edge / max(*page.get_size(), 1)
        pictures.append(encoded(page.render(scale=scale).to_pil()))
        page.close()
    document.close()
    return pictures


def pages(data: bytes, *, first: int = 1, count: int = MAX_PAGES) -> tuple[dict[str, Any], list[bytes]]:
    if data.startswith(b"%PDF-"):
        return {}, page_pictures(data, edge=PAGE_EDGE, count=count, first=first)
    image, _ = open_image(data)
    image.thumbnail((PAGE_EDGE, PAGE_EDGE))
    return {}, [encoded(image)]


def page(data: bytes, number: str) -> tuple[dict[str, Any], list[bytes]]:
    return pages(data, first=int(number), count=1)


def thumbnail(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if data.startswith(b"%PDF-"):
        return {}, page_pictures(data, edge=THUMBNAIL_EDGE, count=1)
    image, _ = open_image(data)
    image.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
    return {}, [encoded(image)]


TASKS: dict[str, Any] = {"clean": clean, "pages": pages, "page": page, "thumbnail": thumbnail}


def answer(task: str, data: bytes, *arguments: str) -> tuple[dict[str, Any], list[bytes]]:
    """Do the task; a file that breaks its decoder is refused, whatever the decoder raises."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        done: tuple[dict[str, Any], list[bytes]] = TASKS[task](data, *arguments)
        return done
    except Refusal as refusal:
        return {"refused": str(refusal)}, []
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"refused": "upload_too_many_pixels"}, []
    except MemoryError:
        return {"refused": "upload_too_large"}, []
    except Exception as problem:  # decoders raise anything on hostile bytes; the kind goes to the log
        return {"refused": "upload_not_readable", "why": type(problem).__name__}, []


def main() -> None:
    limit()
    facts, results = answer(sys.argv[1], sys.stdin.buffer.read(), *sys.argv[2:])
    header = json.dumps(facts | {"sizes": [len(result) for result in results]})
    for part in (header.encode() + b"\n", *results):
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
