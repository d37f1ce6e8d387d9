// zlib's initialisers are macros, which Swift does not see.
#pragma once
#include <zlib.h>

// Window of 32 KiB; 16 more asks for gzip's framing (RFC 1952).
static inline int millrace_gzip_start(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
