#include "CToml.h"

// Without exceptions it goes on behind some errors, into assertions of its own.
#define TOML_EXCEPTIONS 1
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

// The values' texts point into `table`, which is not changed after parsing.
struct ctoml_document {
    toml::table table;
    std::vector<ctoml_value> values;
    std::string error;
    uint32_t error_line = 0, error_column = 0;
    bool failed = false;
};

namespace {

struct Member {
    const toml::key *key;
    const toml::node *node;
};

ctoml_value describe(const toml::node &node, int32_t parent, const toml::key *key) {
    ctoml_value value{};
    value.parent = parent;
    value.line = node.source().begin.line;
    value.column = node.source().begin.column;
    value.key_line = value.line;
    value.key_column = value.column;
    if (key) {
        value.key = key->data();
        value.key_length = key->length();
        value.key_line = key->source().begin.line;
        value.key_column = key->source().begin.column;
    }
    if (auto *text = node.as_string()) {
        value.kind = CTOML_STRING;
        value.text = text->get().data();
        value.text_length = text->get().size();
    } else if (auto *integer = node.as_integer()) {
        value.kind = CTOML_INTEGER;
        value.integer = integer->get();
    } else if (auto *number = node.as_floating_point()) {
        value.kind = CTOML_FLOAT;
        value.number = number->get();
    } else if (auto *boolean = node.as_boolean()) {
        value.kind = CTOML_BOOLEAN;
        value.integer = boolean->get() ? 1 : 0;
    } else if (node.is_table()) {
        value.kind = CTOML_TABLE;
    } else if (node.is_array()) {
        value.kind = CTOML_ARRAY;
    } else {
        value.kind = CTOML_TIME;
    }
    return value;
}

// Recursion is bounded by toml++ itself (TOML_MAX_NESTED_VALUES, 256).
void append(std::vector<ctoml_value> &values, const toml::node &node, int32_t parent, const toml::key *key) {
    auto own = static_cast<int32_t>(values.size());
    values.push_back(describe(node, parent, key));
    if (auto *array = node.as_array()) {
        for (auto &element : *array) append(values, element, own, nullptr);
    } else if (auto *table = node.as_table()) {
        std::vector<Member> members;
        for (auto it = table->cbegin(); it != table->cend(); ++it) members.push_back({&it->first, &it->second});
        // A table keeps its members by name; people read their file from the top.
        std::stable_sort(members.begin(), members.end(), [](const Member &a, const Member &b) {
            auto &left = a.key->source().begin, &right = b.key->source().begin;
            return left.line != right.line ? left.line < right.line : left.column < right.column;
        });
        for (auto &member : members) append(values, *member.node, own, member.key);
    }
}

} // namespace

extern "C" ctoml_document *ctoml_parse(const char *text, size_t length) {
    auto *document = new (std::nothrow) ctoml_document;
    if (!document) return nullptr;
    try {
        document->table = toml::parse(std::string_view(text, length));
        append(document->values, document->table, -1, nullptr);
    } catch (const toml::parse_error &error) {
        document->failed = true;
        document->error = std::string(error.description());
        document->error_line = error.source().begin.line;
        document->error_column = error.source().begin.column;
    } catch (...) {
        // Only memory can run out here.
        delete document;
        return nullptr;
    }
    return document;
}

extern "C" void ctoml_free(ctoml_document *document) { delete document; }

extern "C" size_t ctoml_count(const ctoml_document *document) { return document->values.size(); }

extern "C" const ctoml_value *ctoml_values(const ctoml_document *document) { return document->values.data(); }

extern "C" const char *ctoml_error(const ctoml_document *document, uint32_t *line, uint32_t *column) {
    if (!document->failed) return nullptr;
    *line = document->error_line;
    *column = document->error_column;
    return document->error.c_str();
}
