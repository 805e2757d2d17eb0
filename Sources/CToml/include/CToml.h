// A C face on toml++: a TOML text becomes a flat list of values, each with its parent, kind, line and column, so that
// every error about a configuration can name the place.
//
//   [hub]                       0  table    (root)
//   url = "http://h"            1  table    parent 0  key "hub"
//   [[input]]                   2  string   parent 1  key "url"   text "http://h"
//   type = "file"               3  array    parent 0  key "input"
//                               4  table    parent 3  (element)
//                               5  string   parent 4  key "type"  text "file"
//
// Parents stand before their members; members of a table stand in the order of the text. Nothing throws across this
// face. A document may be read from any thread, but is freed once.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    CTOML_TABLE = 0,
    CTOML_ARRAY = 1,
    CTOML_STRING = 2,
    CTOML_INTEGER = 3,
    CTOML_FLOAT = 4,
    CTOML_BOOLEAN = 5,
    // A date, a time of day, or both; its text is not kept, since no option takes one.
    CTOML_TIME = 6,
} ctoml_kind;

// Lines and columns count from 1; a column counts code points. Texts are UTF-8, not ended by NUL, and live as long as
// the document.
typedef struct {
    int32_t parent; // its index in the list; -1: the root
    ctoml_kind kind;
    const char *key; // NULL for elements of arrays and the root
    size_t key_length;
    uint32_t key_line, key_column; // those of the value where there is no key
    uint32_t line, column;
    const char *text; // CTOML_STRING
    size_t text_length;
    int64_t integer; // CTOML_INTEGER, and 0 or 1 for CTOML_BOOLEAN
    double number;   // CTOML_FLOAT
} ctoml_value;

typedef struct ctoml_document ctoml_document;

// Never NULL unless memory is out; what is not TOML has an error instead of values.
ctoml_document *ctoml_parse(const char *text, size_t length);
void ctoml_free(ctoml_document *document);

size_t ctoml_count(const ctoml_document *document);
const ctoml_value *ctoml_values(const ctoml_document *document);

// NULL when the text is TOML.
const char *ctoml_error(const ctoml_document *document, uint32_t *line, uint32_t *column);

#ifdef __cplusplus
}
#endif
