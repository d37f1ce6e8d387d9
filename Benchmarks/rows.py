"""Rows of a benchmark's result, as ARCHITECTURE and CI expect them."""

import statistics


def row(name, unit, better, ours, peer=None, peer_name=None, digits=3):
    """One row from the figures of all rounds: medians, and a ratio that is above 1 where ours is better."""
    ours_median = statistics.median(ours)
    peer_median = statistics.median(peer) if peer else None
    ratio = None
    if peer_median and ours_median:
        ratio = ours_median / peer_median if better == "higher" else peer_median / ours_median
    return {
        "name": name, "unit": unit, "better": better, "ours": round(ours_median, digits),
        "peer": None if peer_median is None else round(peer_median, digits), "peerName": peer_name,
        "ratio": None if ratio is None else round(ratio, 3), "rounds": len(ours),
    }
