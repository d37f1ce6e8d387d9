"""Pictures made and measured without a library."""

import struct
import zlib


def png(width, height):
    """Redder to the right, greener to the bottom."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(bytes((x * 255 // width, y * 255 // height, 0)) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def bmp(width, height):
    stride = (width * 3 + 3) // 4 * 4
    pixels = bytes(stride * height)
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + len(pixels), 0, 54, 40, width, height, 1, 24, 0, len(pixels), 0, 0, 0, 0) + pixels


def png_size(picture):
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", picture[16:24])


def png_pixel(picture):
    """Red, green and blue of the first pixel of a PNG of 8 bits a channel: no filter changes the first pixel of the first row, but
    that of the pixel to its left or above it, which are 0 there."""
    depth, kind = picture[24], picture[25]
    assert depth == 8 and kind in (2, 6)
    data, place = b"", 8
    while place < len(picture):
        length, name = struct.unpack(">I4s", picture[place:place + 8])
        if name == b"IDAT":
            data += picture[place + 8:place + 8 + length]
        place += 12 + length
    return tuple(zlib.decompress(data)[1:4])
