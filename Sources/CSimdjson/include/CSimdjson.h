// A C face on simdjson's first stage: it finds the structural characters of a JSON text with SIMD, checks its UTF-8,
// and that strings are closed and hold no control characters. Everything else (grammar, numbers, escapes) is the
// caller's (Protocol/JSONScanner.swift).
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a text's end (simdjson's SIMDJSON_PADDING); what they hold does not matter.
#define CSIMDJSON_PADDING 64

enum csimdjson_result {
    CSIMDJSON_OK = 0,
    CSIMDJSON_NO_MEMORY = 1,
    CSIMDJSON_EMPTY = 2,
    CSIMDJSON_BROKEN_UTF8 = 3,
    CSIMDJSON_UNCLOSED_STRING = 4,
    CSIMDJSON_CONTROL_CHARACTER = 5,
    CSIMDJSON_TOO_LARGE = 6,
};

typedef struct csimdjson_scanner csimdjson_scanner;

/// A scanner, or NULL without memory. Not for use by two threads at once.
csimdjson_scanner *csimdjson_make(void);
void csimdjson_free(csimdjson_scanner *scanner);

/// The longest text in bytes that it has memory for: 4 bytes of positions for each.
size_t csimdjson_capacity(const csimdjson_scanner *scanner);
/// Gives memory for texts of more than `kept` bytes back; positions found before are no longer valid.
void csimdjson_trim(csimdjson_scanner *scanner, size_t kept);

/// Finds the structural positions of `text`: each `{ } [ ] : ,`, each opening quote, and the first byte of each other
/// scalar, in order. `*positions` is the scanner's own memory, valid until the next call.
/// @param length below 4 GiB, followed by CSIMDJSON_PADDING readable bytes.
int csimdjson_index(csimdjson_scanner *scanner, const uint8_t *text, size_t length, const uint32_t **positions,
                    size_t *count);

#ifdef __cplusplus
}
#endif
