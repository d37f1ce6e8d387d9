"""Files and images over plain HTTP: uploaded, fetched, made smaller, deleted (feeds 2.12, M1–M9, P11, P25)."""

import re

import pytest
import requests
from api import API, POLICY_REFUSAL, refusal, without_duration
from conftest import required
from pictures import bmp, png, png_pixel, png_size


@pytest.fixture(scope="module")
def api():
    required("BASE_URL")
    return API(required("API_KEY"), required("API_SECRET"))


@pytest.fixture(scope="module")
def other():
    required("BASE_URL")
    return API(required("APP2_KEY"), required("APP2_SECRET"))


def uploaded(api, path, content, **options):
    answer = api.upload(path, content, **options)
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"file", "duration"}
    return answer.json()["file"]


def fetch(url, method="GET", **headers):
    return requests.request(method, url, headers=headers, timeout=30)


# M1


def test_an_upload_is_fetched_by_its_address_without_a_token(api):
    url = uploaded(api, "files/", b"hello\n", type="text/plain")
    assert re.fullmatch(re.escape(api.base) + r"/files/\d+/[0-9a-f]{32}/helloworld\.txt\?sig=[\w-]+", url)
    assert "helloworld.txt?" in url
    file = fetch(url)
    assert (file.status_code, file.content, file.headers["Content-Type"]) == (200, b"hello\n", "text/plain")
    assert file.headers["Access-Control-Allow-Origin"] == "*"
    head = fetch(url, "HEAD")
    assert head.status_code == 200 and head.headers["Content-Length"] == "6" and head.content == b""
    assert fetch(url, **{"If-None-Match": file.headers["ETag"]}).status_code == 304


def test_a_large_upload_comes_back_whole_and_in_parts(api):
    content = bytes(range(256)) * 4 * 4000  # 4 MB: more than other bodies may have
    url = uploaded(api, "files/", content, name="large.bin")
    assert fetch(url).content == content
    part = fetch(url, Range="bytes=1000000-3999999")
    assert part.status_code == 206 and part.content == content[1000000:4000000]
    assert part.headers["Content-Range"] == f"bytes 1000000-3999999/{len(content)}"
    assert fetch(url, Range="bytes=-5").content == content[-5:]
    assert fetch(url, Range=f"bytes={len(content)}-").status_code == 416


