#include <zlib.h>
#include "gzip.h"
