/* The SHA256_CTX calls are deprecated since OpenSSL 3.0 but verify a token six times as fast as HMAC(), since a
   prepared state is a plain value to copy. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
