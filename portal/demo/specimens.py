"""Pictures of documents that nobody could take for real ones."""

from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from portal.services import files
from portal.services.files import Upload
from portal.vocabulary import ProofKind

SIZE = (1000, 640)
PAPER, INK, FAINT, MARK = "#f6f3ea", "#3b4650", "#c9c4b6", "#b23a2e"
TITLES = {
    ProofKind.IDENTITY: "IDENTITY CARD",
    ProofKind.RESIDENCE: "PROOF OF RESIDENCE",
    ProofKind.INCOME: "PROOF OF INCOME",
    ProofKind.OTHER: "DOCUMENT",
}


@cache
def upload(kind: ProofKind, *, blurred: bool = False) -> Upload:
    """Return a specimen as it is after an upload was cleaned. `blurred`: nobody can read it."""
    return files.cleaned(_picture(kind, blurred))


def _picture(kind: ProofKind, blurred: bool) -> bytes:
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((24, 24, SIZE[0] - 24, SIZE[1] - 24), outline=INK, width=4)
    pen.text((64, 64), TITLES[kind], fill=INK, font=ImageFont.load_default(54))
    for line in range(5):
        pen.rectangle((64, 180 + line * 60, 420 + 90 * (line % 3), 204 + line * 60), fill=FAINT)
    pen.rectangle((720, 180, 920, 430), outline=FAINT, width=6)
    pen.text(
        (64, 520), "SPECIMEN - not a document, belongs to nobody", fill=MARK, font=ImageFont.load_default(36)
    )
    if blurred:
        image = image.resize((SIZE[0] // 40, SIZE[1] // 40)).resize(SIZE, Image.Resampling.BILINEAR)
    data = BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
