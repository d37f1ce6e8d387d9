"""Rows of `make bench ONLY=keevo`: the RPC layer, then the store on it."""

import keevo_echo
import keevo_store


def bench(rounds, seconds, say=print):
    return keevo_echo.bench(rounds, seconds, say) + keevo_store.bench(rounds, seconds, say)
