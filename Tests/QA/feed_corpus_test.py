"""feedparser's corpus against `worker rss --parse-only`.

The corpus is the `tests` folder of feedparser 6.0.11's source package: 2,242 small XML files, each with a comment that
holds an expectation, a Python expression over what feedparser reads. It is fetched from PyPI when the test runs (BSD
licence, not copied into this repository) and kept under var/cache.

Two claims:

1. Of all files: no crash, each read or refused in under a second.
2. Of the files in SELECTED whose expectation compares a title, link, id or date, at least 90 % agree.

How an expectation is judged. It is split at `and`; what compares a field we do not read (descriptions, authors, images,
`links[0]['title']` …) is left out, and a file of which nothing is left is not counted; the counts are printed. What is
left is evaluated as it stands over what `worker` printed, by this mapping:

- `bozo` is our `well_formed` turned round, or a refusal;
- a title: feedparser keeps markup in titles, we strip it. Where our reader says the title was HTML, the expected string
  is rendered to text here, by Python's own HTML parser, and compared with ours; where it was plain text, as it stands;
- `X_parsed` is our moment as a time tuple in UTC; `updated` falls back to `published`, as in feedparser;
- `links[n]`: `href`, `rel`, `type`; feedparser's default type `text/html` where the document names none.
"""

import ast
import codecs
import hashlib
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "feedparser-6.0.11"
SHA256 = "c9d0407b64c6f2a065d0ebb292c2b35c01050cc0dc33757461aaabdc4c4184d5"
FILES = 2242
REPORT = ROOT / "var" / "feed-corpus.txt"
SELECTED = ["entities", "encoding", *(f"wellformed/{name}" for name in ("rss", "atom", "atom10", "rdf", "namespace", "xml"))]
AGREEMENT_MIN = 0.90
SECONDS_MAX = 1.0

NAMES = {"guid": "id", "modified": "updated", "date": "updated", "issued": "published"}
DATES = {"published", "updated", "created"}
FIELDS = {"title", "link", "id", *DATES, *(f"{name}_parsed" for name in DATES)}


def say(line):
    """Prints a figure, and keeps it: a test runner may hide what is printed."""
    print(line)
    with REPORT.open("a") as file:
        file.write(f"{line}\n")


def worker():
    """The executable under test: in the folder MILLRACE_BIN, else the newest one built."""
    folder = os.environ.get("MILLRACE_BIN")
    places = [pathlib.Path(folder)] if folder else [ROOT / ".build/release", ROOT / ".build/debug"]
    built = [place / "worker" for place in places if (place / "worker").exists()]
    if not built:
        raise unittest.SkipTest("no worker is built: swift build --product worker")
    return max(built, key=lambda path: path.stat().st_mtime)


def corpus():
    """The folder of the corpus, fetched once."""
    # Not in the folder of a test's stack, which is emptied before each run.
    cache = ROOT / "var" / "cache"
    folder = cache / PACKAGE / "tests"
    archive = cache / f"{PACKAGE}.tar.gz"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps", "--dest", str(cache),
             PACKAGE.replace("-", "==")], check=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        archive.unlink()
        raise AssertionError(f"{archive.name} is not the package this test knows: SHA-256 {found}")
    if not folder.exists():
        with tarfile.open(archive) as package:
            package.extractall(cache, members=[m for m in package if m.isreg() and "/tests/" in m.name])
    return folder


def text_of(data):
    """The file as text, good enough to find the comment in it."""
    table = [
        (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_BE, "utf-16"),
        (codecs.BOM_UTF16_LE, "utf-16"), (b"\0\0\0<", "utf-32be"), (b"<\0\0\0", "utf-32le"), (b"\0<", "utf-16be"),
        (b"<\0", "utf-16le"), (b"Lo\xa7\x94", "cp037"),
    ]
    encoding = next((name for start, name in table if data.startswith(start)), "utf-8")
    return data.decode(encoding, "replace")