def test_uploads_may_be_streamed(api):
    boundary = "xyz"
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="s.txt"\r\n\r\n'
    answer = api.call(
        "POST", "files/", data=iter([head, b"a" * 70000, b"b", b"\r\n--xyz--\r\n"]),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert fetch(answer.json()["file"]).content == b"a" * 70000 + b"b"


def test_a_wrong_signature_is_refused(api):
    url = uploaded(api, "files/", b"x")
    path, query = url.split("?")
    for wrong in (path, path + "?sig=x", url + "A", url + "&expires=9999999999", path.replace(".txt", ".html") + "?" + query):
        answer = fetch(wrong)
        assert answer.status_code == 403 and answer.json()["code"] == 17
    assert fetch(f"{api.base}/files/1/x/y").status_code == 404


def test_uploaded_pages_do_not_run_on_this_origin(api):
    for name, type in (("a.html", "text/html"), ("a.svg", "image/svg+xml"), ("a.html", None)):
        file = fetch(uploaded(api, "files/", b"<script>alert(1)</script>", name=name, type=type))
        assert file.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert file.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in file.headers["Content-Security-Policy"]
    assert fetch(uploaded(api, "images/", png(2, 2), name="a.html")).headers["Content-Type"] == "image/png"


def test_text_is_not_compressed_since_ranges_count_its_bytes(api):
    url = uploaded(api, "files/", b"a" * 50000, type="text/plain")
    file = fetch(url, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in file.headers and len(file.content) == 50000


# M2


@pytest.mark.parametrize("sent, name", [("my photo.txt", "my_photo.txt"), ("../../x.txt", "x.txt"), ("ü.txt", "_.txt")])
def test_names_are_reduced(api, sent, name):
    url = uploaded(api, "files/", b"x", name=sent)
    assert f"/{name}?" in url or name == "_.txt" and "/file" in url
    assert fetch(url).content == b"x"


# M3, M4


def test_images_are_judged_by_their_content(api):
    answer = api.upload("images/", b"no picture", name="a.png", type="image/png")
    assert refusal(answer) == (400, 4)
    assert answer.json()["detail"] == "File type application/octet-stream is not supported"
    for content, type in ((png(3, 2), "image/png"), (bmp(3, 2), "image/bmp"), (b"GIF89a" + bytes(20), "image/gif")):
        assert fetch(uploaded(api, "images/", content, name="a.txt", type="text/plain")).headers["Content-Type"] == type


def test_what_is_no_form_with_a_file_is_refused(api):
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in ("files/", "images/"):
        for data, headers in (
                (b"", {}), (b"{}", {"Content-Type": "application/json"}), (b"--x--", form), (b"", form),
                (b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nv\r\n--x--', form)):
            assert refusal(api.call("POST", path, data=data, headers=headers)) == (400, 4)
        assert refusal(api.upload(path, b"")) == (400, 4)


def test_an_upload_has_a_limit_of_its_own(api):
    assert refusal(api.upload("files/", bytes(20 << 20))) == (413, 18)


# M5, P11, P25, P30


@pytest.mark.parametrize("path", ["files/", "images/"])
def test_what_is_deleted_is_gone(api, path):
    url = uploaded(api, path, png(2, 2))
    assert without_duration(api.delete(path, url=url)) == {}
    assert refusal(api.delete(path, url=url)) == (404, 16)
    assert fetch(url).status_code == 404


@pytest.mark.parametrize("path", ["files/", "images/"])
def test_users_delete_their_own(api, path, unique):
    alice, bob = unique(), unique()
    url = uploaded(api, path, png(2, 2), user=alice)
    refused = api.delete(path, url=url, user=bob)
    assert refusal(refused) == (403, 17) and refused.json()["detail"] == POLICY_REFUSAL
    assert api.delete(path, url=url, user=alice).status_code == 200
    assert refusal(api.delete(path, url=url, user=bob)) == (404, 16)
    assert api.delete(path, url=uploaded(api, path, png(2, 2), user=alice)).status_code == 200


def test_apps_do_not_reach_each_others(api, other):
    url = uploaded(api, "images/", png(4, 4))
    assert refusal(other.delete("images/", url=url)) == (404, 16)
    assert refusal(other.get("images/", url=url, w=2)) == (404, 16)
    moved = re.sub(r"/files/\d+/", lambda found: "/files/%d/" % (int(found.group()[7:-1]) + 1), url)
    assert fetch(moved).status_code == 403
    assert fetch(url).status_code == 200


# M6–M9


@pytest.mark.parametrize("query, size", [
    ({"w": 75, "h": 50}, (67, 50)), ({"w": 75, "h": 50, "resize": "clip"}, (67, 50)),
    ({"w": 75, "h": 50, "resize": "crop"}, (75, 50)), ({"w": 75, "h": 50, "resize": "crop", "crop": "bottom,right"}, (75, 50)),
    ({"w": 75, "h": 50, "resize": "scale"}, (75, 50)), ({"w": 75, "h": 50, "resize": "fill"}, (75, 50)),
    ({"w": 100}, (100, 75)), ({"h": 30, "resize": "crop"}, (40, 30)), ({}, (400, 300)),
    ({"w": 10000, "h": 10000, "resize": "scale"}, (4096, 4096)), ({"w": 10000}, (4096, 3072))])
def test_derived_images_have_the_size_asked_for(api, query, size):
    url = uploaded(api, "images/", png(400, 300), name="p.png")
    answer = api.get("images/", url=url, **query)
    assert answer.status_code == 200 and set(answer.json()) == {"file", "duration"}
    made = answer.json()["file"]
    assert made.split("?")[0] != url.split("?")[0] and "/p.png?" in made
    file = fetch(made)
    assert file.headers["Content-Type"] == "image/png" and png_size(file.content) == size
    assert api.get("images/", url=url, **query).json()["file"] == made


def test_the_side_that_crop_names_stays(api):
    url = uploaded(api, "images/", png(60, 40))
    for box, sides in (({"w": 10, "h": 40}, ("left", "center", "right")), ({"w": 60, "h": 8}, ("top", "center", "bottom"))):
        colours = []
        for side in sides:
            made = api.get("images/", url=url, resize="crop", crop=side, **box).json()["file"]
            dot = api.get("images/", url=made, resize="scale", w=1, h=1).json()["file"]
            colours.append(png_pixel(fetch(dot).content)[0 if box["w"] == 10 else 1])
        assert colours[0] < 60 < 90 < colours[1] < 160 < 180 < colours[2]


def test_other_formats_are_processed(api):
    made = api.get("images/", url=uploaded(api, "images/", bmp(40, 20), name="a.bmp"), w=10).json()["file"]
    assert "/a.png?" in made and png_size(fetch(made).content) == (10, 5)


@pytest.mark.parametrize("query", [
    {"w": 0}, {"h": -1}, {"w": "x"}, {"resize": "crop"}, {"crop": "top"}, {"w": 5, "resize": "bad"}, {"w": 5, "crop": "bad"},
    {"w": 5, "crop": "top,left,right"}])
def test_each_parameter_is_checked(api, query):
    url = uploaded(api, "images/", png(4, 4))
    assert refusal(api.get("images/", url=url, **query)) == (400, 4)


def test_derived_images_are_their_owners(api, unique):
    alice, bob = unique(), unique()
    url = uploaded(api, "images/", png(8, 8), user=alice)
    small = api.get("images/", url=url, w=4, user=alice).json()["file"]
    for address in (url, small):
        assert refusal(api.get("images/", url=address, w=2, user=bob)) == (403, 17)
        assert refusal(api.delete("images/", url=address, user=bob)) == (403, 17)
    assert api.delete("images/", url=url, user=alice).status_code == 200
    assert fetch(small).status_code == 200
    assert api.get("images/", url=small, w=2, user=alice).status_code == 200
    assert refusal(api.get("images/", url=url, w=4, user=bob)) == (404, 16)


def test_only_images_of_this_app_are_processed(api):
    file = uploaded(api, "files/", png(4, 4))
    assert refusal(api.get("images/", url=file, w=2)) == (404, 16)
    assert refusal(api.get("images/", url="http://example.org/a.png", w=2)) == (400, 4)
    assert refusal(api.get("images/", w=2)) == (400, 4)


def test_a_small_file_that_holds_a_huge_image_is_refused(api):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(12501)) for _ in range(12500)) + packer.flush()
    head = struct.pack(">IIBBBBB", 100000, 12500, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(bomb) < 1 << 20
    answer = api.get("images/", url=uploaded(api, "images/", bomb), w=10)
    assert refusal(answer) == (400, 4) and "too many" in answer.json()["detail"]
