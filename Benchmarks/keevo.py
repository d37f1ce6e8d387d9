"""Rows of `make bench ONLY=keevo`: the RPC layer, then the store on it."""

import keevo_store


def bench(rounds, seconds, say=print):
    return keevo_store.bench(rounds, seconds, say)