class Case:
    def __init__(self, path, folder):
        self.path = path
        self.name = str(path.relative_to(folder))
        text = text_of(path.read_bytes())
        found = re.search(r"Expect:\s*(.*)\s*-->", text)
        self.expectation = found.group(1).strip() if found else None
        skip = re.search(r"SkipUnless:\s*(.*?)\n", text)
        self.codec = skip and re.search(r"codecs'\)\.lookup\('([^']+)'", skip.group(1))
        header = re.search(r"^Header:\s+Content-type:(.+)$", text, re.MULTILINE | re.IGNORECASE)
        self.content_type = header.group(1).strip() if header else ""

    def is_selected(self):
        return any(self.name.startswith(folder + "/") for folder in SELECTED)

    def lacks_codec(self):
        """feedparser's suite skips a file whose encoding Python does not know."""
        try:
            return self.codec is not None and codecs.lookup(self.codec.group(1)) is None
        except LookupError:
            return True


# ---- the expectation


def path_of(node):
    """('feed', 'title') for feed['title'] and feed.title; None for anything else."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Subscript(value=value, slice=ast.Constant(value=key)):
            inner = path_of(value)
            return inner and (*inner, key)
        case ast.Attribute(value=value, attr=key):
            inner = path_of(value)
            return inner and (*inner, key)
    return None


def is_read(path):
    """Whether we read the field at this path, so that an expectation about it can be judged."""
    match path:
        case ("feed", *rest) | ("entries", 0, "source", *rest) | ("entries", 0, *rest):
            pass
        case _:
            return False
    match rest:
        case [name]:
            stem = name.removesuffix("_parsed")
            return NAMES.get(stem, stem) + name[len(stem):] in FIELDS
        case ["title_detail", "value"] | ["links"] | ["links", int()] | ["links", int(), "href" | "rel" | "type"]:
            return True
    return False


def is_covered(node):
    """Whether a conjunct is about fields we read, and nothing else."""
    found = []

    def visit(part):
        match part:
            case ast.Call(func=ast.Attribute(value=value, attr="has_key"), args=[ast.Constant(value=key)]):
                found.append((*path_of(value), key))
                return
            case ast.Subscript() | ast.Attribute():
                found.append(path_of(part))
                return
            case ast.Name(id=name) if name not in ("len", "ord"):
                found.append((name,))
                return
        for child in ast.iter_child_nodes(part):
            visit(child)

    visit(node)
    return bool(found) and all(path is not None and is_read(path) for path in found)


def is_bozo(node):
    match node:
        case ast.Name(id="bozo") | ast.UnaryOp(op=ast.Not(), operand=ast.Name(id="bozo")):
            return True
    return False


def judged(expectation):
    """The conjuncts that can be judged (`bozo` among them only beside others), and how many were left out."""
    tree = ast.parse(expectation, mode="eval").body
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or):
        # `not bozo and A or B`: judged as a whole, when all of it is about what we read.
        flat = [p for v in tree.values for p in (v.values if isinstance(v, ast.BoolOp) else [v])]
        return ([tree], 0) if all(is_bozo(p) or is_covered(p) for p in flat) else ([], 1)
    covered = [part for part in parts if is_covered(part)]
    if not covered:
        return [], len(parts)
    keep = [part for part in parts if is_covered(part) or is_bozo(part)]
    return keep, len(parts) - len(keep)


# ---- what we read, in feedparser's shape


class Renderer(html.parser.HTMLParser):
    LINES = {"address", "blockquote", "br", "div", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
             "pre", "table", "td", "th", "tr", "ul"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.text += " " if tag in self.LINES else ""

    handle_endtag = lambda self, tag: self.handle_starttag(tag, [])

    def handle_data(self, data):
        self.text += data


def rendered(markup):
    renderer = Renderer()
    renderer.feed(markup)
    renderer.close()
    return re.sub(r"[ \t\r\n\f]+", " ", renderer.text).strip(" ")


class Title(str):
    kind = "html"

    def __eq__(self, other):
        return str(self) == (other if self.kind == "text" else rendered(other))

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


class Fields(dict):
    """A feed, an entry or a source."""

    def __init__(self, members):
        super().__init__()
        for name in ("id", "link"):
            if name in members:
                self[name] = members[name]
        if "title" in members:
            title = Title(members["title"])
            title.kind = members["title_type"]
            self["title"] = title
            self["title_detail"] = {"value": title}
        for name in DATES:
            if name in members:
                self[name] = members[name]
            if f"{name}_us" in members:
                self[f"{name}_parsed"] = tuple(time.gmtime(members[f"{name}_us"] // 1_000_000))
        self["links"] = [
            {"href": link["href"], "rel": link["rel"], "type": link["type"] or "text/html"} for link in members.get("links", [])]
        if "source" in members:
            self["source"] = Fields(members["source"])

    def __missing__(self, name):
        stem = name.removesuffix("_parsed")
        known = NAMES.get(stem, stem) + name[len(stem):]
        if known != name:
            return self[known]
        if stem == "updated":
            return self["published" + name[len(stem):]]
        raise KeyError(name)

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    has_key = dict.__contains__


def agrees(conjuncts, answer):
    document = answer.get("document")
    names = {
        "bozo": not (document and document["well_formed"]),
        "feed": Fields(document["feed"] if document else {}),
        "entries": [Fields(entry) for entry in (document["entries"] if document else [])],
        "len": len, "ord": ord, "__builtins__": {},
    }
    try:
        return all(bool(eval(compile(ast.Expression(part), "<expectation>", "eval"), names)) for part in conjuncts)
    except (KeyError, IndexError, AttributeError, TypeError):
        return False


class FeedCorpusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        executable = worker()
        folder = corpus()
        REPORT.unlink(missing_ok=True)
        cls.cases = [Case(path, folder) for path in sorted(folder.rglob("*.xml"))]
        lines = "".join(f"{case.path}\t{case.content_type}\n" for case in cls.cases)
        start = time.monotonic()
        cls.process = subprocess.run(
            [executable, "rss", "--parse-only", "--json", "--list", "-"], input=lines.encode(), capture_output=True, timeout=600)
        cls.seconds = time.monotonic() - start
        cls.answers = [json.loads(line) for line in cls.process.stdout.splitlines()]

    def test_no_file_crashes_the_reader_or_takes_a_second(self):
        self.assertEqual(len(self.cases), FILES)
        # 1: some document was refused.
        self.assertIn(self.process.returncode, (0, 1), self.process.stderr.decode()[-2000:])
        self.assertEqual([answer["file"] for answer in self.answers], [str(case.path) for case in self.cases])
        slowest = max(self.answers, key=lambda answer: answer["microseconds"])
        refused = sum("error" in answer for answer in self.answers)
        say(f"{len(self.cases)} files in {self.seconds:.2f} s, {refused} refused, slowest "
              f"{slowest['microseconds'] / 1000:.1f} ms ({pathlib.Path(slowest['file']).name})")
        self.assertLess(slowest["microseconds"], SECONDS_MAX * 1e6)

    def test_titles_links_ids_and_dates_agree(self):
        counts = dict.fromkeys(("in the folders", "without an expectation", "codec unknown to Python", "compare no field we read",
                                "in part about other fields"), 0)
        agreed, disagreed = {}, {}
        for case, answer in zip(self.cases, self.answers):
            if not case.is_selected():
                continue
            counts["in the folders"] += 1
            if case.expectation is None:
                counts["without an expectation"] += 1
                continue
            if case.lacks_codec():
                counts["codec unknown to Python"] += 1
                continue
            conjuncts, left_out = judged(case.expectation)
            if not conjuncts:
                counts["compare no field we read"] += 1
                continue
            counts["in part about other fields"] += left_out > 0
            folder = os.path.dirname(case.name)
            (agreed if agrees(conjuncts, answer) else disagreed).setdefault(folder, []).append((case, answer))
        total_agreed = sum(map(len, agreed.values()))
        total = total_agreed + sum(map(len, disagreed.values()))
        say("selection: " + ", ".join(f"{count} {name}" for name, count in counts.items()) + f"; {total} compared")
        for folder in SELECTED:
            good, bad = len(agreed.get(folder, [])), len(disagreed.get(folder, []))
            say(f"  {folder:22} {good:4} of {good + bad:4} agree")
        for folder in SELECTED:
            for case, answer in disagreed.get(folder, []):
                say(f"  differs: {case.name}: {case.expectation[:110]} {answer.get('error', '')}")
        say(f"agreement {total_agreed} of {total}: {100 * total_agreed / max(total, 1):.1f} %")
        # A mistake in the selection must not make the claim easy.
        self.assertGreater(total, 500)
        self.assertGreaterEqual(total_agreed / total, AGREEMENT_MIN)


if __name__ == "__main__":
    unittest.main(verbosity=2)
