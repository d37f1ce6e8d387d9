"""Reads through the official SDK, in a Python that has it. Its base URL is all that makes it talk to this stack.

  page FEED          a page of the feed, as a list
  has-group GROUP    ends with 0 if the app has the group, with 3 if not
"""

import os
import signal
import sys

import stream
from stream.exceptions import StreamApiException

LIMIT = 25


def client():
    return stream.connect(
        os.environ["API_KEY"], os.environ["API_SECRET"], base_url=f"{os.environ['BASE_URL']}/api/")


def has_group(group):
    try:
        client().feed(group, "demo").get(limit=1)
    except StreamApiException as error:
        if getattr(error, "code", None) == 6:
            return 3
        raise
    return 0


def page(feed):
    results = client().feed(*feed.split(":")).get(limit=LIMIT)["results"]
    print(f"\n{feed}, newest first ({len(results)} activities, read with the SDK):\n")
    names = max((len(activity["actor"]) for activity in results), default=0)
    for activity in results:
        title = activity.get("title") or activity["object"]
        print(f"{activity['time']:%Y-%m-%d %H:%M}  {activity['actor']:{names}}  {title}")
        if activity.get("link"):
            print(f"{'':20}{'':{names}}{activity['link']}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `make demo | head` is no error
    try:
        sys.exit({"page": page, "has-group": has_group}[sys.argv[1]](*sys.argv[2:]))
    except StreamApiException as error:
        print(f"demo: the API refused: {error}", file=sys.stderr)
        sys.exit(1)
