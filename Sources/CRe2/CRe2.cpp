#include "CRe2.h"

#include <re2/re2.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

// Nothing may throw through C: RE2 itself does not, so what is left is allocation, which ends the program anyway.

struct cre2_pattern {
    RE2 expression;
    const std::map<int, std::string> &names;

    cre2_pattern(re2::StringPiece text, const RE2::Options &options)
        : expression(text, options), names(expression.CapturingGroupNames()) {}
};

cre2_pattern *cre2_compile(const uint8_t *pattern, size_t length, bool ignores_case, int64_t memory,
                           char *problem, size_t capacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignores_case);
    options.set_max_mem(memory);
    auto *made = new cre2_pattern(re2::StringPiece(reinterpret_cast<const char *>(pattern), length), options);
    if (made->expression.ok()) return made;
    if (capacity > 0) {
        const std::string &words = made->expression.error();
        size_t count = words.size() < capacity - 1 ? words.size() : capacity - 1;
        memcpy(problem, words.data(), count);
        problem[count] = '\0';
    }
    delete made;
    return nullptr;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

bool cre2_matches(const cre2_pattern *pattern, const uint8_t *text, size_t length) {
    re2::StringPiece piece(reinterpret_cast<const char *>(text), length);
    return pattern->expression.Match(piece, 0, length, RE2::UNANCHORED, nullptr, 0);
}

int cre2_groups(const cre2_pattern *pattern) { return pattern->expression.NumberOfCapturingGroups(); }

const char *cre2_group_name(const cre2_pattern *pattern, int index) {
    auto found = pattern->names.find(index);
    return found == pattern->names.end() ? nullptr : found->second.c_str();
}

bool cre2_captures(const cre2_pattern *pattern, const uint8_t *text, size_t length, int groups, int64_t *ranges) {
    re2::StringPiece piece(reinterpret_cast<const char *>(text), length);
    // Most patterns have few groups: nothing is allocated for a text then.
    re2::StringPiece few[32];
    std::vector<re2::StringPiece> many(groups < 32 ? 0 : static_cast<size_t>(groups) + 1);
    re2::StringPiece *found = groups < 32 ? few : many.data();
    if (!pattern->expression.Match(piece, 0, length, RE2::UNANCHORED, found, groups + 1)) return false;
    for (int index = 0; index <= groups; ++index) {
        const char *start = found[index].data();
        ranges[2 * index] = start ? start - piece.data() : -1;
        ranges[2 * index + 1] = start ? start - piece.data() + static_cast<int64_t>(found[index].size()) : -1;
    }
    return true;
}
