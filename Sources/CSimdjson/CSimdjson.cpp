#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <new>

static_assert(CSIMDJSON_PADDING >= simdjson::SIMDJSON_PADDING, "callers pad too little for this simdjson");

// What a scanner begins with, and goes back to, in bytes of text.
static const size_t first_capacity = 4096;

struct csimdjson_scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

extern "C" csimdjson_scanner *csimdjson_make(void) {
    auto *scanner = new (std::nothrow) csimdjson_scanner;
    if (!scanner) return nullptr;
    // A depth of 1 keeps simdjson's own stack small: its second stage is never run.
    auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(first_capacity, 1, scanner->parser);
    if (error) {
        delete scanner;
        return nullptr;
    }
    return scanner;
}

extern "C" void csimdjson_free(csimdjson_scanner *scanner) { delete scanner; }

extern "C" size_t csimdjson_capacity(const csimdjson_scanner *scanner) { return scanner->parser->capacity(); }

extern "C" void csimdjson_trim(csimdjson_scanner *scanner, size_t kept) {
    if (scanner->parser->capacity() <= kept || scanner->parser->capacity() <= first_capacity) return;
    // Without memory the capacity is 0 afterwards, and the next text asks for it again.
    if (scanner->parser->allocate(first_capacity, 1)) return;
}

extern "C" int csimdjson_index(csimdjson_scanner *scanner, const uint8_t *text, size_t length,
                               const uint32_t **positions, size_t *count) {
    *positions = nullptr;
    *count = 0;
    if (length == 0) return CSIMDJSON_EMPTY;
    if (length > 0xFFFFFFFFu - CSIMDJSON_PADDING) return CSIMDJSON_TOO_LARGE;
    if (scanner->parser->capacity() < length) {
        // At least the first one: it is 0 after memory could not be had.
        size_t capacity = std::max(scanner->parser->capacity(), first_capacity);
        while (capacity < length) capacity *= 2;
        if (scanner->parser->allocate(capacity, 1)) return CSIMDJSON_NO_MEMORY;
    }
    switch (scanner->parser->stage1(text, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        break;
    case simdjson::UTF8_ERROR:
        return CSIMDJSON_BROKEN_UTF8;
    case simdjson::UNCLOSED_STRING:
        return CSIMDJSON_UNCLOSED_STRING;
    case simdjson::UNESCAPED_CHARS:
        return CSIMDJSON_CONTROL_CHARACTER;
    case simdjson::EMPTY:
        return CSIMDJSON_EMPTY;
    case simdjson::CAPACITY:
        return CSIMDJSON_TOO_LARGE;
    default:
        return CSIMDJSON_NO_MEMORY;
    }
    *positions = scanner->parser->structural_indexes.get();
    *count = scanner->parser->n_structural_indexes;
    return CSIMDJSON_OK;
}
